//! Runs in queues: whose place a start takes, and what holds a place.

use crate::place::{ENDING, Place, on_both};
use crate::runs::{Job, again, begun, import, job, jobs, one_at_a_time, open, status, work};
use limits::{Soon as _, until};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{ChildError, Pause, Queue, RunError, Scope, Status};

on_both! {
    async fn a_held_key_is_refused_returned_replaced_or_taken(place: Place) {
        let test = format!("held-key-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let start = |name: &str, number| {
            engine.start(import, job(&test, name, number)).queue("jobs").deduplication_key("k").id(format!("{test}-{name}"))
        };
        let first = start("first", 1).soon().await.unwrap();
        begun(&test, "first").await;
        let held = start("second", 0).soon().await.unwrap_err().to_string();
        assert!(held.contains(&format!("run `{}` holds the deduplication key `k`", first.id())), "{held}");
        let same = start("other", 0).return_holder().soon().await.unwrap();
        assert_eq!((same.id(), same.is_new()), (first.id(), false));
        // The first one has begun, and goes on; of those that wait, the last one is left.
        let second = start("second", 0).replace_holder().soon().await.unwrap();
        let third = start("third", 2).replace_holder().soon().await.unwrap();
        let why = format!("run `{}` has taken its place", third.id());
        assert!(matches!(second.result().soon().await, Err(RunError::Cancelled { reason, .. }) if reason == why));
        open(&test, 1);
        first.result().soon().await.unwrap();
        begun(&test, "third").await;
        // The newest one wins.
        let fourth = start("fourth", 0).cancel_holder().soon().await.unwrap();
        assert!(matches!(third.result().soon().await, Err(RunError::Cancelled { .. })));
        fourth.result().soon().await.unwrap();
        assert_eq!(work(&test, |work| work.order.join(" ")), "first third fourth");
        let keyless = engine.start(import, job(&test, "x", 0)).cancel_holder().soon().await.unwrap_err().to_string();
        assert!(keyless.contains("add `.deduplication_key(\"..\")`"), "{keyless}");
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn starts_that_follow_each_other_become_one(place: Place) {
        let test = format!("debounced-{}", place.name());
        let engine = one_at_a_time(&place, jobs()).await;
        let start = |number: usize, wait, longest| {
            let call = engine.start(import, job(&test, &number.to_string(), 0)).queue("jobs");
            call.debounce("save", wait, longest).soon()
        };
        let begin = std::time::Instant::now();
        let mut runs = Vec::new();
        // However long the starts take, none begins between them.
        engine.queue("jobs").pause("for the starts").soon().await.unwrap();
        for number in 0..4 {
            runs.push(start(number, Duration::from_millis(600), Duration::from_mins(10)).await.unwrap());
        }
        engine.queue("jobs").resume().soon().await.unwrap();
        let last = runs.pop().unwrap();
        assert_eq!(last.result().soon().await.unwrap(), "3");
        assert!(begin.elapsed() >= Duration::from_millis(600), "{:?}", begin.elapsed());
        for run in runs {
            assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { .. })));
        }
        // Starts that never stop do not put it off for ever.
        let longest = Duration::from_millis(200);
        let first = start(4, Duration::from_mins(10), longest).await.unwrap();
        let second = start(5, Duration::from_mins(10), longest).await.unwrap();
        assert_eq!(second.result().soon().await.unwrap(), "5");
        let ends = first.result().soon().await;
        assert!(ends.is_ok() || matches!(ends, Err(RunError::Cancelled { .. })), "it has begun before, or was replaced");
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn starts_that_follow_each_other_become_the_first_of_them(place: Place) {
        let test = format!("leading-{}", place.name());
        let engine = one_at_a_time(&place, jobs()).await;
        engine.queue("jobs").pause("for the starts").soon().await.unwrap();
        let begin = std::time::Instant::now();
        let (wait, longest) = (Duration::from_millis(400), Duration::from_mins(10));
        let start = |name: &str| {
            let call = engine.start(import, job(&test, name, 0)).queue("jobs");
            call.debounce_leading(test.clone(), wait, longest).soon()
        };
        let first = start("first").await.unwrap();
        for name in ["second", "third"] {
            let same = start(name).await.unwrap();
            assert_eq!((same.id(), same.is_new()), (first.id(), false));
        }
        engine.queue("jobs").resume().soon().await.unwrap();
        assert_eq!(first.result().soon().await.unwrap(), "first");
        assert!(begin.elapsed() >= wait, "{:?}", begin.elapsed());
        let next = start("next").await.unwrap();
        assert!(next.is_new());
        assert_eq!(next.result().soon().await.unwrap(), "next");
        engine.shutdown(ENDING).await.unwrap();
    }
}

#[workflow]
async fn joins(flow: &mut Flow, job: Job) -> Result<String> {
    let child = flow.start(import, job).with(Scope::new().deduplication_key("joined").return_holder()).await;
    match child.await {
        Err(ChildError::Refused { reason }) => Ok(reason),
        other => Err(Error::msg(format!("{other:?}"))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_queue_or_no_parent_is_refused_by_name() {
    let builder = Engine::builder().in_memory().workflow(joins).workflow(import).queue(jobs());
    let engine = builder.serve("jobs", 1).start().await.unwrap();
    let second = Duration::from_secs(1);
    let aimless = engine.start(import, job("refused", "x", 0)).debounce("x", second, second).await.unwrap_err();
    assert_eq!(aimless.to_string(), "a debounced start is for a queue: add `.queue(\"..\")` to the start");
    let reason = engine.start(joins, job("refused", "x", 0)).await.unwrap().result().soon().await.unwrap();
    let expected = "a child is a run of its own: start it without `.return_holder()` and `.debounce_leading(..)`";
    assert!(reason.contains(expected), "{reason}");
    let no_key = engine.queue("jobs").set_weight("acme", Some(2)).await.unwrap_err();
    assert!(no_key.to_string().contains("queue `jobs` has no key"), "{no_key}");
    engine.shutdown(ENDING).await.unwrap();
    for (tasks, fault) in [
        (0, "the weight of key `acme` is from 1 to 1000000, not 0"),
        (1_000_001, "the weight of key `acme` is from 1 to 1000000, not 1000001"),
        (3, "has the weight of a key, and no key: add `.key("),
    ] {
        let queue = jobs().weight("acme", tasks);
        let refused = Engine::builder().in_memory().workflow(import).queue(queue).serve("jobs", 1).start().await;
        let refused = refused.expect_err("the declaration has a fault").to_string();
        assert!(refused.contains(fault), "{refused}");
    }
}

#[workflow]
async fn sick(_flow: &mut Flow, job: Job) -> Result<String> {
    assert!(job.number == 0, "sick");
    Ok(job.name)
}

on_both! {
    async fn a_parked_run_keeps_its_room_only_if_the_queue_holds_it(place: Place) {
        let test = format!("parked-{}", place.name());
        let builder = || place.builder().workflow(sick).serve("line", 4).serve("jobs", 1);
        let line = Queue::new("line").key(|job: &Job| job.test.clone()).in_order();
        let engine = builder().queue(line).queue(jobs()).start().await.unwrap();
        for (queue, goes_on) in [("jobs", true), ("line", false)] {
            let start = |name: &str, number| engine.start(sick, job(&test, name, number)).queue(queue);
            let parked = start("parked", 1).soon().await.unwrap();
            until(async || status(&parked).await == Status::Parked).await;
            let next = start("next", 0).soon().await.unwrap();
            if goes_on {
                next.result().soon().await.unwrap();
                continue;
            }
            // The engine has looked at the queue since.
            let other = engine.start(sick, job("another line", "other", 0)).queue(queue).soon().await.unwrap();
            other.result().soon().await.unwrap();
            assert_eq!(status(&next).await, Status::Queued);
            assert_eq!(engine.queue(queue).info().soon().await.unwrap().running, 1);
            parked.cancel("it blocks the line").soon().await.unwrap().force().soon().await.unwrap();
            next.result().soon().await.unwrap();
        }
        engine.shutdown(ENDING).await.unwrap();
    }
}

on_both! {
    async fn a_run_that_continues_as_new_keeps_its_turn(place: Place) {
        let test = format!("turn-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1).held()).await;
        engine.queue("jobs").pause("until all wait").soon().await.unwrap();
        let run = engine.start(again, (test.clone(), 3)).queue("jobs").soon().await.unwrap();
        let next = engine.start(import, job(&test, "next", 0)).queue("jobs").soon().await.unwrap();
        engine.queue("jobs").resume().soon().await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), "done");
        next.result().soon().await.unwrap();
        assert_eq!(work(&test, |work| (work.most, work.order.join(" "))), (1, "3 2 1 0 next".to_owned()));
        engine.shutdown(ENDING).await.unwrap();
    }

    async fn a_pause_needs_no_room_and_prolongs_the_time_of_a_run_that_waits(place: Place) {
        let test = format!("paused-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let first = engine.start(import, job(&test, "first", 1)).queue("jobs").soon().await.unwrap();
        begun(&test, "first").await;
        let call = engine.start(import, job(&test, "second", 1)).queue("jobs");
        let second = call.time_limit(Duration::from_secs(2)).soon().await.unwrap();
        second.pause(Pause::Drain).soon().await.unwrap();
        until(async || status(&second).await == Status::Paused).await;
        let info = engine.queue("jobs").info().soon().await.unwrap();
        assert_eq!((info.waiting, info.running), (0, 1));
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        second.resume().soon().await.unwrap();
        until(async || status(&second).await == Status::Queued).await;
        // The engine has looked at the queue since, and at runs whose time is over.
        let third = engine.start(import, job(&test, "third", 0)).queue("jobs");
        let third = third.time_to_live(Duration::from_millis(1)).soon().await.unwrap();
        assert!(matches!(third.result().soon().await, Err(RunError::Cancelled { .. })));
        open(&test, 1);
        first.result().soon().await.unwrap();
        let ended = second.result().soon().await;
        assert!(ended.is_ok() || matches!(ended, Err(RunError::TimedOut)), "{ended:?}");
        assert_eq!(work(&test, |work| work.most), 1);
        engine.shutdown(ENDING).await.unwrap();
    }
}

on_both! {
    async fn a_run_that_is_paused_and_resumed_at_once_waits_for_room(place: Place) {
        let test = format!("resumed-{}", place.name());
        let engine = one_at_a_time(&place, jobs().total(1)).await;
        let first = engine.start(import, job(&test, "first", 1)).queue("jobs").soon().await.unwrap();
        begun(&test, "first").await;
        let second = engine.start(import, job(&test, "second", 0)).queue("jobs").soon().await.unwrap();
        for _ in 0..20 {
            second.pause(Pause::Drain).soon().await.unwrap();
            second.resume().soon().await.unwrap();
        }
        until(async || status(&second).await == Status::Queued).await;
        open(&test, 1);
        first.result().soon().await.unwrap();
        second.result().soon().await.unwrap();
        assert_eq!(work(&test, |work| (work.most, work.order.join(" "))), (1, "first second".to_owned()));
        engine.shutdown(ENDING).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_leaves_its_queue_at_once_in_an_engine_that_is_alone() {
    let test = "alone";
    let builder = Engine::builder().in_memory().lease_term(Duration::from_hours(1)).queue(jobs().total(1));
    let engine = builder.workflow(import).serve("jobs", 1).start().await.unwrap();
    let first = engine.start(import, job(test, "first", 1)).queue("jobs").await.unwrap();
    begun(test, "first").await;
    let second = engine.start(import, job(test, "second", 1)).queue("jobs").await.unwrap();
    assert!(second.cancel("not needed").await.unwrap().took_effect().soon().await.unwrap());
    open(test, 1);
    first.result().soon().await.unwrap();
    assert_eq!(engine.queue("jobs").info().await.unwrap().running, 0, "its room went with its end");
    engine.shutdown(ENDING).await.unwrap();
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Count {
    #[context(default)]
    pub(crate) runs: u64,
}

#[workflow(context = Count)]
pub(crate) async fn counts(flow: &mut Flow<Count>) -> Result<u64> {
    Ok(flow.runs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_may_be_moved_and_one_that_continues_another_cannot_wait() {
    let (place, test) = (Place::file(), "moved");
    let engine = one_at_a_time(&place, jobs().total(1)).await;
    let first = engine.start(import, job(test, "first", 1)).queue("jobs").await.unwrap();
    begun(test, "first").await;
    let moved = engine.start(import, job(test, "moved", 0)).queue("jobs").id("moved").await.unwrap();
    let file = place.folder().join("moved.run");
    moved.export_and_end(&file).soon().await.unwrap();
    let elsewhere = Engine::builder().in_memory().workflow(import).start().await.unwrap();
    elsewhere.import(&file).soon().await.unwrap();
    assert_eq!(elsewhere.handle(import, "moved").await.unwrap().result().soon().await.unwrap(), "moved");
    open(test, 1);
    first.result().soon().await.unwrap();
    let last = engine.start(import, job(test, "last", 0)).queue("jobs").await.unwrap();
    last.result().soon().await.unwrap();
    assert_eq!(status(&moved).await, Status::Moved);
    assert_eq!(work(test, |work| work.order.join(" ")), "first moved last");
    let refused = engine.start(counts, ()).queue("jobs").continuing(last.id()).await.unwrap_err().to_string();
    assert!(refused.contains("one that continues another cannot wait in a queue"), "{refused}");
    for engine in [engine, elsewhere] {
        engine.shutdown(ENDING).await.unwrap();
    }
}
