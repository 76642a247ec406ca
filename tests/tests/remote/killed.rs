//! Processes with remote steps that are killed, and stopped past their lease.

use crate::place::{Place, on_both};
use limits::{Dice, Heard};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::history::Kind;
use steadfast::{RunFilter, Status};

/// The lease term of the processes, in milliseconds.
const TERM: u32 = 600;
/// The runs of a test with its number of kills.
const RUNS: usize = 12;

/// How often processes are killed, in place of the number of each test; there are as many more runs.
const KILLS: &str = "STEADFAST_TROUBLE";

/// A limit that is long for everything expected, and short for a test that hangs; and what is added for each kill.
const LONG: Duration = Duration::from_mins(4);
const FOR_A_KILL: Duration = Duration::from_secs(5);

struct Fleet {
    place: Place,
    log: PathBuf,
    kills: u32,
    runs: usize,
}

impl Fleet {
    /// Creates a fleet whose processes are killed so often, unless the environment says otherwise.
    fn new(place: Place, kills: u32) -> Self {
        let told = std::env::var(KILLS).ok().map(|text| text.parse().expect("a number"));
        let times = told.map_or(1, |told: u32| told.div_ceil(kills));
        let runs = RUNS * usize::try_from(times).expect("a small number");
        Self { log: place.folder().join("log"), place, kills: told.unwrap_or(kills), runs }
    }

    /// Returns the log, in which no body has begun beside too many others.
    fn log_within_limits(&self) -> String {
        let text = std::fs::read_to_string(&self.log).expect("the log");
        let exceeding: Vec<&str> = text.lines().filter(|line| line.ends_with("exceeds")).collect();
        assert!(exceeding.is_empty(), "{exceeding:?}");
        text
    }

    fn spawn(&self, role: &str, number: usize) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_far"));
        command.args([&self.place.name(), path(&self.log), &TERM.to_string(), role, &number.to_string()]);
        command.stdout(Stdio::piped()).spawn().expect("the process begins")
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

/// Kills and stops the processes at random: the first one has the first role, the others have the second.
fn harassed(fleet: &Fleet, seed: u64, [first, others]: [&str; 2], with_stops: bool) -> Vec<Child> {
    let (mut dice, begun) = (Dice::seeded(seed), Instant::now());
    let spawned = |which: usize| if which == 0 { fleet.spawn(first, fleet.runs) } else { fleet.spawn(others, 4) };
    let mut processes: Vec<Child> = (0..4).map(spawned).collect();
    let (mut kills, mut stops) = (0, 0);
    for _ in 0..fleet.kills {
        assert!(begun.elapsed() < LONG + FOR_A_KILL * fleet.kills, "it does not end");
        std::thread::sleep(Duration::from_millis(40 + dice.below(250)));
        let which = usize::try_from(dice.below(4)).expect("one of four");
        if with_stops && dice.below(5) == 0 {
            stops += 1;
            signal(&processes[which], "STOP");
            std::thread::sleep(Duration::from_millis(u64::from(TERM) + 400 + dice.below(400)));
            signal(&processes[which], "CONT");
        } else {
            kills += 1;
            processes[which].kill().expect("killed");
            limits::ended(&mut processes[which]);
            processes[which] = spawned(which);
        }
    }
    println!("seed {seed}: killed {kills} times, stopped {stops} times");
    processes
}

/// Checks that every run has ended, that no attempt ran twice, and none after the step's result was recorded.
async fn check(fleet: &Fleet) {
    let engine = fleet.place.builder().client().start().await.expect("an engine");
    let infos = engine.list(RunFilter::all()).await.expect("a list");
    assert_eq!(infos.len(), fleet.runs);
    let text = std::fs::read_to_string(&fleet.log).expect("the log");
    let mut keys: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    let mut attempts = BTreeSet::new();
    for line in text.lines().filter(|line| line.ends_with("begins")) {
        let words: Vec<&str> = line.split(' ').collect();
        let (run, position): (_, u64) = (words[0], words[1].parse().expect("a position"));
        let attempt: u32 = words[2].parse().expect("an attempt");
        assert!(attempts.insert((run, position, attempt)), "attempt {attempt} of {run}@{position} ran twice");
        assert_eq!(keys.entry(words[3]).or_insert((run, position)), &(run, position), "one key, one call");
    }
    for info in infos {
        assert_eq!(info.status, Status::Completed, "{info:?}");
        let run = engine.run(&info.id).await.expect("a run");
        let history = run.history().await.expect("a history");
        let ended = history.iter().filter(|entry| entry.kind == Kind::StepCompleted);
        for done in ended.clone() {
            let later = attempts.iter().filter(|(run, position, attempt)| {
                *run == info.id && Some(*position) == done.position && Some(*attempt) > done.attempt
            });
            assert_eq!(later.count(), 0, "a finished step of {} ran again: {done}", info.id);
        }
        assert_eq!(ended.count(), 6 * 4, "each call ended once");
        let written = history.iter().filter(|entry| entry.kind == Kind::StreamWritten);
        assert_eq!(written.count(), 6 * 2, "each item is there once");
    }
    assert_eq!(fleet.place.tasks(), 0, "a call that has ended leaves no row");
    engine.shutdown(Duration::from_secs(5)).await.expect("an orderly end");
}

on_both! {
    async fn processes_that_are_killed_and_stopped_lose_nothing_and_repeat_nothing(place: Place) {
        let fleet = Fleet::new(place, 30);
        let mut processes = harassed(&fleet, 20_261_130, ["starts", "serves"], true);
        end(&mut processes);
        check(&fleet).await;
    }

    async fn limits_hold_however_often_processes_are_killed(place: Place) {
        let fleet = Fleet::new(place, 25);
        let mut processes = harassed(&fleet, 20_261_131, ["fans", "limits"], false);
        end(&mut processes);
        let text = fleet.log_within_limits();
        assert!(text.lines().count() >= fleet.runs * 16, "every call began");
    }

    async fn queued_runs_keep_their_order_and_their_limits_however_often_processes_are_killed(place: Place) {
        let fleet = Fleet::new(place, 25);
        let mut processes = harassed(&fleet, 20_261_132, ["lines", "rooms"], false);
        end(&mut processes);
        let text = fleet.log_within_limits();
        let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
        for line in text.lines().filter(|line| line.ends_with("works")) {
            let words: Vec<&str> = line.split(' ').collect();
            let (of, number): (_, u64) = (words[4], words[5].parse().expect("a number"));
            let last = reached.entry(of).or_insert(0);
            assert!((*last..=*last + 1).contains(&number), "{number} of {of} works after {last}");
            *last = number;
        }
        assert!(reached.len() == fleet.runs && reached.values().all(|last| *last == 7), "{reached:?}");
        // The last run may not have left the queue when its engine was killed: then the next one does that for it.
        let engine = fleet.place.builder().start().await.expect("an engine");
        limits::until(async || fleet.place.tasks() == 0).await;
        engine.shutdown(Duration::from_secs(5)).await.expect("an orderly end");
    }
}

/// Waits until all runs have ended, and kills those that serve.
fn end(processes: &mut [Child]) {
    let mut heard = Heard::of(processes[0].stdout.take().expect("its output"));
    while heard.next_line().expect("it ended without `done`") != "done" {}
    assert!(limits::ended(&mut processes[0]).success());
    for worker in &mut processes[1..] {
        worker.kill().expect("killed");
        limits::ended(worker);
    }
}
