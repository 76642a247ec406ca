//! Processes that fire a schedule and are killed.

use crate::place::{Place, on_both};
use limits::{Dice, Heard};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::{RunFilter, Status};

/// The lease term of the processes, in milliseconds.
const TERM: u32 = 600;

/// How many times the schedule fires, and how often a process is killed.
const TIMES: usize = 80;
const KILLS: u32 = 25;

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(4);

fn spawned(place: &Place) -> Child {
    let log = place.folder().join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ticker"));
    command.args([&place.name(), log.to_str().expect("a path that is text"), &TERM.to_string(), &TIMES.to_string()]);
    command.stdout(Stdio::piped()).spawn().expect("the process begins")
}

on_both! {
    async fn each_time_is_fired_once_however_often_processes_are_killed(place: Place) {
        let (mut dice, begun) = (Dice::seeded(20_261_130), Instant::now());
        let mut processes: Vec<Child> = (0..3).map(|_| spawned(&place)).collect();
        for _ in 0..KILLS {
            assert!(begun.elapsed() < LONG, "it does not end");
            // Within the time of a few commits, and longer than a start takes.
            std::thread::sleep(Duration::from_millis(30 + dice.below(400)));
            let which = usize::try_from(dice.below(3)).expect("one of three");
            processes[which].kill().expect("killed");
            limits::ended(&mut processes[which]);
            processes[which] = spawned(&place);
        }
        let mut heard = Heard::of(processes[0].stdout.take().expect("its output"));
        while heard.next_line().expect("it ended without `done`") != "done" {}
        for process in &mut processes {
            // It may have ended by itself.
            let _ = process.kill();
            limits::ended(process);
        }
        check(&place).await;
    }
}

/// Checks that each of the nominal times has one run, and that no run has another time.
async fn check(place: &Place) {
    let term = Duration::from_millis(TERM.into());
    let engine = place.builder().client().lease_term(term).start().await.expect("an engine");
    let info = engine.schedule("often").info().await.expect("it is there");
    // Processes that were killed fire nothing, though their leases say that they have the workflow.
    limits::until(async || engine.schedule("often").info().await.expect("it is there").blocked.is_some()).await;
    assert_eq!((info.started, info.next.len()), (TIMES as u64, 0));
    let infos = engine.list(RunFilter::all().limit(10 * TIMES)).await.expect("a list");
    assert_eq!(infos.len(), TIMES);
    let text = std::fs::read_to_string(place.folder().join("log")).expect("the log");
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    for line in text.lines() {
        let (run, nominal) = line.split_once(' ').expect("a run and a time");
        let nominal: u64 = nominal.parse().expect("a time");
        assert_eq!(*times.entry(run).or_insert(nominal), nominal, "{run} has seen two times");
    }
    for info in &infos {
        assert_eq!(info.status, Status::Completed, "{info:?}");
        assert!(times.contains_key(&*info.id), "{info:?}");
    }
    let mut nominal: Vec<u64> = times.values().copied().collect();
    nominal.sort_unstable();
    let expected: Vec<u64> = (0..TIMES as u64).map(|n| nominal[0] + 100 * n).collect();
    assert_eq!(nominal, expected, "each time once, and none left out");
    engine.shutdown(Duration::from_secs(5)).await.expect("an orderly end");
}
