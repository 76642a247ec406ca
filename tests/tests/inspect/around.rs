//! What stands around runs: queues, schedules, inboxes, and the reasons why runs are parked.

use crate::order::{self, Stop, inspectors, json};
use crate::place::Place;
use crate::tests_on;
use limits::{Soon as _, until};
use serde_json::json as value;
use steadfast::inspect::{Paging, RunsQuery};
use steadfast::prelude::*;
use steadfast::{ParkCause, Queue, Schedule, Status};

tests_on!(
    file, memory, postgres:
    what_waits_in_a_queue_is_seen, a_schedule_is_seen_with_its_times, parked_runs_are_grouped_by_their_reason,
);

const ALL: Paging = Paging::first(100);

async fn what_waits_in_a_queue_is_seen(place: Place) {
    let builder = place.builder().workflow(order::parcel).queue(Queue::new("slow").total(3));
    let engine = builder.start().soon().await.expect("the engine starts");
    engine.queue("slow").pause("the belt is stuck").soon().await.expect("paused");
    engine.start(order::parcel, 7).id("p-1").queue("slow").soon().await.expect("started");
    engine.send("p-1", Stop(5)).soon().await.expect("sent");
    for inspector in inspectors(&place, &engine).await {
        let queues = inspector.queues().soon().await.expect("read");
        assert_eq!((queues.len(), queues[0].waiting, queues[0].running, queues[0].total), (1, 1, 0, Some(3)));
        assert_eq!(queues[0].paused.as_deref(), Some("the belt is stuck"));
        assert_eq!(json(&queues[0])["rate"], value!(null));
        let run = inspector.run("p-1").soon().await.expect("read");
        assert_eq!((run.run.status, run.run.queue.as_deref(), run.inbox.value), (Status::Queued, Some("slow"), 1));
        let waits = &json(&run)["waits_for"][0];
        assert_eq!((&waits["for"], &waits["paused"]), (&value!("room"), &value!("the belt is stuck")));
        let inbox = inspector.inbox("p-1", &ALL).soon().await.expect("read").items;
        assert_eq!((inbox.len(), inbox[0].kind.as_str(), inbox[0].name.as_deref()), (1, "message", Some("Stop")));
        assert_eq!(json(&inbox[0].value)["value"], value!(5));
    }
}

async fn a_schedule_is_seen_with_its_times(place: Place) {
    let engine = order::engine(&place).await;
    for name in ["nightly", "weekly"] {
        let schedule = engine.schedule(name);
        schedule.set(Schedule::cron("0 3 * * *"), order::parcel, 0).soon().await.expect("set");
    }
    engine.schedule("nightly").pause("holidays").soon().await.expect("paused");
    for inspector in inspectors(&place, &engine).await {
        let page = inspector.schedules(&Paging::first(1)).soon().await.expect("read");
        assert_eq!((page.items[0].name.as_str(), page.items[0].paused.as_deref()), ("nightly", Some("holidays")));
        let rest = inspector.schedules(&Paging::first(9).after(page.next.expect("more"))).soon().await.expect("read");
        assert_eq!((rest.items.len(), rest.items[0].next.len(), rest.next.is_none()), (1, 10, true));
        let shown = json(&rest.items[0]);
        assert!(shown["next"][0].as_u64() > Some(1_000_000_000_000), "{shown}");
    }
}

#[workflow]
async fn panics(_flow: &mut Flow, text: String) -> Result<()> {
    assert!(text.is_empty(), "{text} is too much");
    Ok(())
}

async fn parked_runs_are_grouped_by_their_reason(place: Place) {
    let engine = place.builder().workflow(panics).start().soon().await.expect("the engine starts");
    for (id, text) in [("a", "ink"), ("b", "ink"), ("c", "paper")] {
        engine.start(panics, text.to_owned()).id(id).soon().await.expect("started");
    }
    let parked = RunsQuery::all().status(Status::Parked);
    until(async || engine.inspect().count(&parked).soon().await.expect("counted").value == 3).await;
    for inspector in inspectors(&place, &engine).await {
        let groups = inspector.reasons(Status::Parked).soon().await.expect("read");
        let found: Vec<_> = groups.iter().map(|group| (group.count.value, group.cause)).collect();
        assert_eq!(found, [(2, Some(ParkCause::Panicked)), (1, Some(ParkCause::Panicked))]);
        assert!(groups[0].message.contains("ink is too much"), "{}", groups[0].message);
        let run = inspector.run("c").soon().await.expect("read");
        assert!(run.run.parked.expect("a reason").message.contains("paper is too much"));
        assert_eq!(json(&run.waits_for[0].for_what), value!("Unpark"));
        assert_eq!(inspector.runs(&parked).soon().await.expect("read").items.len(), 3);
    }
}
