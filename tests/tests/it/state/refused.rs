//! Edits that cannot be stored: they are refused by name, and leave no change.

use super::{Progress, nothing};
use limits::Soon as _;
use steadfast::StateError;
use steadfast::prelude::*;

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Measured {
    #[context(default)]
    mean: f64,
    #[context(default, max_bytes = 8)]
    note: String,
}

#[tokio::test]
async fn a_field_or_a_result_that_cannot_be_stored_leaves_the_state_as_it_was() {
    let state = State::for_tests(Measured { mean: 1.0, note: String::new() });
    let not_a_number = state.edit(|s| s.mean = f64::NAN).await.unwrap_err();
    assert!(not_a_number.to_string().contains("`mean`"), "{not_a_number}");
    let too_long = state
        .edit(|s| {
            s.mean = 2.0;
            s.note = "much too long".into();
        })
        .await
        .unwrap_err();
    assert!(too_long.to_string().contains("`note`"), "{too_long}");
    let result = state
        .edit(|s| {
            s.mean = 3.0;
            f64::INFINITY
        })
        .await
        .unwrap_err();
    assert!(matches!(result, StateError::Unstorable(_)), "{result}");
    assert_eq!(state.read().await.unwrap().mean.to_bits(), 1.0_f64.to_bits());
}

#[tokio::test]
async fn state_is_small() {
    let state = State::for_tests(nothing());
    let large = "x".repeat(2 << 20);
    let refused = state
        .edit(|s| {
            s.chunks = 1;
            s.names.push(large.clone());
        })
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("`state.names`"), "{refused}");
    assert_eq!(state.read().await.unwrap().chunks, 0);
    let keys = State::for_tests(());
    let refused = keys.set("large", &large).await.unwrap_err();
    assert!(refused.to_string().contains("large"), "{refused}");
    assert_eq!(keys.get::<String>("large").await.unwrap(), None);
}

/// Sets the note, and returns the error if the edit is refused.
#[step]
async fn noted(state: &State<Measured>, note: String) -> Result<String> {
    match state.edit(|s| s.note = note).await {
        Ok(()) => Ok("noted".into()),
        Err(error) => Ok(error.to_string()),
    }
}

#[workflow(state = Measured)]
async fn noting(flow: &Flow) -> Result<Vec<String>> {
    let said = [noted(flow, "short".into()).await?, noted(flow, "not so short".into()).await?];
    let state = flow.state::<Measured>();
    Ok(said.into_iter().chain([state.note.clone()]).collect())
}

#[tokio::test]
async fn a_refused_edit_is_an_error_of_the_step_that_made_it() {
    let engine = Engine::builder().in_memory().workflow(noting).start().await.unwrap();
    let said = engine.start(noting, ()).await.unwrap().result().soon().await.unwrap();
    assert_eq!((said[0].as_str(), said[2].as_str()), ("noted", "short"));
    assert!(said[1].contains("`max_bytes` is 8"), "{}", said[1]);
}

/// Tests that the state of a unit test has the type that the step takes.
#[tokio::test]
async fn state_of_a_unit_test_is_of_the_type_that_the_step_takes() {
    let state = State::for_tests(Progress { total: 3, ..nothing() });
    assert_eq!(state.read().await.unwrap().total, 3);
    assert_eq!(state.get::<u8>("nothing").await.unwrap(), None);
}
