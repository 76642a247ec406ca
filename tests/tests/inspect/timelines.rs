//! The calls of a run over time, and the way that it has taken.

use crate::order::{self, asked, broken, inspectors};
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use steadfast::history::Kind;
use steadfast::inspect::{Paging, StepStatus, TimelineCall};

tests_on!(file, memory, postgres: calls_are_seen_over_time, what_a_failed_step_was_is_seen, the_way_of_a_run_is_a_graph);

async fn calls_are_seen_over_time(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    for inspector in inspectors(&place, &engine).await {
        let timeline = inspector.timeline("order-1", 0).soon().await.expect("read");
        let calls: Vec<_> = timeline.calls.iter().map(|call| (call.kind, call.name.as_str(), call.status)).collect();
        let done = |name| (Kind::StepStarted, name, StepStatus::Completed);
        let open = StepStatus::Running;
        assert_eq!(
            calls,
            [
                done("charge"),
                done("pack"),
                done("token"),
                done("print"),
                (Kind::ChildStarted, "parcel", open),
                (Kind::RequestOpened, "MaySend", open)
            ]
        );
        let charge = &timeline.calls[0];
        assert_eq!((charge.attempts.len(), charge.attempts[0].lost), (2, false));
        assert!(charge.attempts[0].retry_at.is_some() && charge.attempts[1].retry_at.is_none());
        assert!(charge.attempts[1].started_at >= charge.attempts[0].ended_at.expect("it has ended"));
        assert!(charge.ended_at.expect("it has ended") <= timeline.until.expect("there are entries"));
        // The same versions as the changes of the context, and what the steps say that they saw.
        let changes = inspector.context_changes("order-1", &Paging::first(100)).soon().await.expect("read").items;
        let versions: Vec<_> = timeline.changes.iter().map(|change| change.seq).collect();
        assert_eq!(versions, changes.iter().map(|change| change.seq).collect::<Vec<_>>());
        assert_eq!(charge.context, Some(versions[0]));
        // From an entry on there is the rest.
        let rest = inspector.timeline("order-1", charge.called).soon().await.expect("read");
        assert_eq!(rest.calls[0].name, "pack");
        inspector.timeline("order-9", 0).soon().await.expect_err("there is no such run");
    }
}

async fn what_a_failed_step_was_is_seen(place: Place) {
    let engine = order::engine(&place).await;
    let run = engine.start(broken, "no paper".to_owned()).id("broken-1").soon().await.expect("started");
    run.result().soon().await.expect_err("it fails");
    for inspector in inspectors(&place, &engine).await {
        let timeline = inspector.timeline("broken-1", 0).soon().await.expect("read");
        let [TimelineCall { status, attempts, .. }] = timeline.calls.as_slice() else { panic!("{timeline:?}") };
        assert_eq!(*status, StepStatus::Failed);
        assert!(
            attempts.len() == 2 && attempts.iter().all(|attempt| attempt.ended_at.is_some() && !attempt.lost),
            "{attempts:?}"
        );
    }
}

async fn the_way_of_a_run_is_a_graph(place: Place) {
    let engine = order::engine(&place).await;
    asked(&engine, "order-1").await;
    for inspector in inspectors(&place, &engine).await {
        let diagram = inspector.diagram("order-1").soon().await.expect("read");
        let json = serde_json::to_value(&diagram).expect("JSON");
        let nodes = json["nodes"].as_array().expect("nodes");
        let charge = nodes.iter().find(|node| node["id"] == "step_charge").expect("a node");
        assert_eq!((&charge["kind"], &charge["calls"], &charge["failed"]), (&"step".into(), &1.into(), &0.into()));
        let edges = json["edges"].as_array().expect("edges");
        assert!(edges.iter().any(|edge| edge["from"] == "begin" && edge["to"] == "step_charge"), "{edges:?}");
        assert_eq!(json["event_driven"], false);
        // It is what the engine draws of the run.
        let drawn = engine.run("order-1").soon().await.expect("there").diagram().soon().await.expect("drawn");
        assert_eq!(diagram, drawn);
    }
}
