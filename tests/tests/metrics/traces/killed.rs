//! Processes are killed while their spans are exported: each span is collected, with the times of the journal.

use super::collector::Collected;
use super::expected::assert_traced;
use crate::place::Place;
use crate::tests_on;
use limits::{Dice, Soon as _};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use steadfast::inspect::Inspector;

tests_on!(file, postgres: each_span_is_exported_though_processes_are_killed);

/// How often processes are killed, in place of the number of the test.
const KILLS: &str = "STEADFAST_TROUBLE";

/// The runs, and how many steps each has one after the other for a kill.
const RUNS: u64 = 10;
const ROUNDS: u64 = 8;

async fn each_span_is_exported_though_processes_are_killed(place: Place) {
    let told = std::env::var(KILLS).ok().map(|text| text.parse().expect("a number"));
    let kills: u64 = told.unwrap_or(5);
    let collected = Collected::default();
    let address = collected.listen();
    let spawn = || -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_traced"));
        let numbers = [u128::from(RUNS), u128::from(ROUNDS * kills), place.term().as_millis()];
        command.args([place.name(), address.to_string()]).args(numbers.map(|number| number.to_string()));
        command.stdout(Stdio::piped()).spawn().expect("started")
    };
    let (mut dice, mut died) = (Dice::seeded(7), 0);
    for _ in 0..kills {
        let mut child = place.spawn(spawn);
        std::thread::sleep(Duration::from_millis(150 + dice.below(1_200)));
        died += u32::from(child.try_wait().expect("a child").is_none());
        child.kill().expect("killed");
        limits::ended(&mut child);
    }
    let until =
        std::time::Instant::now() + Duration::from_mins(1) + Duration::from_secs(2) * u32::try_from(kills).unwrap();
    let mut child = place.spawn(spawn);
    while child.try_wait().expect("a child").is_none() {
        assert!(std::time::Instant::now() < until, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().expect("a child").success());
    check(&place, &collected, u64::from(died)).soon().await;
}

async fn check(place: &Place, collected: &Collected, kills: u64) {
    let inspector = if place.is_file() {
        Inspector::sqlite(place.path()).await.expect("opened")
    } else {
        Inspector::postgres(&place.name()).await.expect("opened")
    };
    let (mut lost, mut spans) = (0, 0);
    for n in 0..RUNS {
        let (of_run, lost_of_run) = assert_traced(collected, &inspector, &format!("job-{n}")).await;
        (lost, spans) = (lost + lost_of_run, spans + of_run.len());
        let root = of_run.iter().find(|span| span.key().0 == "run").expect("a span");
        assert_eq!((&root.trace, &root.parent), (&format!("{:032x}", n + 1), &format!("{:016x}", n + 7)));
        let call = of_run.iter().find(|span| span.key().0 == "child").expect("a child");
        let [trace, child, relation] = &call.links[0];
        assert_eq!((trace, relation.as_str()), (&root.trace, "child"));
        let all = collected.all();
        let child = all.iter().find(|span| span.id == *child).expect("the span of the child");
        assert_eq!((&child.trace, &child.parent), (&root.trace, &call.id), "the child is in the trace of the run");
        let (below, lost_below) = assert_traced(collected, &inspector, child.is("steadfast.run.id")).await;
        (lost, spans) = (lost + lost_below, spans + below.len());
        assert!(of_run.iter().any(|span| span.error.as_deref() == Some("failed")));
    }
    let mut arrived: BTreeMap<String, u32> = BTreeMap::new();
    collected.all().into_iter().for_each(|span| *arrived.entry(span.trace + &span.id).or_default() += 1);
    assert_eq!(arrived.len(), spans, "nothing else was exported");
    let again: u32 = arrived.values().map(|times| times - 1).sum();
    println!("{kills} kills: {spans} spans, {lost} lost attempts, {again} exported again");
    // Only what was exported within the last round of a process that was killed comes again.
    let times = arrived.values().copied().max().unwrap_or(0);
    assert!(u64::from(times) <= kills + 1, "{times} times");
    assert!(lost > 0, "a process was killed at work");
    assert!(collected.texts().iter().all(|text| !text.contains("zq7")), "no value is exported");
}
