//! Runs in queues, and starts from outside, with every fault at every commit.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{Message, Queue, Scope};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    tenant: String,
    words: u64,
}

fn page(tenant: &str, words: u64) -> Page {
    Page { tenant: tenant.to_owned(), words }
}

#[step]
async fn count(words: u64) -> Result<u64> {
    Ok(words)
}

/// Is at work, waits, and is at work again.
#[workflow]
async fn import(flow: &mut Flow, page: Page) -> Result<u64> {
    let words = count(flow, page.words).await?;
    flow.sleep(Duration::from_mins(1)).await?;
    Ok(count(flow, words).await?)
}

#[workflow]
async fn import_all(flow: &Flow, pages: Vec<Page>) -> Result<u64> {
    let children = stream::iter(pages).map(async |page| flow.start(import, page).queue("imports").await.await);
    Ok(children.buffered(4).try_fold(0, async |sum, words| Ok(sum + words)).await?)
}

fn pages() -> Vec<Page> {
    vec![page("acme", 1), page("acme", 2), page("zenith", 4), page("zenith", 8)]
}

fn imports() -> Queue {
    Queue::new("imports").key(|page: &Page| page.tenant.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_children_run_once_each_within_the_limits() {
    for queue in [imports().total(2).per_key(1), imports().in_order(), imports().rate(2, Duration::from_secs(1))] {
        let report = crash_everywhere(import_all, pages()).workflow(import).queue(queue).orders(2).at_most(200).await;
        println!("{report:?}");
        assert_eq!(report.results, 1);
    }
}

/// Waits for a message in its queue, and answers with a child.
#[derive(Message, Serialize, Deserialize)]
struct More(u64);

#[workflow]
async fn collect(flow: &mut Flow) -> Result<u64> {
    let first = count(flow, 1).await?;
    let More(words) = flow.receive::<More>().await?;
    let child = flow.start(import, page("acme", words)).queue("imports").await.await?;
    Ok(first + child)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_queued_itself_may_be_cancelled_and_paused_at_every_commit() {
    for queue in [Queue::new("imports").total(1), Queue::new("imports").total(2).held()] {
        let test = crash_everywhere(collect, ()).workflow(import).queue(queue).message(More(5)).orders(2);
        let test = test.with(Scope::new().queue("imports").priority(3).time_limit(Duration::from_hours(1)));
        let report = test.cancel_at_each_commit().pause_at_each_commit().at_most(300).await;
        println!("{report:?}");
        assert_eq!(report.results, 1);
        assert!(report.cancelled > 0);
    }
}

/// The texts that were saved.
#[derive(Clone, Default)]
struct Saved(Arc<Mutex<BTreeSet<String>>>);

#[step]
async fn write(#[resource] saved: &Saved, text: String) -> Result<()> {
    saved.0.lock().unwrap().insert(text);
    Ok(())
}

#[workflow]
async fn save(flow: &mut Flow, text: String) -> Result<String> {
    write(flow, text.clone()).await?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_debounced_starts_the_last_one_runs() {
    let debounced = || Scope::new().queue("saves").debounce("letter", Duration::from_secs(2), Duration::from_mins(1));
    let saved = Saved::default();
    let start = |text: &str| text.to_owned();
    let report = crash_everywhere(import, page("acme", 1))
        .resource(saved.clone())
        .start(save, start("Dear A"), debounced())
        .start(save, start("Dear Ad"), debounced())
        .start(save, start("Dear Ada"), debounced())
        .cancel_at_each_commit()
        .await;
    println!("{report:?}");
    assert_eq!(report.results, 1);
    assert_eq!(*saved.0.lock().unwrap(), BTreeSet::from(["Dear Ada".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_starts_that_are_debounced_by_their_first_that_one_runs() {
    let wait = (Duration::from_secs(2), Duration::from_mins(1));
    let debounced = || Scope::new().queue("saves").debounce_leading("letter", wait.0, wait.1);
    let saved = Saved::default();
    let report = crash_everywhere(import, page("acme", 1))
        .resource(saved.clone())
        .start(save, "Dear A".to_owned(), debounced())
        .start(save, "Dear Ad".to_owned(), debounced())
        .await;
    println!("{report:?}");
    assert_eq!(report.results, 1);
    assert_eq!(*saved.0.lock().unwrap(), BTreeSet::from(["Dear A".to_owned()]));
}

#[step(queue = "imports")]
async fn embed(page: Page) -> Result<u64> {
    Ok(page.words)
}

/// Calls remote steps in the queue in which its children wait, too.
#[workflow]
async fn mixed(flow: &Flow, page: Page) -> Result<u64> {
    let other = flow.start(save, "letter".to_owned()).queue("imports").await;
    let (one, two) = try_join!(embed(flow, page.clone()), embed(flow, page))?;
    Ok(one + two + other.await?.len() as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_steps_and_runs_share_the_limits_of_a_queue() {
    let keys = |(page,): &(Page,)| page.tenant.clone();
    let queue = imports().key(keys).key(|text: &String| text.clone()).total(1);
    let test = crash_everywhere(mixed, page("acme", 3)).workflow(save).resource(Saved::default()).queue(queue);
    let report = test.orders(2).at_most(300).await;
    println!("{report:?}");
    assert_eq!(report.results, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "queue `imports` has a limit per key, and no key")]
async fn a_queue_that_cannot_work_fails_the_test_at_once() {
    crash_everywhere(import, page("acme", 1)).queue(Queue::new("imports").per_key(1)).await;
}
