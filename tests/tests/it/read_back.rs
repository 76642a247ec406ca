//! Arguments that can be written and not be read back: refused, because no body runs with them.

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
