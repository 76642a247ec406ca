//! Runs that start runs, send messages to each other, or continue as new, with every fault at every commit.

use super::inbox::{Approval, by};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{ChildError, Message, Scope};

#[derive(Message, Serialize, Deserialize)]
struct Number(u64);

#[step]
async fn times(n: u64, m: u64) -> Result<u64> {
    tokio::task::yield_now().await;
    Ok(n * m)
}

#[workflow]
async fn square(flow: &mut Flow, n: u64) -> Result<u64> {
    if n == 13 {
        return Err(Error::msg("unlucky"));
    }
    Ok(times(flow, n, n).await?)
}

#[workflow]
async fn fan_out(flow: &mut Flow, numbers: Vec<u64>) -> Result<(u64, Vec<String>)> {
    let mut children = Vec::new();
    for n in numbers {
        children.push(flow.start(square, n).await);
    }
    let (mut sum, mut errors) = (0, Vec::new());
    for outcome in futures_util::future::join_all(children).await {
        match outcome {
            Ok(square) => sum += square,
            Err(ChildError::Failed(error)) => errors.push(error.to_string()),
            Err(other) => return Err(other.into()),
        }
    }
    Ok((sum, errors))
}

#[tokio::test]
async fn a_fan_out_of_children_of_which_one_fails() {
    let report = crash_everywhere(fan_out, vec![2, 13, 3]).workflow(square).pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[tokio::test]
async fn a_parent_that_is_told_to_stop_while_its_children_run() {
    let report = crash_everywhere(fan_out, vec![2, 3]).workflow(square).orders(2).cancel_at_each_commit().await;
    assert!(report.cancelled > 0, "{report:?}");
}

/// Starts the same id twice: the second start returns the first run.
#[workflow]
async fn shared(flow: &mut Flow) -> Result<(u64, u64, bool)> {
    let scope = || Scope::new().id("shared");
    let first = flow.start(square, 4).with(scope()).await;
    let second = flow.start(square, 4).with(scope()).await;
    let (first, second) = try_join!(first, second)?;
    let late = flow.start(square, 4).with(scope()).await.await?;
    let other = flow.start(square, 5).with(scope()).await.await;
    Ok((first + late, second, other.is_err()))
}

#[tokio::test]
async fn children_whose_id_is_there_already() {
    let report = crash_everywhere(shared, ()).workflow(square).pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

/// Sends messages to its parent.
#[workflow]
async fn reports(flow: &mut Flow, (to, from, n): (String, u64, u64)) -> Result<u64> {
    for number in from..from + n {
        flow.send(to.clone(), Number(number)).await?;
    }
    flow.sleep(Duration::from_secs(1)).await?;
    Ok(n)
}

#[workflow]
async fn listens(flow: &mut Flow, n: u64) -> Result<Vec<u64>> {
    let own = steadfast::current().map(|current| current.run_id().to_owned()).unwrap_or_default();
    let child = flow.start(reports, (own.clone(), 0, n)).detached().await;
    let mut numbers = Vec::new();
    for _ in 0..n {
        numbers.push(flow.receive::<Number>().await?.0);
    }
    child.await?;
    numbers.push(u64::from(flow.send("nobody", Number(0)).await.is_err()));
    Ok(numbers)
}

#[tokio::test]
async fn a_child_that_sends_to_its_parent_is_heard_once_and_in_order() {
    let report = crash_everywhere(listens, 3).workflow(reports).orders(2).pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[derive(StepContext, Clone, Debug)]
struct Sum {
    #[context(default)]
    sum: u64,
}

#[workflow(context = Sum)]
async fn countdown(start: Start<Sum>, n: u64) -> Result<(u64, u64)> {
    let mut flow = start.with_continued_or(|| Sum::builder().build()).await?;
    let squared = times(&flow, n, n).await?;
    flow.update(|sum| sum.sum(sum.sum + squared)).await?;
    flow.publish("n", &n);
    flow.stream("numbers").write(&n);
    if n == 0 {
        return Ok((flow.sum, times(&flow, 2, 3).await?));
    }
    flow.continue_as_new(countdown, n - 1).await
}

#[tokio::test]
async fn a_run_that_goes_on_with_a_fresh_journal() {
    let test = crash_everywhere(countdown, 3).with(Scope::new().label("kind", "countdown"));
    let report = test.cancel_at_each_commit().pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
    assert!(report.cancelled > 0, "{report:?}");
}

/// Receives one message for each execution, and runs a step beside which the next may arrive.
#[workflow]
async fn one_at_a_time(flow: &mut Flow, heard: Vec<String>) -> Result<Vec<String>> {
    let name = flow.receive::<Approval>().await?.by;
    times(&*flow, 2, 2).await?;
    let heard = [heard, vec![name]].concat();
    if heard.len() == 3 {
        return Ok(heard);
    }
    flow.continue_as_new(one_at_a_time, heard).await
}

#[tokio::test]
async fn messages_for_a_run_that_goes_on_with_a_fresh_journal() {
    let test = crash_everywhere(one_at_a_time, Vec::new()).message(by("a")).message(by("b")).message(by("c"));
    let report = test.pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}
