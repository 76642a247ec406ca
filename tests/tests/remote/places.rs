//! Runs in queues: whose place a start takes, and what holds a place.

use crate::place::{ENDING, Place, on_both};
use crate::runs::{Job, begun, import, job, jobs, one_at_a_time, open, status, work};
use limits::{Soon as _, until};
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{Queue, RunError, Status};

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
        let longest = Duration::from_millis(900);
        let begin = std::time::Instant::now();
        let mut runs = Vec::new();
        for number in 0..4 {
            let call = engine.start(import, job(&test, &number.to_string(), 0)).queue("jobs");
            runs.push(call.debounce("save", Duration::from_millis(600), longest).soon().await.unwrap());
        }
        let last = runs.pop().unwrap();
        assert_eq!(last.result().soon().await.unwrap(), "3");
        assert!(begin.elapsed() >= Duration::from_millis(600), "{:?}", begin.elapsed());
        for run in runs {
            assert!(matches!(run.result().soon().await, Err(RunError::Cancelled { .. })));
        }
        assert_eq!(work(&test, |work| work.order.join(" ")), "3");
        engine.shutdown(ENDING).await.unwrap();
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
            until(async || status(&next).await == Status::Queued).await;
            assert_eq!(engine.queue(queue).info().soon().await.unwrap().running, 1);
            parked.cancel("it blocks the line").soon().await.unwrap().force().soon().await.unwrap();
            next.result().soon().await.unwrap();
        }
        engine.shutdown(ENDING).await.unwrap();
    }
}
