//! Each read of a run in the midst of its work, with an engine and without one.

use crate::order::{self, SECRET, Yes, asked, inspectors, json};
use crate::place::Place;
use crate::tests_on;
use limits::{Soon as _, until};
use serde_json::{Value, json as value};
use std::time::SystemTime;
use steadfast::inspect::{ChannelKind, Inspector, Paging, RunRef, RunsQuery, Shown, StepStatus};
use steadfast::{Pause, Status};

tests_on!(
    file, memory, postgres:
    a_run_is_seen_as_it_stands, what_happened_is_seen_entry_by_entry, what_a_run_shows_and_asks_is_seen, no_secret_is_in_any_answer, reasons_are_grouped, with_and_without_an_engine_the_same_is_seen,
);

const ALL: Paging = Paging::first(100);

async fn a_run_is_seen_as_it_stands(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    order::asleep(&engine.inspect(), 2).await;
    for inspector in inspectors(&place, &engine).await {
        let run = inspector.run("order-1").soon().await.expect("read");
        assert_eq!((run.run.id.as_str(), run.run.workflow.as_str()), ("order-1", "order"));
        assert_eq!((run.run.status, run.run.version), (Status::Sleeping, 1));
        assert_eq!(run.labels["tenant"], "red");
        assert_eq!(run.principal.as_ref().expect("one").to_string(), "ada");
        assert_eq!(run.deduplication_key.as_deref(), Some("key of order-1"));
        assert_eq!((run.deaths, run.inbox.value, run.children_count.value), (0, 0, 1));
        assert_eq!((run.children[0].workflow.as_str(), run.outcome.is_none()), ("parcel", true));
        assert_eq!(run.chain.len(), 1);
        assert_eq!(run.execution.len(), 32);
        let workers = inspector.workers().soon().await.expect("read");
        assert_eq!((workers.len(), run.worker), (1, Some(workers[0].id.clone())));
        let waits = json(&inspector.run("order-1").soon().await.expect("read"))["waits_for"].clone();
        assert_eq!((&waits[0]["for"], &waits[0]["run"]), (&value!("run"), &value!(run.children[0].id)));
        assert_eq!((&waits[1]["for"], &waits[1]["question"]), (&value!("answer"), &value!("MaySend")));
        assert!(waits[1]["help"].as_str().expect("a text").contains("engine.answer"), "{waits}");
        let child = inspector.run(&run.children[0].id).soon().await.expect("read");
        assert_eq!(child.parent.expect("there").id, "order-1");
        assert_eq!(json(&child.waits_for[0].for_what), value!({ "Message": "Stop" }));
        assert!(matches!(inspector.run("none").soon().await, Err(steadfast::inspect::InspectError::NoSuchRun { .. })));
    }
    // Continued as another run, it is a chain of two.
    engine.run("order-1").soon().await.expect("there").pause(Pause::Abandon).soon().await.expect("a pause is sent");
    let is_paused = async || engine.inspect().run("order-1").soon().await.expect("read").run.status == Status::Paused;
    until(is_paused).await;
    let point = steadfast::ForkPoint::after_entry(1);
    let rewound = engine.rewind("order-1", point).soon().await.expect("rewound");
    for inspector in inspectors(&place, &engine).await {
        let run = inspector.run("order-1").soon().await.expect("read");
        assert_eq!((run.run.number, run.chain.len()), (rewound.number(), 2));
        assert_eq!(
            (run.chain[0].status, run.forked_from.expect("one").number),
            (Status::Replaced, run.chain[0].number)
        );
        let old = inspector.run(&run.chain[0].id).soon().await.expect("read");
        let numbers = |chain: &[RunRef]| chain.iter().map(|run| run.number).collect::<Vec<_>>();
        assert_eq!(old.run.successor, Some(rewound.number()));
        assert_eq!(numbers(&old.chain), numbers(&run.chain));
        assert_eq!(inspector.forks(&old.run.id, &ALL).soon().await.expect("read").items.len(), 1);
    }
}

/// Returns the workers without their last heartbeats, which go on between two looks.
async fn workers(inspector: &Inspector) -> Value {
    let mut workers = json(&inspector.workers().soon().await.expect("read"));
    for worker in workers.as_array_mut().expect("a list") {
        worker["last_heartbeat"] = Value::Null;
    }
    workers
}

async fn what_happened_is_seen_entry_by_entry(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    for inspector in inspectors(&place, &engine).await {
        let history = inspector.history("order-1", &ALL).soon().await.expect("read");
        let (entries, mut paged, mut cursor) = (history.items, Vec::new(), None::<String>);
        loop {
            let paging = Paging::first(4);
            let paging = cursor.iter().fold(paging, Paging::after);
            let page = inspector.history("order-1", &paging).soon().await.expect("read");
            paged.extend(page.items.iter().map(json));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, entries.iter().map(json).collect::<Vec<_>>(), "pages are the whole");
        assert!(entries.iter().enumerate().all(|(n, entry)| entry.seq == n as u64 + 1));
        let first = json(&entries[0]);
        assert_eq!((&first["kind"], &first["value"]["secrets"]), (&value!("run_started"), &value!(true)));
        let set = entries.iter().find(|entry| entry.kind.as_str() == "context_set").expect("set");
        assert_eq!(json(&set.fields["tenant"]), value!({ "form": "json", "value": "red", "secrets": false }));
        assert!(matches!(set.fields["receipt"], Shown::Bytes { size: 0, .. }));

        let steps = inspector.steps("order-1", &ALL).soon().await.expect("read").items;
        let names: Vec<_> = steps.iter().map(|step| (step.name.as_str(), step.status)).collect();
        let done = StepStatus::Completed;
        assert_eq!(names, [("charge", done), ("pack", done), ("token", done), ("print", done)]);
        let charge = &steps[0];
        assert_eq!(charge.attempts.len(), 2);
        assert_eq!(charge.attempts[0].message.as_deref(), Some("the bank is away"));
        assert!(charge.attempts[0].retry_at.is_some() && charge.attempts[1].cause.is_none());
        assert_eq!(charge.context, Some(set.seq));
        let page = inspector.steps("order-1", &Paging::first(1)).soon().await.expect("read");
        let next = page.next.expect("more");
        let page = inspector.steps("order-1", &Paging::first(9).after(next)).soon().await.expect("read");
        assert_eq!((page.items.len(), page.items[0].name.as_str(), page.next), (3, "pack", None));

        let state = inspector.state("order-1", u64::MAX).soon().await.expect("read");
        assert_eq!((json(&state.fields["parcels"])["value"]["value"].as_u64(), state.state.is_some()), (Some(2), true));
        assert_eq!(json(&state.keys["last"].value)["value"], value!(2));
        let edited = entries.iter().find(|entry| entry.kind.as_str() == "state_edited").expect("edited");
        let before = inspector.state("order-1", edited.seq - 1).soon().await.expect("read");
        assert!(before.keys.is_empty() && before.version < state.version);
    }
}

async fn what_a_run_shows_and_asks_is_seen(place: Place) {
    let engine = order::engine(&place).await;
    let run = asked(&engine, "order-1").await;
    for inspector in inspectors(&place, &engine).await {
        let channels = inspector.channels("order-1", &ALL).soon().await.expect("read").items;
        let found: Vec<_> =
            channels.iter().map(|channel| (channel.kind, channel.name.as_str(), channel.items)).collect();
        let expected = [
            (ChannelKind::Stream, "log", 2),
            (ChannelKind::Published, "card", 1),
            (ChannelKind::Published, "stage", 2),
        ];
        assert_eq!(found, expected);
        assert_eq!(json(&channels[2].last)["value"]["value"], value!("asked"));
        let items =
            inspector.items("order-1", ChannelKind::Stream, "log", &Paging::first(1)).soon().await.expect("read");
        assert_eq!((items.items.len(), items.next.as_deref()), (1, Some("1")));
        let requests = inspector.open_requests(&ALL).soon().await.expect("read").items;
        assert_eq!((requests.len(), requests[0].run.as_str(), requests[0].open), (1, "order-1", true));
        assert_eq!(json(&requests[0].value)["value"], value!({ "cents": 500, "card": "[secret]" }));
        assert_eq!(json(&inspector.requests("order-1", &ALL).soon().await.expect("read").items), json(&requests));
        assert_eq!(inspector.inbox("order-1", &ALL).soon().await.expect("read").items.len(), 0);
        assert!(inspector.queues().soon().await.expect("read").is_empty());
        assert!(inspector.schedules(&ALL).soon().await.expect("read").items.is_empty());
    }
    let request = engine.requests().soon().await.expect("read").remove(0);
    engine.answer(&request.id, Yes(true)).soon().await.expect("answered");
    assert_eq!(run.result().soon().await.expect("done"), 500);
    for inspector in inspectors(&place, &engine).await {
        let channels = inspector.channels("order-1", &ALL).soon().await.expect("read").items;
        assert!(channels[0].closed && channels[0].items == 2);
        assert_eq!(json(&channels[0].last)["value"]["value"], value!("two"));
        assert!(inspector.open_requests(&ALL).soon().await.expect("read").items.is_empty());
        assert!(!inspector.requests("order-1", &ALL).soon().await.expect("read").items[0].open);
        let done = inspector.run("order-1").soon().await.expect("read");
        assert_eq!((done.run.status, json(&done.outcome)["value"].clone()), (Status::Completed, value!(500)));
        assert!(done.waits_for.is_empty() && done.worker.is_none());
    }
}

/// Returns everything that an inspector says of all runs, as JSON.
pub(crate) async fn everything(inspector: &Inspector) -> Value {
    let runs = inspector.runs(&RunsQuery::all()).soon().await.expect("read");
    let mut of_runs = Vec::new();
    for run in &runs.items {
        let id = run.id.as_str();
        let mut items = Vec::new();
        for channel in inspector.channels(id, &ALL).soon().await.expect("read").items {
            items.push(json(&inspector.items(id, channel.kind, &channel.name, &ALL).soon().await.expect("read")));
        }
        of_runs.push(value!({
            "run": json(&inspector.run(id).soon().await.expect("read")),
            "history": json(&inspector.history(id, &ALL).soon().await.expect("read")),
            "steps": json(&inspector.steps(id, &ALL).soon().await.expect("read")),
            "context": json(&inspector.context(id, u64::MAX).soon().await.expect("read")),
            "changes": json(&inspector.context_changes(id, &ALL).soon().await.expect("read")),
            "timeline": json(&inspector.timeline(id, 0).soon().await.expect("read")),
            "diagram": json(&inspector.diagram(id).soon().await.expect("read")),
            "diff": json(&inspector.diff((id, 0), (id, u64::MAX)).soon().await.expect("read")),
            "state": json(&inspector.state(id, u64::MAX).soon().await.expect("read")),
            "channels": json(&inspector.channels(id, &ALL).soon().await.expect("read")),
            "items": items,
            "requests": json(&inspector.requests(id, &ALL).soon().await.expect("read")),
            "inbox": json(&inspector.inbox(id, &ALL).soon().await.expect("read")),
        }));
    }
    value!({
        "runs": json(&runs),
        "counts": json(&inspector.count_by_status(&RunsQuery::all()).soon().await.expect("read")),
        "of_runs": of_runs,
        "open_requests": json(&inspector.open_requests(&ALL).soon().await.expect("read")),
        "parked": json(&inspector.reasons(Status::Parked).soon().await.expect("read")),
        "failed": json(&inspector.reasons(Status::Failed).soon().await.expect("read")),
        "queues": json(&inspector.queues().soon().await.expect("read")),
        "keys": json(&inspector.queue_keys("line", &ALL).soon().await.expect("read")),
        "schedules": json(&inspector.schedules(&ALL).soon().await.expect("read")),
        "workers": workers(inspector).await,
    })
}

async fn no_secret_is_in_any_answer(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    for inspector in inspectors(&place, &engine).await {
        let all = everything(&inspector).await;
        let text = all.to_string();
        assert!(!text.contains(SECRET) && !text.contains("sealed1:"), "{text}");
        // It is masked in each place where it stands: a field, arguments, a result, a question, an output, the input.
        assert!(text.matches("[secret]").count() >= 8, "{text}");
        let shown = format!("{inspector:?} {:?}", inspector.run("order-1").soon().await.expect("read"));
        assert!(!shown.contains(SECRET) && !shown.contains("sealed1:"), "{shown}");
    }
}

async fn reasons_are_grouped(place: Place) {
    let engine = order::engine(&place).await;
    for (id, why) in [("a", "no paper"), ("b", "no paper"), ("c", "no ink")] {
        let run = engine.start(order::broken, why.to_owned()).id(id).soon().await.expect("started");
        run.result().soon().await.expect_err("it fails");
    }
    for inspector in inspectors(&place, &engine).await {
        let groups = inspector.reasons(Status::Failed).soon().await.expect("read");
        let found: Vec<_> = groups.iter().map(|group| (group.count.value, group.examples.clone())).collect();
        assert_eq!(found, [(2, vec!["b".to_owned(), "a".to_owned()]), (1, vec!["c".to_owned()])]);
        assert!(groups[0].message.contains("no paper") && groups[0].workflow == "broken", "{}", groups[0].message);
        let failed = inspector.steps("a", &ALL).soon().await.expect("read").items;
        assert_eq!((failed[0].status, failed[0].attempts.len()), (StepStatus::Failed, 2));
        assert!(failed[0].attempts.iter().all(|attempt| attempt.message.as_deref() == Some("no paper")));
        assert!(inspector.reasons(Status::Parked).soon().await.expect("read").is_empty());
        let error = inspector.reasons(Status::Completed).soon().await.expect_err("none");
        assert_eq!(
            error.to_string(),
            "runs that are completed have no reason; ask for parked, failed, cancelled, timed_out or refused ones"
        );
    }
}

async fn with_and_without_an_engine_the_same_is_seen(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    let inspectors = inspectors(&place, &engine).await;
    order::asleep(&inspectors[0], 2).await;
    let first = everything(&inspectors[0]).await;
    for inspector in &inspectors[1..] {
        assert_eq!(everything(inspector).await, first);
    }
    // Once no engine is there, its runs wait for one.
    engine.shutdown(std::time::Duration::from_secs(10)).soon().await.expect("it ends");
    for inspector in &inspectors[1..] {
        until(async || {
            let run = inspector.run("order-1").soon().await.expect("read");
            run.waits_for.iter().any(|wait| wait.for_what == steadfast::WaitsFor::Engine)
        })
        .await;
        let health = inspector.health(true).soon().await.expect("measured");
        assert!(
            health.tables.iter().any(|table| table.table == "steadfast_log" && table.bytes.is_some()),
            "{health:?}"
        );
        assert!(health.bytes > Some(1_000) && health.schema > Some(3));
        let off = health.clock.duration_since(SystemTime::now()).unwrap_or_default();
        assert!(off < std::time::Duration::from_mins(1), "{health:?}");
    }
}
