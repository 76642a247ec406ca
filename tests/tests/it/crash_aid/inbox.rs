//! Events from outside, with every fault at every commit: messages, answers, and what they race with.

use futures_util::{FutureExt, select_biased};
use serde::{Deserialize, Serialize};
use steadfast::Message;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[derive(Message, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Approval {
    pub(super) by: String,
}

#[derive(Message, Serialize, Deserialize)]
pub(super) struct Stop;

#[derive(Message, Serialize, Deserialize)]
struct Review {
    document: String,
}

#[derive(Message, Serialize, Deserialize, Debug)]
enum Verdict {
    Good,
    Bad(String),
}

pub(super) fn by(name: &str) -> Approval {
    Approval { by: name.into() }
}

#[step]
async fn greet(name: String) -> Result<String> {
    tokio::task::yield_now().await;
    Ok(format!("hello {name}"))
}

/// Runs a step for each approval, while the next may arrive.
#[workflow]
async fn collect(flow: &mut Flow, wanted: usize) -> Result<Vec<String>> {
    let mut greetings = Vec::new();
    while greetings.len() < wanted {
        let name = flow.receive::<Approval>().await?.by;
        greetings.push(greet(&*flow, name).await?);
    }
    Ok(greetings)
}

#[tokio::test]
async fn messages_are_received_once_and_in_order() {
    let test = crash_everywhere(collect, 3).message(by("a")).message(by("b")).message(by("c"));
    let report = test.pause_at_each_commit().cancel_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
    assert!(report.cancelled > 0, "{report:?}");
    println!("{report:?}");
}

#[tokio::test]
#[should_panic(expected = "waits for what never comes")]
async fn a_message_that_never_comes_is_found_out() {
    crash_everywhere(collect, 2).message(by("a")).orders(1).await;
}

/// Races a message against a sleep, again and again.
#[workflow]
async fn selecting(flow: &mut Flow, rounds: u32) -> Result<(u32, u32)> {
    let (mut came, mut slept) = (0, 0);
    for _ in 0..rounds {
        let flow = &*flow;
        let mut nap = std::pin::pin!(flow.sleep(Duration::from_mins(1)).fuse());
        select_biased! {
            approval = flow.receive::<Approval>().fuse() => {
                approval?;
                came += 1;
            }
            _ = nap => slept += 1,
        }
    }
    Ok((came, slept))
}

#[tokio::test]
async fn a_receive_in_a_select_with_a_timer() {
    let report = crash_everywhere(selecting, 4).message(by("a")).message(by("b")).pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[workflow]
async fn in_time(flow: &mut Flow) -> Result<Vec<Option<String>>> {
    let mut came = Vec::new();
    for _ in 0..3 {
        let within = flow.receive::<Approval>().within(Duration::from_mins(1));
        came.push(within.await?.map(|approval| approval.by));
    }
    Ok(came)
}

#[tokio::test]
async fn a_receive_with_a_time_limit() {
    let report = crash_everywhere(in_time, ()).message(by("a")).pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[workflow]
async fn ask(flow: &mut Flow, millis: u64) -> Result<String> {
    let first = flow.request::<Review, Verdict>(Review { document: "first".into() });
    let second = flow.request::<Review, Verdict>(Review { document: "second".into() });
    let second = second.within(Duration::from_millis(millis));
    let (first, second) = futures_util::join!(first, second);
    Ok(format!("{:?} {:?}", first?, second?))
}

fn judge(review: Review) -> Verdict {
    if review.document == "first" { Verdict::Good } else { Verdict::Bad(review.document) }
}

#[tokio::test]
async fn requests_are_answered_with_and_without_a_time_limit() {
    let report = crash_everywhere(ask, 1_000).answer::<Review, Verdict>(judge).pause_at_each_commit().await;
    assert!(report.results >= 1, "{report:?}");
}

/// Asks a question that gets no answer.
#[workflow]
async fn ask_in_vain(flow: &mut Flow) -> Result<bool> {
    let asked = flow.request::<Review, Verdict>(Review { document: "lost".into() });
    let answer = asked.within(Duration::from_secs(1)).await?;
    greet(flow, "nobody".into()).await?;
    Ok(answer.is_none())
}

#[tokio::test]
async fn a_request_that_nobody_answers_in_time() {
    let report = crash_everywhere(ask_in_vain, ()).cancel_at_each_commit().pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[derive(StepContext, Clone, Debug)]
struct Pages {
    #[context(default, store = "shelf")]
    text: String,
}

#[step]
async fn length(ctx: &Pages) -> Result<usize> {
    Ok(ctx.text.len())
}

/// Receives messages while a field is being saved to its store.
#[workflow(context = Pages)]
async fn writes_down(flow: &mut Flow<Pages>, pages: usize) -> Result<usize> {
    for _ in 0..pages {
        let name = flow.receive::<Approval>().await?.by;
        let text = format!("{}{name}", flow.text);
        flow.update(|pages| pages.text(text)).await?;
    }
    Ok(length(flow).await?)
}

#[tokio::test]
async fn a_message_while_a_field_is_being_saved() {
    let test = crash_everywhere(writes_down, 3).message(by("a")).message(by("bc")).message(by("def"));
    let report = test.cancel_at_each_commit().pause_at_each_commit().await;
    assert_eq!(report.results, 1, "{report:?}");
}

#[transaction]
fn note(tx: &mut Tx<'_>, text: String) -> Result<i64> {
    Ok(tx.query_row("INSERT INTO notes (text) VALUES (?1) RETURNING rowid", [&text], |row| row.get(0))?)
}

/// Runs a transaction beside a receive.
#[workflow]
async fn noting(flow: &mut Flow, rounds: usize) -> Result<i64> {
    let mut last = 0;
    for round in 0..rounds {
        let flow = &*flow;
        let noted = async { note(flow, format!("{round}")).await.map_err(steadfast::Error::from) };
        let received = async { flow.receive::<Approval>().await.map_err(steadfast::Error::from) };
        let (noted, approval) = try_join!(noted, received)?;
        last = noted + note(flow, approval.by).await?;
    }
    Ok(last)
}

#[tokio::test]
async fn a_transaction_beside_a_receive() {
    let table = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)";
    let test = crash_everywhere(noting, 2).sql(table).message(by("a")).message(by("b")).orders(2);
    let report = test.await;
    assert_eq!(report.results, 1, "{report:?}");
}
