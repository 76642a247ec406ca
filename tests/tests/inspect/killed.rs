//! A process is killed in the midst of its work: what it was at is seen, and looking leaves it to the next process.

use crate::order::from_outside;
use crate::place::Place;
use crate::tests_on;
use limits::{Soon as _, ended, until};
use std::process::{Command, Stdio};
use steadfast::Status;
use steadfast::inspect::{Inspector, Paging, RunsQuery, Step, StepStatus};

tests_on!(file, postgres: what_a_killed_process_was_at_is_seen);

async fn steps(inspector: &Inspector) -> Vec<Step> {
    inspector.steps("job-0", &Paging::first(100)).soon().await.map(|page| page.items).unwrap_or_default()
}

async fn what_a_killed_process_was_at_is_seen(place: Place) {
    let spawn = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_victim"));
        command.arg(place.name()).arg(place.folder().join("log")).arg("1").arg(place.term().as_millis().to_string());
        command.stdout(Stdio::piped()).spawn().expect("started")
    };
    let mut child = place.spawn(spawn);
    let mut inspector = None;
    until(async || {
        if inspector.is_none() && (place.is_postgres() || place.path().exists()) {
            inspector = opened(&place).await;
        }
        match &inspector {
            Some(inspector) => steps(inspector).await.len() > 3,
            None => false,
        }
    })
    .await;
    child.kill().expect("killed");
    ended(&mut child);
    let inspector = inspector.expect("opened");
    let run = inspector.run("job-0").soon().await.expect("read");
    let before = steps(&inspector).await;
    assert!(run.run.status == Status::Running || run.run.status == Status::Sleeping, "{:?}", run.run.status);
    assert!(before.iter().filter(|step| step.status == StepStatus::Completed).count() >= 3);
    let workers = inspector.workers().soon().await.expect("read");
    assert_eq!(workers.iter().map(|worker| Some(&worker.id)).collect::<Vec<_>>(), [run.worker.as_ref()]);
    // Nothing goes on by being looked at.
    let again = steps(&inspector).await;
    assert_eq!(serde_json::to_string(&again).expect("JSON"), serde_json::to_string(&before).expect("JSON"));

    let mut child = place.spawn(spawn);
    let inspector = from_outside(&place).await.expect("not in memory");
    until(async || {
        let done = inspector.count(&RunsQuery::all().status(Status::Completed)).soon().await.expect("counted");
        done.value >= 1
    })
    .await;
    ended(&mut child);
    let lost: Vec<_> =
        before.iter().filter(|step| step.status == StepStatus::Running).map(|step| step.position).collect();
    for step in steps(&inspector).await.iter().filter(|step| lost.contains(&step.position)) {
        assert!(step.attempts.len() == 2 && step.attempts[0].lost && !step.attempts[1].lost, "{step:?}");
    }
}

/// The file, or its tables, may not be there yet.
async fn opened(place: &Place) -> Option<Inspector> {
    if place.is_file() {
        Inspector::sqlite(place.path()).soon().await.ok()
    } else {
        Inspector::postgres(&place.name()).soon().await.ok()
    }
}
