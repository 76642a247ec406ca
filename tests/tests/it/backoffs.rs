//! The waits before retries of a step, for any policy and any number of attempts.

use crate::flows::{Tally, deed};
use limits::{Dice, Soon as _};
use steadfast::__private::Policy;
use steadfast::prelude::*;

#[test]
fn a_wait_is_never_longer_than_the_longest_and_never_shorter_than_the_one_before() {
    let mut dice = Dice::seeded(20_261_128);
    let waits = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_millis(1),
        Duration::from_secs(1),
        Duration::from_hours(24 * 365),
        Duration::MAX,
    ];
    let factors = [f64::NAN, f64::INFINITY, f64::MAX, -2.0, 0.0, 0.5, 1.0, 1.000_001, 2.0, 1e300];
    let shares = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 0.1, 0.5, 1.0, 7.0];
    let failures = [0, 1, 2, 3, 1_024, 1_025, 1_026, 2_147_483_647, 2_147_483_648, u32::MAX - 1];
    for _ in 0..100_000 {
        let (backoff, longest) = (dice.of(&waits), dice.of(&waits));
        let (factor, jitter, random) = (dice.of(&factors), dice.of(&shares), dice.of(&shares));
        let policy = Policy { backoff, max_backoff: longest, factor, jitter, attempts: u32::MAX, timeout: None };
        let failed = dice.of(&failures);
        let wait = policy.wait(failed, random);
        assert!(wait <= longest, "{policy:?} waits {wait:?} after {failed} failures (random {random})");
        if backoff.is_zero() {
            assert_eq!(wait, Duration::ZERO, "{policy:?} after {failed} failures");
        }
        let without = Policy { jitter: 0.0, ..policy };
        assert!(wait <= without.wait(failed, random), "{policy:?} after {failed} failures (random {random})");
        if factor >= 1.0 {
            let (before, after) = (without.wait(failed, 0.0), without.wait(failed + 1, 0.0));
            assert!(
                before <= after,
                "{policy:?} waits {before:?}, then {after:?} after {failed} failures and one more"
            );
            assert!(after >= backoff.min(longest) || longest < backoff, "{policy:?} waits {after:?}");
        }
    }
}

#[step(retry(attempts = 1_200, backoff = "0ms"))]
async fn patient(tally: String) -> Result<usize> {
    match deed(&tally, "body") {
        1_100 => Ok(1_100),
        _ => Err(Error::msg("not yet")),
    }
}

#[workflow]
async fn without_a_pause(flow: &mut Flow, tally: String) -> Result<usize> {
    Ok(patient(flow, tally).await?)
}

#[tokio::test]
async fn a_step_without_a_backoff_is_tried_at_once_however_often_it_has_failed() {
    let tally = Tally::new("no-backoff");
    // Sleeps are skipped, so that the recorded times show what the engine waited for.
    let engine = Engine::builder().in_memory().skip_sleeps().workflow(without_a_pause).start().await.unwrap();
    let run = engine.start(without_a_pause, tally.name().to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 1_100);
    let history = run.history().await.unwrap();
    let took = history.last().unwrap().at.duration_since(history[0].at).unwrap();
    assert_eq!(took, Duration::ZERO);
}

#[step(retry(attempts = 3, backoff = "1h"))]
async fn asks_for_less(scope: &StepScope, tally: String) -> Result<usize> {
    let times = deed(&tally, "body");
    if times < 2 {
        scope.retry_after(Duration::from_millis(1));
        return Err(Error::msg("too many requests"));
    }
    Ok(times)
}

#[step]
async fn fails_twice(tally: String) -> Result<usize> {
    match deed(&tally, "body") {
        2 => Ok(2),
        _ => Err(Error::msg("not yet")),
    }
}

#[step(timeout = "1h")]
async fn hangs() -> Result<()> {
    std::future::pending().await
}

#[workflow]
async fn waits_as_asked(flow: &mut Flow, tally: String) -> Result<usize> {
    Ok(asks_for_less(flow, tally).await?)
}

#[workflow]
async fn with_a_policy_of_the_call(flow: &mut Flow, tally: String) -> Result<(usize, bool, usize)> {
    let times = fails_twice(flow, tally).retry(3, Duration::from_millis(1)).await?;
    let hung = hangs(flow).retry(2, Duration::ZERO).timeout(Duration::from_millis(20)).await;
    let Err(StepError::TimedOut(attempts)) = hung else { return Ok((times, false, 0)) };
    Ok((times, true, attempts.failures.len()))
}

#[tokio::test]
async fn a_step_may_say_how_long_its_next_attempt_waits() {
    let tally = Tally::new("retry-after");
    let engine = Engine::builder().in_memory().workflow(waits_as_asked).start().await.unwrap();
    let run = engine.start(waits_as_asked, tally.name().to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 2);
}

#[tokio::test]
async fn a_call_may_have_retries_and_a_time_limit_of_its_own() {
    let tally = Tally::new("call-policy");
    let engine = Engine::builder().in_memory().workflow(with_a_policy_of_the_call).start().await.unwrap();
    let run = engine.start(with_a_policy_of_the_call, tally.name().to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (2, true, 2));
}
