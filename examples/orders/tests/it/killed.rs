//! Kills the program at any moment and starts it again: its summary is that of an undisturbed start.

use crate::program::{ORDERS, Program, Request};
use limits::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;
use steadfast::history::Kind;
use steadfast::{Engine, RunFilter, Status};

pub(crate) const ARGUMENTS: [&str; 5] = ["--file", ORDERS, "--limit", "300", "--slow"];

/// Returns every effect of the outside services, by order and step, each with its idempotency key.
pub(crate) fn effects(ledger: &[Request]) -> BTreeMap<(u64, String), String> {
    let mut effects = BTreeMap::new();
    for Request { key, order, step, .. } in ledger.iter().filter(|request| request.answer != "busy") {
        let first = effects.entry((*order, step.clone())).or_insert_with(|| key.clone());
        assert_eq!(first, key, "{step} of order {order} was asked for under two keys");
    }
    let keys: BTreeSet<_> = effects.values().collect();
    assert_eq!(keys.len(), effects.len(), "two calls had the same key");
    effects
}

/// Checks that no attempt of a step came after the one whose result was recorded.
pub(crate) async fn no_finished_step_ran_again(program: &Program, engine: &Engine, orders: usize) {
    let ledger = program.ledger();
    let runs = engine.list(RunFilter::all()).await.unwrap();
    assert_eq!(runs.len(), orders);
    let mut finished = 0;
    for run in runs {
        assert_eq!(run.status, Status::Completed);
        let order: u64 = run.id.strip_prefix("order-").unwrap().parse().unwrap();
        let requests: Vec<_> = ledger.iter().filter(|request| request.order == order).collect();
        let history = engine.run(&run.id).await.unwrap().history().await.unwrap();
        let names: BTreeMap<_, _> = history
            .iter()
            .filter(|entry| entry.kind == Kind::StepStarted)
            .map(|entry| (entry.position, entry.name.clone().unwrap()))
            .collect();
        for done in history.iter().filter(|entry| matches!(entry.kind, Kind::StepCompleted | Kind::StepFailed)) {
            let name = &names[&done.position];
            let last = requests.iter().filter(|request| request.step == *name).map(|request| request.attempt).max();
            assert_eq!(last, done.attempt, "the last attempt of {name} of order {order} is the recorded one");
            finished += 1;
        }
    }
    assert_eq!(finished, effects(&ledger).len(), "every effect belongs to a recorded step");
}

#[tokio::test]
async fn killed_again_and_again_it_ends_with_the_same_summary_and_every_effect_once() {
    let mut dice = Dice::seeded(20_261_121);
    let undisturbed = Program::new(&ARGUMENTS);
    let expected = undisturbed.summary();

    let killed = Program::new(&ARGUMENTS);
    let mut kills = Vec::new();
    while kills.len() < 15 {
        let mut child = killed.spawn();
        let millis = 20 + dice.below(230);
        std::thread::sleep(Duration::from_millis(millis));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        limits::ended(&mut child);
        kills.push(millis);
    }
    println!("killed after {kills:?} ms");
    assert!(kills.len() >= 10, "the machine was too fast for this test to say anything");

    assert_eq!(killed.summary(), expected);
    assert_eq!(killed.summary(), expected, "a start that finds everything done says the same");
    let (one, other) = (effects(&undisturbed.ledger()), effects(&killed.ledger()));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for program in [&undisturbed, &killed] {
        let engine = Engine::builder().sqlite(program.path("orders.db")).client().start().await.unwrap();
        no_finished_step_ran_again(program, &engine, 300).await;
    }
}

#[test]
fn interrupted_it_ends_in_order_and_goes_on_later() {
    let program = Program::new(&ARGUMENTS);
    let mut child = program.spawn();
    limits::hold_until(|| {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::fs::metadata(program.path("orders.db-ledger.jsonl")).is_ok_and(|file| file.len() > 0)
    });
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(limits::ended(&mut child).code(), Some(130));
    assert!(program.summary().contains("│ all orders             ┆    300 ┆"));
}

#[test]
fn the_whole_file_has_the_summary_that_can_be_counted_by_hand() {
    let summary = Program::new(&["--file", ORDERS]).summary();
    for line in [
        "│ shipped                ┆  2,664 ┆",
        "│ declined: no funds     ┆     51 ┆",
        "│ all orders             ┆  2,988 ┆",
        "│ faulty lines           ┆     12 ┆",
    ] {
        assert!(summary.contains(line), "{line} in\n{summary}");
    }
}
