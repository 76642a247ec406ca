//! Runs that wait in queues: for room to begin, and to go on.

use crate::place::{ENDING, Place, on_both};
use futures_util::StreamExt;
use futures_util::stream;
use limits::{Soon as _, until};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{ChildError, Engine, EngineError, Queue, RunError, RunFilter, Scope, Status, WaitsFor, scoped};
use tokio::sync::watch;

/// What the runs of all tests do, by test.
#[derive(Default)]
pub(crate) struct Work {
    now: BTreeSet<String>,
    pub(crate) most: usize,
    pub(crate) order: Vec<String>,
}

static WORK: Mutex<BTreeMap<String, Work>> = Mutex::new(BTreeMap::new());

pub(crate) fn work<T>(test: &str, change: impl FnOnce(&mut Work) -> T) -> T {
    change(WORK.lock().unwrap().entry(test.to_owned()).or_default())
}

/// The numbers up to which steps of a test may go.
static GATES: Mutex<BTreeMap<String, watch::Sender<usize>>> = Mutex::new(BTreeMap::new());

pub(crate) fn open(test: &str, upto: usize) {
    gate(test, |gate| gate.send_replace(upto));
}

fn gate<T>(test: &str, with: impl FnOnce(&watch::Sender<usize>) -> T) -> T {
    with(GATES.lock().unwrap().entry(test.to_owned()).or_insert_with(|| watch::Sender::new(0)))
}

/// Is at work until the gate of its test is open for its number.
#[step]
async fn at_work(test: String, name: String, number: usize) -> Result<()> {
    work(&test, |work| {
        work.now.insert(name.clone());
        work.most = work.most.max(work.now.len());
        work.order.push(name.clone());
    });
    let mut open = gate(&test, watch::Sender::subscribe);
    let opened = open.wait_for(|upto| *upto >= number).await.is_ok();
    work(&test, |work| work.now.remove(&name));
    assert!(opened, "the gate is gone");
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) test: String,
    pub(crate) name: String,
    pub(crate) number: usize,
}

pub(crate) fn job(test: &str, name: &str, number: usize) -> Job {
    Job { test: test.to_owned(), name: name.to_owned(), number }
}

#[workflow]
pub(crate) async fn import(flow: &mut Flow, job: Job) -> Result<String> {
    at_work(flow, job.test, job.name.clone(), job.number).await?;
    Ok(job.name)
}

pub(crate) async fn one_at_a_time(place: &Place, queue: Queue) -> Engine {
    let builder = place
        .builder()
        .workflow(import)
        .workflow(patient)
        .workflow(parent)
        .workflow(again)
        .workflow(crate::places::counts);
    builder.queue(queue).serve("aside", 1).serve("jobs", 8).start().await.unwrap()
}

pub(crate) fn jobs() -> Queue {
    Queue::new("jobs")
}

async fn started(engine: &Engine, job: Job) -> steadfast::RunHandle<String> {
    let id = format!("{}-{}", job.test, job.name);
    engine.start(import, job).queue("jobs").id(id).await.unwrap()
}

pub(crate) async fn status(run: &steadfast::Run) -> Status {
    run.status().soon().await.unwrap().status
}

pub(crate) async fn begun(test: &str, name: &str) {
    until(async || work(test, |work| work.now.contains(name))).await;
}

on_both! {
    async fn a_run_waits_for_room_and_its_status_says_so(place: Place) {
        let test = format!("room-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let first = started(&engine, job(&test, "first", 1)).await;
        begun(&test, "first").await;
        let second = started(&engine, job(&test, "second", 2)).await;
        let info = second.status().soon().await.unwrap();
        assert_eq!(info.status, Status::Queued);
        let [wait] = &info.waits_for[..] else { panic!("{:?}", info.waits_for) };
        assert!(matches!(&wait.for_what, WaitsFor::Room { queue, served: true, paused: None } if queue == "jobs"), "{wait}");
        assert!(wait.to_string().starts_with("waits for room in queue `jobs`, for "), "{wait}");
        let queue = engine.queue("jobs").info().soon().await.unwrap();
        assert_eq!((queue.waiting, queue.running), (1, 1));
        assert_eq!(engine.list(RunFilter::all().status(Status::Queued)).soon().await.unwrap().len(), 1);
        open(&test, 1);
        assert_eq!(first.result().soon().await.unwrap(), "first");
        open(&test, 2);
        assert_eq!(second.result().soon().await.unwrap(), "second");
        assert_eq!(work(&test, |work| (work.most, work.order.join(" "))), (1, "first second".to_owned()));
        until(async || {
            let queue = engine.queue("jobs").info().await.unwrap();
            (queue.waiting, queue.running) == (0, 0)
        })
        .await;
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn a_stuck_run_that_is_cancelled_makes_room_and_a_queued_one_needs_none(place: Place) {
        let test = format!("stuck-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let stuck = started(&engine, job(&test, "stuck", 9)).await;
        begun(&test, "stuck").await;
        let (next, dropped) = (started(&engine, job(&test, "next", 0)).await, started(&engine, job(&test, "dropped", 0)).await);
        assert!(dropped.cancel("not needed").soon().await.unwrap().took_effect().soon().await.unwrap());
        assert!(matches!(dropped.result().soon().await, Err(RunError::Cancelled { reason, .. }) if reason == "not needed"));
        assert_eq!(status(&next).await, Status::Queued);
        assert!(stuck.cancel("it hangs").soon().await.unwrap().took_effect().soon().await.unwrap());
        assert_eq!(next.result().soon().await.unwrap(), "next");
        assert_eq!(work(&test, |work| work.order.join(" ")), "stuck next");
        engine.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_number_begins_first_and_then_who_came_first() {
    let (place, test) = (Place::file(), "order");
    let client = place.builder().client().start().await.unwrap();
    let mut runs = Vec::new();
    for (name, priority) in [("c", 1), ("d", 1), ("a", -2), ("b", 0)] {
        runs.push(client.start(import, job(test, name, 0)).queue("jobs").priority(priority).await.unwrap());
    }
    assert_eq!(client.queue("jobs").info().await.unwrap().waiting, 4);
    let wait = runs[0].status().await.unwrap().waits_for.remove(0);
    assert_eq!(wait.for_what.to_string(), "room in queue `jobs`, which no engine serves that has its workflow");
    assert_eq!(wait.help(), "start an engine that serves queue `jobs` and has the workflow: `.serve(\"jobs\", ..)`");
    let worker = place.builder().workflow(import).serve("jobs", 1).start().await.unwrap();
    for run in &runs {
        run.result().soon().await.unwrap();
    }
    assert_eq!(work(test, |work| work.order.concat()), "abcd");
    worker.shutdown(ENDING).await.unwrap();
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Message)]
struct Go;

/// Works, waits for a message, and works again.
#[workflow]
async fn patient(flow: &mut Flow, test: String) -> Result<()> {
    at_work(flow, test.clone(), "before".to_owned(), 0).await?;
    flow.receive::<Go>().await?;
    at_work(flow, test, "after".to_owned(), 0).await?;
    Ok(())
}

on_both! {
    async fn a_run_that_waits_gives_its_room_to_another_and_waits_for_room_again(place: Place) {
        let test = format!("gives-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let patient_run = engine.start(patient, test.clone()).queue("jobs").id("patient").soon().await.unwrap();
        until(async || status(&patient_run).await == Status::Sleeping).await;
        let other = started(&engine, job(&test, "other", 1)).await;
        begun(&test, "other").await;
        patient_run.send(Go).soon().await.unwrap();
        until(async || status(&patient_run).await == Status::Queued).await;
        open(&test, 1);
        other.result().soon().await.unwrap();
        patient_run.result().soon().await.unwrap();
        assert_eq!(work(&test, |work| (work.most, work.order.join(" "))), (1, "before other after".to_owned()));
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn a_queue_may_hold_the_room_of_a_run_until_its_end(place: Place) {
        let test = format!("held-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1).held()).await;
        let patient_run = engine.start(patient, test.clone()).queue("jobs").soon().await.unwrap();
        until(async || status(&patient_run).await == Status::Sleeping).await;
        let other = started(&engine, job(&test, "other", 0)).await;
        // The engine has looked at its queues since.
        let aside = engine.start(import, job(&format!("{test}-aside"), "aside", 0)).queue("aside").soon().await.unwrap();
        aside.result().soon().await.unwrap();
        assert_eq!(status(&other).await, Status::Queued);
        assert_eq!(engine.queue("jobs").info().soon().await.unwrap().running, 1);
        patient_run.send(Go).soon().await.unwrap();
        patient_run.result().soon().await.unwrap();
        other.result().soon().await.unwrap();
        assert_eq!(work(&test, |work| work.order.join(" ")), "before after other");
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn a_run_that_has_not_begun_in_time_is_cancelled_and_a_deadline_ends_it(place: Place) {
        let test = format!("late-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let first = started(&engine, job(&test, "first", 1)).await;
        begun(&test, "first").await;
        let late = engine.start(import, job(&test, "late", 0)).queue("jobs").time_to_live(Duration::from_millis(50));
        let late = late.soon().await.unwrap();
        let due = engine.start(import, job(&test, "due", 0)).queue("jobs").time_limit(Duration::from_millis(50));
        let due = due.soon().await.unwrap();
        match late.result().soon().await {
            Err(RunError::Cancelled { reason, .. }) => {
                assert_eq!(reason, "it has not begun within its time to live in queue `jobs`");
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(due.result().soon().await, Err(RunError::TimedOut)));
        let in_time = engine.start(import, job(&test, "in time", 0)).queue("jobs").time_to_live(Duration::from_mins(10));
        let in_time = in_time.soon().await.unwrap();
        open(&test, 1);
        first.result().soon().await.unwrap();
        in_time.result().soon().await.unwrap();
        assert_eq!(work(&test, |work| work.order.join(", ")), "first, in time");
        engine.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_typed_limited_and_required() {
    let (place, test) = (Place::file(), "keyed");
    let queue = jobs().key(|job: &Job| job.name.clone()).per_key(1);
    let engine = one_at_a_time(&place, queue).await;
    let start = |name: &str, number| engine.start(import, job(test, name, number)).queue("jobs");
    let (a, other_a, b) = (start("a", 1).await.unwrap(), start("a", 1).await.unwrap(), start("b", 1).await.unwrap());
    begun(test, "b").await;
    until(async || engine.queue("jobs").info().await.unwrap().running == 2).await;
    assert_eq!(engine.queue("jobs").info().await.unwrap().waiting, 1);
    open(test, 1);
    for run in [a, other_a, b] {
        run.result().soon().await.unwrap();
    }
    let untyped = engine.start(patient, test.to_owned()).queue("jobs").await.unwrap_err().to_string();
    assert!(untyped.contains("queue `jobs` has keys for inputs of type"), "{untyped}");
    let client = place.builder().client().start().await.unwrap();
    let keyless = client.start(import, job(test, "a", 0)).queue("jobs").id("keyless").await.unwrap_err().to_string();
    assert!(
        keyless.contains("run `keyless` has no key in queue `jobs`, which has keys: declare the queue"),
        "{keyless}"
    );
    let aimless = engine.start(import, job(test, "a", 0)).priority(3).await.unwrap_err();
    assert!(matches!(&aimless, EngineError::Value { .. }), "{aimless:?}");
    assert_eq!(aimless.to_string(), "the priority of a run is for a queue: add `.queue(\"..\")` to the start");
    engine.shutdown(ENDING).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_begins_after_its_delay_or_at_its_moment() {
    let (place, test) = (Place::file(), "delayed");
    let engine = one_at_a_time(&place, jobs()).await;
    let from = SystemTime::now();
    let soon =
        engine.start(import, job(test, "soon", 0)).queue("jobs").delay(Duration::from_millis(300)).await.unwrap();
    let later = from + Duration::from_millis(700);
    let later = engine.start(import, job(test, "later", 0)).queue("jobs").not_before(later).await.unwrap();
    soon.result().soon().await.unwrap();
    assert!(from.elapsed().unwrap() >= Duration::from_millis(300));
    later.result().soon().await.unwrap();
    assert!(from.elapsed().unwrap() >= Duration::from_millis(700));
    engine.shutdown(ENDING).await.unwrap();
}

/// Starts children on a queue, at most two at once.
#[workflow]
async fn parent(flow: &mut Flow, (test, children): (String, usize)) -> Result<Vec<String>> {
    let flow = &*flow;
    let child = async |number: usize| {
        let job = Job { test: test.clone(), name: number.to_string(), number: 0 };
        flow.start(import, job).queue("jobs").await.await
    };
    let results: Vec<_> = stream::iter(0..children).map(child).buffered(2).collect().await;
    Ok(results.into_iter().collect::<std::result::Result<_, ChildError>>()?)
}

on_both! {
    async fn children_wait_in_a_queue_some_of_them_at_once(place: Place) {
        let test = format!("children-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(3)).await;
        let run = engine.start(parent, (test.clone(), 9)).soon().await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), (0..9).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(work(&test, |work| work.most) <= 2);
        // Those that a cancelled parent has queued end with it, without room.
        engine.queue("jobs").pause("for a while").soon().await.unwrap();
        let run = engine.start(parent, (test.clone(), 4)).soon().await.unwrap();
        until(async || engine.queue("jobs").info().await.unwrap().waiting == 2).await;
        assert!(run.cancel("enough").soon().await.unwrap().took_effect().soon().await.unwrap());
        until(async || engine.queue("jobs").info().await.unwrap().waiting == 0).await;
        // The deadline of the parent is that of its children.
        let run = engine.start(parent, (test, 1)).time_limit(Duration::from_secs(2)).soon().await.unwrap();
        until(async || engine.queue("jobs").info().await.unwrap().waiting == 1).await;
        assert!(matches!(run.result().soon().await, Err(RunError::TimedOut)));
        until(async || engine.queue("jobs").info().await.unwrap().waiting == 0).await;
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn what_an_engine_leaves_behind_goes_on_with_the_next_one(place: Place) {
        let test = format!("restart-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let first = started(&engine, job(&test, "first", 1)).await.id().to_owned();
        begun(&test, "first").await;
        let second = started(&engine, job(&test, "second", 1)).await.id().to_owned();
        // Without an orderly end.
        drop(engine);
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        until(async || work(&test, |work| work.order.len()) == 2).await;
        open(&test, 1);
        for id in [first, second] {
            engine.handle(import, &id).soon().await.unwrap().result().soon().await.unwrap();
        }
        assert_eq!(work(&test, |work| work.order.last().cloned()), Some("second".to_owned()));
        // With one.
        let third = started(&engine, job(&test, "third", 2)).await.id().to_owned();
        begun(&test, "third").await;
        assert!(!engine.shutdown(Duration::from_millis(10)).await.unwrap().finished);
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        open(&test, 2);
        engine.handle(import, &third).soon().await.unwrap().result().soon().await.unwrap();
        until(async || engine.queue("jobs").info().await.unwrap().running == 0).await;
        engine.shutdown(ENDING).await.unwrap();
    }
}

/// Continues as new, each time with a lower number.
#[workflow]
pub(crate) async fn again(flow: &mut Flow, (test, number): (String, usize)) -> Result<String> {
    at_work(flow, test.clone(), number.to_string(), 0).await?;
    if number == 0 {
        return Ok("done".to_owned());
    }
    flow.continue_as_new(again, (test, number - 1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_continues_as_new_stays_in_its_queue() {
    let (place, test) = (Place::file(), "again");
    let engine = one_at_a_time(&place, jobs().total(1)).await;
    let run = engine.start(again, (test.to_owned(), 3)).queue("jobs").id("again").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), "done");
    until(async || engine.queue("jobs").info().await.unwrap().running == 0).await;
    let run = started(&engine, job(test, "x", 0)).await;
    run.result().soon().await.unwrap();
    assert_eq!(work(test, |work| (work.most, work.order.join(" "))), (1, "3 2 1 0 x".to_owned()));
    engine.shutdown(ENDING).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_starts_and_a_transaction_queue_their_runs() {
    let (place, test) = (Place::file(), "many");
    let engine = one_at_a_time(&place, jobs().total(2)).await;
    let inputs = (0..40).map(|n| (format!("many-{n}"), job(test, &n.to_string(), 0)));
    let many = scoped(Scope::new().queue("jobs"), engine.start_all(import, inputs)).await.unwrap();
    assert_eq!(many.started, 40);
    let kept = engine
        .transaction(|tx| {
            tx.execute("CREATE TABLE orders (id INTEGER)", ())?;
            Ok(tx
                .start(import, job("many", "in a transaction", 0))
                .with(Scope::new().queue("jobs"))
                .id("in-tx")
                .begin()?)
        })
        .soon()
        .await;
    let id = kept.unwrap();
    engine.handle(import, &id).soon().await.unwrap().result().soon().await.unwrap();
    for n in 0..40 {
        engine.handle(import, &format!("many-{n}")).soon().await.unwrap().result().soon().await.unwrap();
    }
    assert!(work(test, |work| work.most) <= 2);
    engine.shutdown(ENDING).await.unwrap();
}
