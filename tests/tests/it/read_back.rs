//! Values that can be encoded and not decoded to the same: refused, because no body could run with them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::prelude::*;
use steadfast::{AttemptCause, StepError};

struct OneWay;

impl Serialize for OneWay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("one way")
    }
}

impl<'de> Deserialize<'de> for OneWay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|_| Self)
    }
}

static RAN: AtomicBool = AtomicBool::new(false);

#[step(retry(attempts = 3))]
async fn take(value: OneWay) -> Result<()> {
    let OneWay = value;
    RAN.store(true, Ordering::SeqCst);
    Ok(())
}

#[step]
async fn give() -> Result<OneWay> {
    Ok(OneWay)
}

#[workflow]
async fn one_way(flow: &mut Flow) -> Result<(String, String)> {
    let error = take(&*flow, OneWay).await.unwrap_err();
    let StepError::Refused(_, attempts) = &error else { panic!("{error:?}") };
    assert!(attempts.failures.len() == 1 && attempts.failures[0].cause == AttemptCause::Refused, "{error:?}");
    let given = give(&*flow).await.map(drop).unwrap_err();
    assert!(matches!(given, StepError::Unstorable(..)), "{given:?}");
    Ok((error.to_string(), given.to_string()))
}

#[tokio::test]
async fn an_argument_that_cannot_be_read_back_is_no_result() {
    let engine = Engine::builder().in_memory().workflow(one_way).start().await.unwrap();
    let run = engine.start(one_way, ()).await.unwrap();
    let (taken, given) = tokio::time::timeout(Duration::from_secs(30), run.result()).await.unwrap().unwrap();
    assert!(taken.starts_with("step `take` was not started: an argument: "), "{taken}");
    assert!(given.starts_with("step `give` returned what cannot be stored: "), "{given}");
    assert!(!RAN.load(Ordering::SeqCst));
}

/// A value with a field that serde skips.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Partly {
    kept: u32,
    #[serde(skip)]
    lost: u32,
}

/// A value with a skipped field, and without `PartialEq`.
#[derive(Serialize, Deserialize)]
struct Uncompared {
    #[serde(skip)]
    lost: u32,
}

#[step]
async fn takes_partly(list: Vec<Partly>) -> Result<u32> {
    Ok(list.iter().map(|partly| partly.lost).sum())
}

#[step]
async fn gives_partly(lost: u32) -> Result<Option<Partly>> {
    Ok(Some(Partly { kept: 1, lost }))
}

#[transaction]
fn commits_partly(_tx: &mut Tx<'_>, lost: u32) -> Result<Partly> {
    Ok(Partly { kept: 1, lost })
}

#[step]
async fn uncompared(lost: u32) -> Result<Uncompared> {
    Ok(Uncompared { lost })
}

#[workflow]
async fn partly(flow: &mut Flow, lost: u32) -> Result<Vec<String>> {
    let flow = &*flow;
    let several = vec![Partly::default(), Partly { kept: 1, lost }];
    let taken = takes_partly(flow, several).await.map(|sum| sum.to_string());
    let given = gives_partly(flow, lost).await.map(|given| format!("{given:?}"));
    let committed = commits_partly(flow, lost).await.map(|given| format!("{given:?}"));
    assert_eq!(uncompared(flow, lost).await?.lost, 0, "nobody can see that");
    Ok([taken, given, committed].map(|outcome| outcome.unwrap_or_else(|error| error.to_string())).to_vec())
}

/// Returns a value whose skipped field is set.
#[workflow]
async fn starts_partly(flow: &mut Flow, partly: Partly) -> Result<Partly> {
    flow.sleep(Duration::ZERO).await?;
    Ok(Partly { lost: partly.kept, ..partly })
}

#[tokio::test]
async fn what_serde_skips_is_refused_where_the_type_can_be_compared() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let builder = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(partly).workflow(starts_partly);
    let engine = builder.start().await.unwrap();
    let run = engine.start(partly, 7).await.unwrap();
    let said = tokio::time::timeout(Duration::from_secs(30), run.result()).await.unwrap().unwrap();
    let expected = [
        "step `takes_partly` was not started: at `list`: ",
        "step `gives_partly` returned what cannot be stored: ",
        "`commits_partly` returned what cannot be stored: ",
    ];
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.contains(expected) && said.contains("is read back as another value"), "{said}");
    }
    // Inputs and results of workflows are checked too.
    let input = engine.start(starts_partly, Partly { kept: 1, lost: 7 }).await.map(drop).unwrap_err();
    assert!(input.to_string().contains("is read back as another value"), "{input}");
    let run = engine.start(starts_partly, Partly { kept: 9, lost: 0 }).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), run.result()).await.unwrap().unwrap_err();
    assert!(ended.to_string().contains("is read back as another value"), "{ended}");
    // A skipped field with its default value loses nothing.
    let run = engine.start(partly, 0).await.unwrap();
    let said = tokio::time::timeout(Duration::from_secs(30), run.result()).await.unwrap().unwrap();
    assert_eq!(said[0], "0");
    assert!(said[1].contains("lost: 0") && said[2].contains("lost: 0"), "{said:?}");
}
