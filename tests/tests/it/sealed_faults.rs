//! Secrets together with stubs, crash tests, a missing key, and texts that look like tokens.

use crate::place::Place;
use crate::runs::wait_for;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::StoredContext;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineError, Key, ParkCause, Secret, StaticKeys, Status};

/// The text that must not be found anywhere.
const PLANTED: &str = "planted-hunter2-secret";

fn keys(id: &str, byte: u8) -> StaticKeys {
    StaticKeys::new(Key::new(id, [byte; 32]))
}

#[step]
async fn measure(password: Secret<String>) -> Result<usize> {
    Ok(password.expose().len())
}

#[step]
async fn count(pin: Secret<u32>) -> Result<u32> {
    Ok(*pin.expose())
}

#[workflow]
async fn measuring(flow: &mut Flow, password: Secret<String>) -> Result<usize> {
    Ok(measure(flow, password).await?)
}

#[workflow]
async fn counting(flow: &mut Flow, pin: Secret<u32>) -> Result<u32> {
    Ok(count(flow, pin).await?)
}

crate::tests_on!(memory, postgres:
    a_stub_gets_the_secret_and_not_its_token,
    a_missing_key_is_not_another_input,
    a_missing_key_of_an_argument_is_no_changed_code,
    a_text_like_a_token_is_plain_data,
    from_json_reads_the_same_in_a_step_as_outside,
    a_token_is_not_read_as_a_text,
    a_text_that_is_a_secret_by_now_is_in_no_report,
    a_fault_that_was_survived_is_not_the_cause_of_the_next_one,
);

async fn a_stub_gets_the_secret_and_not_its_token(place: Place) {
    let engine = place.builder().keys(keys("k", 1)).workflow(measuring).workflow(counting);
    let engine = engine.stub::<measure>(|(password,)| {
        if password.expose() == PLANTED { Ok(1) } else { Err(Error::msg(format!("got {}", password.expose()))) }
    });
    let engine = engine.stub::<count>(|(pin,)| Ok(*pin.expose())).start().await.unwrap();
    let pin = engine.start(counting, Secret::new(1234)).await.unwrap().result().soon().await;
    let outcome = engine.start(measuring, Secret::new(PLANTED.into())).await.unwrap().result().soon().await;
    assert!(matches!((&outcome, &pin), (Ok(1), Ok(1234))), "{outcome:?} {pin:?}");
}

#[tokio::test]
async fn crash_everywhere_plays_a_workflow_with_a_secret_input() {
    crash_everywhere(counting, Secret::new(1)).await;
}

#[workflow]
async fn secret_inside(flow: &mut Flow) -> Result<u32> {
    Ok(count(flow, Secret::new(7)).await?)
}

#[tokio::test]
async fn crash_everywhere_plays_a_workflow_with_a_secret_inside() {
    crash_everywhere(secret_inside, ()).await;
}

#[workflow]
async fn waiting(flow: &mut Flow, password: Secret<String>) -> Result<usize> {
    flow.sleep(Duration::from_hours(10)).await?;
    Ok(password.expose().len())
}

async fn a_missing_key_is_not_another_input(place: Place) {
    let builder = || place.builder().workflow(waiting);
    let engine = builder().keys(keys("old", 1)).start().await.unwrap();
    let run = engine.start(waiting, Secret::new(PLANTED.into())).id("w").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder().keys(keys("new", 2)).start().await.unwrap();
    let error = engine.start(waiting, Secret::new(PLANTED.into())).id("w").await.unwrap_err();
    assert!(!matches!(error, EngineError::OtherInput { .. }), "{error}");
}

/// Passes a secret from the code itself, so that only the arguments hold it.
#[workflow]
async fn built_in(flow: &mut Flow) -> Result<usize> {
    let length = measure(flow, Secret::new(PLANTED.into())).await?;
    flow.sleep(Duration::from_hours(10)).await?;
    Ok(length)
}

async fn a_missing_key_of_an_argument_is_no_changed_code(place: Place) {
    let builder = || place.builder().workflow(built_in);
    let engine = builder().keys(keys("old", 1)).start().await.unwrap();
    let run = engine.start(built_in, ()).id("b").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let report = builder().keys(keys("new", 2)).check().await.unwrap();
    assert_eq!(report.problems()[0].reason.cause, ParkCause::MissingKey, "{report}");
}

#[derive(StepContext, Clone, Debug)]
struct Noted {
    #[context(default)]
    note: String,
}

#[workflow(context = Noted)]
async fn noting(flow: &mut Flow<Noted>, note: String) -> Result<String> {
    if !note.is_empty() {
        flow.update(|c| c.note(note.as_str())).await?;
    }
    Ok(flow.note.clone())
}

/// Tests a user's text that looks like a token (pasted from a log of another system).
async fn a_text_like_a_token_is_plain_data(place: Place) {
    let note = "see sealed1:k9:bG9uZyBhbmQgdW5yZWFkYWJsZQ== in the log";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.file");
    let engine = place.builder().workflow(noting).start().await.unwrap();
    let run = engine.start(noting, note.into()).id("first").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), note);
    run.export(&file).await.unwrap();
    let imported = engine.import(&file).id("copy").await.map(drop);
    let continued = engine.start(noting, String::new()).id("second").continuing("first").await.map(drop);
    assert!(imported.is_ok() && continued.is_ok(), "{imported:?}\n{continued:?}");
}

#[derive(StepContext, Clone, Debug)]
struct Account {
    password: Secret<String>,
}

#[step]
async fn parse() -> Result<usize> {
    let account = AccountStored::from_json(r#"{"password":"planted-hunter2-secret"}"#)?;
    Ok(account.password.expose().len())
}

#[workflow]
async fn parsing(flow: &mut Flow) -> Result<usize> {
    Ok(parse(flow).await?)
}

type AccountStored = <Account as steadfast::StepContext>::Stored;

async fn from_json_reads_the_same_in_a_step_as_outside(place: Place) {
    assert!(AccountStored::from_json(r#"{"password":"planted-hunter2-secret"}"#).is_ok());
    let engine = place.builder().keys(keys("k", 1)).workflow(parsing).start().await.unwrap();
    let outcome = engine.start(parsing, ()).await.unwrap().result().soon().await;
    assert!(matches!(outcome, Ok(22)), "{outcome:?}");
}

/// An untagged enum for a note or a password: the order of the variants decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Note(String),
    Password(Secret<String>),
}

#[step]
async fn fetch_entry() -> Result<Entry> {
    Ok(Entry::Password(Secret::new(PLANTED.into())))
}

#[workflow]
async fn fetching(flow: &mut Flow) -> Result<String> {
    Ok(match fetch_entry(flow).await? {
        Entry::Note(text) => format!("note {text}"),
        Entry::Password(secret) => format!("password of {}", secret.expose().len()),
    })
}

async fn a_token_is_not_read_as_a_text(place: Place) {
    let engine = place.builder().keys(keys("k", 1)).workflow(fetching).start().await.unwrap();
    let outcome = engine.start(fetching, ()).await.unwrap().result().soon().await;
    assert!(!matches!(&outcome, Ok(text) if text.contains("sealed1")), "{outcome:?}");
}

mod plain {
    use super::*;

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(super) struct Login {
        pub(super) user: String,
        pub(super) password: String,
    }

    #[workflow(name = "log_in_later")]
    pub(super) async fn log_in_later(flow: &mut Flow, login: Login) -> Result<usize> {
        flow.sleep(Duration::from_hours(10)).await?;
        Ok(login.password.len())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Login {
    user: u64,
    password: Secret<String>,
}

#[workflow]
async fn log_in_later(flow: &mut Flow, login: Login) -> Result<usize> {
    flow.sleep(Duration::from_hours(10)).await?;
    Ok(login.password.expose().len())
}

/// Tests a text that was recorded before its type became `Secret`. The type of a preceding member does not match
/// either.
async fn a_text_that_is_a_secret_by_now_is_in_no_report(place: Place) {
    let engine = place.builder().workflow(plain::log_in_later).start().await.unwrap();
    let input = plain::Login { user: "ann".into(), password: PLANTED.into() };
    let run = engine.start(plain::log_in_later, input).id("l").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    drop(run);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let builder = place.builder().workflow(log_in_later).keys(keys("k", 1));
    let report = builder.check().await.unwrap().to_string();
    assert!(!report.is_empty() && !report.contains(PLANTED), "{report}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum SecretFirst {
    Password(Secret<String>),
    Note(String),
}

#[step]
async fn note_like_a_token() -> Result<SecretFirst> {
    Ok(SecretFirst::Note("sealed1:k9:bG9uZyBhbmQgdW5yZWFkYWJsZQ==".into()))
}

#[step]
async fn not_a_number() -> Result<f64> {
    Ok(f64::NAN)
}

#[workflow]
async fn surviving(flow: &mut Flow) -> Result<bool> {
    note_like_a_token(flow).await?;
    Ok(not_a_number(flow).await.is_err())
}

async fn a_fault_that_was_survived_is_not_the_cause_of_the_next_one(place: Place) {
    let engine = place.builder().keys(keys("k", 1)).workflow(surviving).start().await.unwrap();
    let outcome = engine.start(surviving, ()).await.unwrap().result().soon().await;
    assert!(matches!(outcome, Ok(true)), "{outcome:?}");
}
