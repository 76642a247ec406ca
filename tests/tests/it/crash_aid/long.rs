//! Workflows whose full crash test takes long: samples, and the progress that the test prints.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[step]
async fn grow(mut text: String) -> Result<String> {
    text.push('x');
    Ok(text)
}

/// Runs the given number of steps with large values.
#[workflow]
async fn grown(flow: &mut Flow, input: (u32, usize)) -> Result<usize> {
    let mut text = "x".repeat(input.1);
    for _ in 0..input.0 {
        text = grow(&*flow, text).await?;
    }
    flow.sleep(Duration::from_secs(1)).await?;
    Ok(text.len())
}

#[tokio::test]
async fn a_sample_is_as_large_as_was_asked_for_and_has_every_kind_of_commit() {
    let all = crash_everywhere(grown, (6, 10)).await;
    assert_eq!(all.left_out, 0);
    let some = crash_everywhere(grown, (6, 10)).at_most(20).await;
    assert_eq!((some.scenarios, some.left_out), (21, all.scenarios - 21), "{some:?} {all:?}");
    // The limit is below the number of kinds: the first and the last commit, one in the middle, the timer.
    let few = crash_everywhere(grown, (6, 10)).at_most(1).await;
    assert!((4..8).contains(&(few.scenarios - 1)), "{few:?}");
    assert_eq!(crash_everywhere(grown, (6, 10)).at_most(1).seed(7).await, few);
}

/// Tests a bound on the time. Without samples this did not end in 7 minutes.
#[tokio::test]
async fn twenty_steps_with_large_values_are_played_in_a_bounded_time() {
    let report = crash_everywhere(grown, (20, 20_000)).at_most(24).await;
    assert!(report.commits > 20 && report.scenarios == 25 && report.left_out > 100, "{report:?}");
}

/// The environment variable with which the test program plays a slow workflow.
const SLOW: &str = "STEADFAST_SLOW_CRASH_TEST";

#[step]
async fn slow() -> Result<()> {
    tokio::time::sleep(Duration::from_millis(400)).await;
    Ok(())
}

#[workflow]
async fn slowly(flow: &mut Flow) -> Result<()> {
    for _ in 0..4 {
        slow(&*flow).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_slow_test_for_the_one_below() {
    if std::env::var_os(SLOW).is_some() {
        crash_everywhere(slowly, ()).await;
    }
}

/// Tests that progress is printed although the output of a passing test is captured.
#[test]
fn a_test_that_takes_long_says_how_long() {
    let mut slow = Command::new(std::env::current_exe().unwrap());
    slow.args(["--exact", "crash_aid::long::a_slow_test_for_the_one_below"]).env(SLOW, "1");
    let mut slow = slow.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(slow.stderr.take().unwrap()).lines();
    let (say, said) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
    let until = std::time::Instant::now() + Duration::from_mins(2);
    let line = loop {
        match said.recv_timeout(until.saturating_duration_since(std::time::Instant::now())) {
            Ok(line) if line.starts_with("crash_everywhere of `slowly`: ") => break line,
            Ok(_) => {}
            Err(error) => panic!("it says nothing: {error}"),
        }
    };
    slow.kill().unwrap();
    slow.wait().unwrap();
    assert!(line.contains("scenarios, about") && line.contains("`.at_most(n)`"), "{line}");
}

/// Tests the test: it detects an effect that is released before the append that it depends on is durable.
#[tokio::test]
#[should_panic(expected = "ran before it was recorded")]
async fn an_effect_that_is_released_too_early_is_found() {
    crash_everywhere(grown, (2, 10)).releasing_effects_early().await;
}
