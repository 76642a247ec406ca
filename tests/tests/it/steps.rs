//! Steps: attempts, errors, panics, time limits, cancellation (cases S1 to S6), and what a body can read.

use crate::flows::{Tally, deed};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use steadfast::prelude::*;
use steadfast::{AttemptCause, RunError, Status, history::Kind};

fn engine() -> steadfast::EngineBuilder {
    Engine::builder().in_memory().skip_sleeps()
}

#[step(retry(attempts = 3, backoff = "10s", factor = 3.0, jitter = 0.0))]
async fn always_fails(tally: String) -> Result<()> {
    let times = deed(&tally, "body");
    Err(steadfast::Error::msg(format!("no {}", times + 1)))
}

#[workflow]
async fn failing(flow: &mut Flow, tally: String) -> Result<()> {
    always_fails(&*flow, tally).await?;
    Ok(())
}

#[tokio::test]
async fn three_attempts_run_three_times_and_the_error_tells_every_cause() {
    let tally = Tally::new("s1");
    let engine = engine().workflow(failing).start().await.unwrap();
    let run = engine.start(failing, tally.name().to_owned()).await.unwrap();
    let error = run.result().soon().await.unwrap_err();
    assert_eq!(tally.count("body"), 3);
    let text = error.to_string();
    assert!(text.contains("step `always_fails` failed: no 3"), "{text}");
    let history = run.history().await.unwrap();
    let failed = history.iter().find(|entry| entry.kind == Kind::StepFailed).unwrap();
    let recorded = failed.value.as_ref().unwrap().to_string();
    for cause in ["no 1", "no 2", "no 3"] {
        assert!(recorded.contains(cause), "{recorded}");
    }
    // The waits are 10 s and 30 s, and there is none after the last attempt.
    let took = history.last().unwrap().at.duration_since(history[0].at).unwrap();
    assert_eq!(took, Duration::from_secs(40));
}

#[step(retry(attempts = 5))]
async fn hopeless(tally: String) -> Result<()> {
    deed(&tally, "body");
    Err(Terminal::msg("no such card").into())
}

#[workflow]
async fn giving_up(flow: &mut Flow, tally: String) -> Result<()> {
    match hopeless(&*flow, tally).await {
        Err(StepError::Failed(error, attempts)) if error.is_terminal() && attempts.failures.len() == 1 => Ok(()),
        other => Err(steadfast::Error::msg(format!("{other:?}"))),
    }
}

#[tokio::test]
async fn a_terminal_error_ends_the_step_at_its_first_attempt() {
    let tally = Tally::new("s2");
    let engine = engine().workflow(giving_up).start().await.unwrap();
    engine.start(giving_up, tally.name().to_owned()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(tally.count("body"), 1);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Refusal {
    Final,
    Passing,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    fn is_final(&self) -> bool {
        matches!(self, Self::Final)
    }
}

#[step(retry(attempts = 9, backoff = "1ms", unless = Refusal::is_final))]
async fn refuses(tally: String) -> Result<(), Refusal> {
    if deed(&tally, "body") < 2 { Err(Refusal::Passing) } else { Err(Refusal::Final) }
}

#[workflow]
async fn refused(flow: &mut Flow, tally: String) -> Result<(), Refusal> {
    match refuses(&*flow, tally).await {
        Err(StepError::Failed(error, ..)) => Err(error),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn a_typed_error_decides_whether_it_is_final_and_reaches_the_caller_as_the_same_value() {
    let tally = Tally::new("typed");
    let engine = engine().workflow(refused).start().await.unwrap();
    let run = engine.start(refused, tally.name().to_owned()).await.unwrap();
    assert!(matches!(run.result().soon().await, Err(RunError::Failed(Refusal::Final))));
    assert_eq!(tally.count("body"), 3);
}

#[step]
async fn panics() -> Result<()> {
    panic!("out of cheese");
}

#[workflow]
async fn panicking(flow: &mut Flow) -> Result<String> {
    match panics(&*flow).await {
        Err(StepError::Panicked(text, attempts)) => {
            assert_eq!(attempts.failures[0].cause, AttemptCause::Panicked);
            Ok(text)
        }
        other => Err(steadfast::Error::msg(format!("{other:?}"))),
    }
}

#[tokio::test]
async fn a_panic_fails_its_attempt_with_its_text() {
    let engine = engine().workflow(panicking).start().await.unwrap();
    assert_eq!(engine.start(panicking, ()).await.unwrap().result().soon().await.unwrap(), "out of cheese");
}

#[step(timeout = "50ms", retry(attempts = 2, backoff = "1ms"))]
async fn hangs(tally: String) -> Result<u32> {
    if deed(&tally, "body") == 0 {
        std::future::pending::<()>().await;
    }
    Ok(7)
}

#[workflow]
async fn hanging(flow: &mut Flow, tally: String) -> Result<u32> {
    Ok(hangs(&*flow, tally).await?)
}

#[tokio::test]
async fn a_time_limit_ends_the_attempt_and_the_policy_tries_again() {
    let tally = Tally::new("s4");
    let engine = Engine::builder().in_memory().workflow(hanging).start().await.unwrap();
    let run = engine.start(hanging, tally.name().to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 7);
    let history = run.history().await.unwrap();
    let failed = history.iter().find(|entry| entry.kind == Kind::AttemptFailed).unwrap();
    assert!(failed.value.as_ref().unwrap().to_string().contains("timed_out"));
}

#[step]
async fn not_a_number() -> Result<BTreeMap<String, f64>> {
    Ok(BTreeMap::from([("price".to_owned(), f64::NAN)]))
}

#[step]
async fn huge() -> Result<Bytes> {
    Ok(Bytes::from(vec![0; 2_000]))
}

#[workflow]
async fn unstorable(flow: &mut Flow) -> Result<(String, String)> {
    let text = |error: StepError| match error {
        StepError::Unstorable(why, _) => why,
        other => format!("{other:?}"),
    };
    let first = not_a_number(&*flow).await.map(|_| ()).map_err(text).unwrap_err();
    let second = huge(&*flow).await.map(|_| ()).map_err(text).unwrap_err();
    Ok((first, second))
}

#[tokio::test]
async fn a_result_that_cannot_be_stored_is_an_error_at_that_step() {
    let engine = engine().max_value_bytes(1_000).workflow(unstorable).start().await.unwrap();
    let (first, second) = engine.start(unstorable, ()).await.unwrap().result().soon().await.unwrap();
    assert!(first.contains("price") && first.contains("NaN"), "{first}");
    assert!(second.contains("2000 bytes, the limit is 1000"), "{second}");
}

#[step]
async fn takes(number: f64) -> Result<f64> {
    Ok(number)
}

#[workflow]
async fn bad_argument(flow: &mut Flow) -> Result<String> {
    match takes(&*flow, f64::INFINITY).await {
        Err(StepError::Refused(why, _)) => Ok(why),
        other => Err(steadfast::Error::msg(format!("{other:?}"))),
    }
}

#[tokio::test]
async fn an_argument_that_cannot_be_stored_is_refused_by_name_without_a_body() {
    let engine = engine().workflow(bad_argument).start().await.unwrap();
    let why = engine.start(bad_argument, ()).await.unwrap().result().soon().await.unwrap();
    assert!(why.contains("number"), "{why}");
}

#[step]
async fn waits_to_be_told(tally: String) -> Result<()> {
    deed(&tally, "started");
    let current = steadfast::current().expect("a step");
    current.step().expect("a step").cancellation.cancelled().await;
    deed(&tally, "told");
    Ok(())
}

#[workflow]
async fn cancellable(flow: &mut Flow, tally: String) -> Result<()> {
    waits_to_be_told(&*flow, tally).await?;
    Ok(())
}

/// Waits until an asynchronous condition holds.
#[track_caller]
pub(crate) fn until_asked(is_so: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    limits::until(is_so)
}

/// Waits until a condition holds. The future is `Send`, for use in steps.
#[track_caller]
pub(crate) fn until(what: impl Fn() -> bool) -> impl Future<Output = ()> {
    let happened = async move {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    happened.soon()
}

#[tokio::test]
async fn a_cancelled_run_tells_its_step_and_ends_cancelled() {
    let tally = Tally::new("s6");
    let engine = engine().workflow(cancellable).start().await.unwrap();
    let run = engine.start(cancellable, tally.name().to_owned()).await.unwrap();
    until(|| tally.count("started") == 1).await;
    run.cancel("changed my mind").await.unwrap();
    match run.result().soon().await {
        Err(RunError::Cancelled { reason }) => assert_eq!(reason, "changed my mind"),
        other => panic!("{other:?}"),
    }
    until(|| tally.count("told") == 1).await;
    assert_eq!(run.status().await.unwrap().status, Status::Cancelled);
    let history = run.history().await.unwrap();
    assert!(!history.iter().any(|entry| entry.kind == Kind::StepCompleted), "{history:?}");
    assert!(run.cancel("again").await.is_err(), "nothing reaches an ended run");
}

#[step(name = "who", timeout = "1h", retry(attempts = 2, backoff = "1ms"))]
async fn who_am_i(tally: String) -> Result<(String, u32, String)> {
    let current = steadfast::current().expect("a step");
    let step = current.step().expect("a step");
    deed(&tally, &step.idempotency_key());
    if step.attempt == 1 {
        return Err(steadfast::Error::msg("once more"));
    }
    assert!(step.deadline.is_some());
    assert!(!step.cancellation.is_cancelled());
    Ok((current.run_id().to_owned(), step.attempt, step.name.clone()))
}

#[workflow]
async fn identity(flow: &mut Flow, tally: String) -> Result<(String, u32, String)> {
    assert!(matches!(steadfast::current(), Some(steadfast::Current::Workflow(_))));
    Ok(who_am_i(&*flow, tally).await?)
}

#[tokio::test]
async fn a_step_knows_its_run_attempt_and_a_key_that_all_attempts_share() {
    let tally = Tally::new("identity");
    let engine = engine().workflow(identity).start().await.unwrap();
    let run = engine.start(identity, tally.name().to_owned()).id("the-run").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ("the-run".into(), 2, "who".into()));
    let keys = tally.all();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    assert!(steadfast::current().is_none(), "outside of any run");
}

#[tokio::test]
async fn the_users_function_can_be_called_directly() {
    assert!((takes::direct(1.5).await.unwrap() - 1.5).abs() < f64::EPSILON);
}

#[step(blocking)]
fn blocks(millis: u64) -> Result<u64> {
    std::thread::sleep(Duration::from_millis(millis));
    Ok(millis)
}

#[workflow]
async fn blocking(flow: &mut Flow) -> Result<u64> {
    Ok(blocks(&*flow, 5).await?)
}

#[tokio::test]
async fn a_step_may_block_its_thread() {
    let engine = engine().workflow(blocking).start().await.unwrap();
    assert_eq!(engine.start(blocking, ()).await.unwrap().result().soon().await.unwrap(), 5);
}

#[workflow]
async fn inline(flow: &mut Flow, n: u64) -> Result<u64> {
    let doubled = flow.run("double", async move || Ok::<_, steadfast::Error>(n * 2)).await?;
    Ok(doubled + 1)
}

#[tokio::test]
async fn a_step_can_be_written_where_it_is_called() {
    let engine = engine().workflow(inline).start().await.unwrap();
    let run = engine.start(inline, 4).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 9);
    assert!(run.history().await.unwrap().iter().any(|entry| entry.name.as_deref() == Some("double")));
}
