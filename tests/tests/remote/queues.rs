//! Limits of queues, for all engines together.

use crate::place::{ENDING, Place};
use futures_util::future::join_all;
use limits::{Soon as _, until};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::{Engine, EngineBuilder, Queue, StepError};

/// Who is at work, and what has ended, in the order of its end.
#[derive(Default)]
struct Work {
    now: BTreeMap<String, u32>,
    /// The most at once of one key, and of all.
    most: (u32, u32),
    order: Vec<String>,
}

static WORK: Mutex<Option<BTreeMap<String, Work>>> = Mutex::new(None);

/// Changes the work of one test.
fn work<T>(test: &str, change: impl FnOnce(&mut Work) -> T) -> T {
    let mut all = WORK.lock().unwrap();
    change(all.get_or_insert_default().entry(test.to_owned()).or_default())
}

#[step(queue = "limited")]
async fn task(test: String, key: String, millis: u64) -> Result<()> {
    work(&test, |work| {
        *work.now.entry(key.clone()).or_default() += 1;
        let (of_key, all) = (work.now[&key], work.now.values().sum());
        work.most = (work.most.0.max(of_key), work.most.1.max(all));
        work.order.push(key.clone());
    });
    tokio::time::sleep(Duration::from_millis(millis)).await;
    work(&test, |work| *work.now.get_mut(&key).unwrap() -= 1);
    Ok(())
}

/// Calls the step for each of these keys at once, with a priority each.
#[workflow]
async fn many(flow: &mut Flow, (test, keys, millis): (String, Vec<(String, i32)>, u64)) -> Result<()> {
    let flow = &*flow;
    let calls = keys.into_iter().map(|(key, priority)| task(flow, test.clone(), key, millis).priority(priority));
    for ended in join_all(calls).await {
        ended?;
    }
    Ok(())
}

fn keys(keys: &[(&str, usize)]) -> Vec<(String, i32)> {
    keys.iter().flat_map(|(key, count)| std::iter::repeat_n(((*key).to_owned(), 0), *count)).collect()
}

fn of_tenant() -> Queue {
    Queue::new("limited").key(|(_, key, _): &(String, String, u64)| key.clone())
}

async fn two_workers(place: &Place, queue: &Queue, slots: usize) -> [Engine; 2] {
    let serving = || place.builder().queue(queue.clone()).serve("limited", slots).step::<task>();
    [serving().start().await.unwrap(), serving().start().await.unwrap()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_all_engines_holds() {
    let (place, queue) = (Place::file(), Queue::new("limited").total(3));
    let engine = place.builder().queue(queue.clone()).workflow(many).start().await.unwrap();
    let workers = two_workers(&place, &queue, 4).await;
    let run = engine.start(many, ("total".to_owned(), keys(&[("a", 24)]), 5)).await.unwrap();
    run.result().soon().await.unwrap();
    assert_eq!(work("total", |work| (work.most.1, work.order.len())), (3, 24));
    // A limit that is changed while everything runs.
    engine.queue("limited").set_total(Some(1)).soon().await.unwrap();
    let run = engine.start(many, ("one".to_owned(), keys(&[("a", 6)]), 5)).await.unwrap();
    run.result().soon().await.unwrap();
    assert_eq!(work("one", |work| work.most.1), 1);
    engine.queue("limited").reset().soon().await.unwrap();
    assert_eq!(engine.queue("limited").info().await.unwrap().total, Some(3));
    for worker in workers {
        worker.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_each_key_holds_and_keys_take_turns() {
    let (place, queue) = (Place::file(), of_tenant().per_key(2).total(3));
    let engine = place.builder().queue(queue.clone()).workflow(many).start().await.unwrap();
    // All wait before the first one starts.
    let run = engine.start(many, ("keys".to_owned(), keys(&[("a", 20), ("b", 3), ("c", 3)]), 5)).await.unwrap();
    until(async || engine.queue("limited").info().await.unwrap().waiting == 26).await;
    let workers = two_workers(&place, &queue, 4).await;
    let keys = workers[0].queue("limited").keys(None).await.unwrap();
    assert!(keys.iter().all(|key| key.running <= 2), "{keys:?}");
    run.result().soon().await.unwrap();
    let (most, order) = work("keys", |work| (work.most, work.order.clone()));
    assert_eq!((most, order.len()), ((2, 3), 26));
    let last = |key: &str| order.iter().rposition(|of| of == key).unwrap();
    assert!(last("b") < 14 && last("c") < 14, "the tenant with the most work does not hold up the others: {order:?}");
    for worker in workers {
        worker.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_priority_number_goes_first_and_then_who_came_first() {
    let place = Place::file();
    let engine = place.builder().queue(Queue::new("limited")).workflow(many).start().await.unwrap();
    let calls = [("c", 1), ("d", 1), ("a", -2), ("e", 7), ("b", 0)].map(|(key, priority)| (key.to_owned(), priority));
    let run = engine.start(many, ("order".to_owned(), calls.to_vec(), 0)).await.unwrap();
    until(async || engine.queue("limited").info().await.unwrap().waiting == 5).await;
    let worker = place.builder().serve("limited", 1).step::<task>().start().await.unwrap();
    run.result().soon().await.unwrap();
    assert_eq!(work("order", |work| work.order.concat()), "abcde");
    worker.shutdown(ENDING).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_starts_later_and_drops_nothing() {
    let (place, queue) = (Place::file(), Queue::new("limited").rate(40, Duration::from_secs(1)));
    let engine = place.builder().queue(queue.clone()).workflow(many).start().await.unwrap();
    let workers = two_workers(&place, &queue, 20).await;
    let begun = Instant::now();
    let run = engine.start(many, ("rate".to_owned(), keys(&[("a", 24)]), 0)).await.unwrap();
    run.result().soon().await.unwrap();
    // Four may start at once, the others at 40 a second.
    assert!(begun.elapsed() >= Duration::from_millis(480), "{:?}", begun.elapsed());
    assert_eq!(work("rate", |work| work.order.len()), 24);
    for worker in workers {
        worker.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_starts_nothing_and_goes_on() {
    let (place, queue) = (Place::file(), Queue::new("limited"));
    let engine = place.builder().queue(queue.clone()).workflow(many).start().await.unwrap();
    let workers = two_workers(&place, &queue, 1).await;
    let limited = engine.queue("limited");
    limited.pause("the tenants complain").soon().await.unwrap();
    let run = engine.start(many, ("paused".to_owned(), keys(&[("a", 4)]), 0)).await.unwrap();
    until(async || limited.info().await.unwrap().waiting == 4).await;
    let info = limited.info().await.unwrap();
    assert_eq!((info.paused.as_deref(), info.running), (Some("the tenants complain"), 0));
    assert!(work("paused", |work| work.order.is_empty()));
    limited.resume().soon().await.unwrap();
    run.result().soon().await.unwrap();
    assert_eq!(engine.queue("limited").info().await.unwrap().waiting, 0);
    let unknown = engine.queue("other").pause("why").await.unwrap_err().to_string();
    assert!(unknown.contains("queue `other` is not declared in this database"), "{unknown}");
    for worker in workers {
        worker.shutdown(ENDING).await.unwrap();
    }
}

static DELAYED: AtomicU64 = AtomicU64::new(0);

#[step(queue = "limited")]
async fn stamped() -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    DELAYED.store(u64::try_from(now.as_millis())?, Ordering::SeqCst);
    Ok(())
}

#[workflow]
async fn late(flow: &mut Flow) -> Result<()> {
    stamped(flow).delay(Duration::from_millis(700)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_call_starts_later() {
    let place = Place::file();
    let builder = place.builder().workflow(late).serve("limited", 1).step::<stamped>();
    let engine = builder.start().await.unwrap();
    let run = engine.start(late, ()).await.unwrap();
    run.result().soon().await.unwrap();
    let called = run.history().await.unwrap().into_iter().find(|entry| entry.kind.as_str() == "step_started").unwrap();
    let called = called.at.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let waited = u128::from(DELAYED.load(Ordering::SeqCst)) - called;
    assert!(waited >= 700, "{waited} ms");
}

/// A key function that fails for one input.
fn picky((_, key, _): &(String, String, u64)) -> String {
    assert!(key != "bad", "no such tenant");
    key.clone()
}

#[workflow]
async fn keyed(flow: &mut Flow, key: String) -> Result<String> {
    match task(flow, "picky".to_owned(), key, 0).await {
        Ok(()) => Ok(String::new()),
        Err(StepError::Refused(why, _)) => Ok(why),
        Err(other) => Err(other.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_had_fails_the_call_and_names_the_queue() {
    let queue = Queue::new("limited").key(picky);
    let builder = Engine::builder().in_memory().queue(queue).workflow(keyed).serve("limited", 1).step::<task>();
    let engine = builder.start().await.unwrap();
    let told = async |key: &str| engine.start(keyed, key.to_owned()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(told("good").await, "");
    assert_eq!(told("bad").await, "the key function of queue `limited` panicked: no such tenant");
    let queue = Queue::new("limited").key(|text: &String| text.clone());
    let builder = Engine::builder().in_memory().queue(queue).workflow(keyed).serve("limited", 1).step::<task>();
    let engine = builder.start().await.unwrap();
    let told = engine.start(keyed, "good".to_owned()).await.unwrap().result().soon().await.unwrap();
    assert!(
        told.starts_with("queue `limited` has keys for inputs of type `alloc::string::String`, and not for"),
        "{told}"
    );
}

#[tokio::test]
async fn a_declaration_that_makes_no_sense_is_refused() {
    let refused = async |change: fn(EngineBuilder) -> EngineBuilder| {
        change(Engine::builder().in_memory().workflow(many)).start().await.expect_err("it does not start").to_string()
    };
    let told = [
        refused(|builder| builder.queue(Queue::new("q").total(0))).await,
        refused(|builder| builder.queue(Queue::new("q").rate(5, Duration::ZERO))).await,
        refused(|builder| builder.queue(Queue::new("q").per_key(1))).await,
        refused(|builder| builder.queue(Queue::new("q")).queue(Queue::new("q").total(1))).await,
        refused(|builder| builder.queue(Queue::new("q").key(|n: &u32| *n).key(|n: &u32| *n))).await,
    ];
    let expected = [
        "queue `q`: with `.total(0)` nothing of it would ever start",
        "queue `q`: the time of a rate is from 1 ms to 49 days, not 0ns",
        "queue `q` has a limit per key, and no key",
        "queue `q` is declared twice",
        "queue `q` has two keys for `u32`",
    ];
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
    }
}
