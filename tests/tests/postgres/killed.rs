//! Processes of a fleet that are killed: `kill -9`, and `SIGSTOP` past the lease.

use limits::{Dice, Heard};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::history::Kind;
use steadfast::{Engine, RunFilter, Status};
use throwaway_postgres::{Cluster, Database};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_mins(4);

/// The lease term of the processes, if the test chooses no other.
const TERM: Duration = Duration::from_millis(600);

/// Processes on one database, with the log of their attempts.
pub(crate) struct Fleet {
    database: Database,
    folder: tempfile::TempDir,
    /// The lease term of the processes.
    term: Duration,
}

impl Fleet {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        Self::with_term(cluster, TERM)
    }

    pub(crate) fn with_term(cluster: &Cluster, term: Duration) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        Self { database: cluster.database("fleet"), folder, term }
    }

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn spawn(&self, what: &str) -> Child {
        self.spawn_at(self.database.url(), what)
    }

    /// Starts a process that reaches the database in another way.
    pub(crate) fn spawn_at(&self, url: &str, what: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_victim"));
        command.arg(url).arg(self.log()).arg(what).arg(self.term.as_millis().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the victim begins")
    }

    /// Checks that every run has ended, that no finished step ran again, and that only the attempts of one step share a
    /// key.
    pub(crate) async fn check(&self, runs: usize) {
        let engine = Engine::builder().postgres(self.database.url()).start().await.expect("an engine");
        let infos = engine.list(RunFilter::all().limit(runs + 1)).await.expect("a list");
        assert_eq!(infos.len(), runs);
        let text = std::fs::read_to_string(self.log()).expect("the log");
        let mut keys: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
        let mut attempts = BTreeSet::new();
        let mut last: BTreeMap<(&str, u64), u32> = BTreeMap::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (run, position): (_, u64) = (words[0], words[1].parse().expect("a position"));
            let attempt: u32 = words[2].parse().expect("an attempt");
            assert!(attempts.insert((run, position, attempt)), "attempt {attempt} of {run}@{position} ran twice");
            let last = last.entry((run, position)).or_default();
            *last = attempt.max(*last);
            assert_eq!(keys.entry(words[3]).or_insert((run, position)), &(run, position), "one key, one call");
        }
        for info in infos {
            assert_eq!(info.status, Status::Completed, "{info:?}");
            let history = engine.run(&info.id).await.expect("a run").history().await.expect("a history");
            for done in history.iter().filter(|entry| entry.kind == Kind::StepCompleted) {
                let last = done.position.and_then(|position| last.get(&(info.id.as_str(), position)).copied());
                assert!(last <= done.attempt, "a finished step of {} ran again: {done}", info.id);
            }
        }
        engine.shutdown(Duration::from_secs(5)).await.expect("an orderly end");
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

/// Waits until a victim has done everything.
pub(crate) fn ends(mut child: Child) {
    let heard = Heard::of(child.stdout.take().expect("its output"));
    ends_with(child, heard);
}

fn ends_with(mut child: Child, mut heard: Heard) {
    while heard.next_line().expect("the victim ended without `done`") != "done" {}
    assert!(limits::ended(&mut child).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_that_are_killed_and_stopped_at_random_lose_nothing_and_repeat_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::new(cluster);
    let (mut dice, begun) = (Dice::seeded(20_261_130), Instant::now());
    let mut workers: Vec<Child> = (0..3).map(|_| fleet.spawn("30")).collect();
    let (mut kills, mut stops) = (0, 0);
    for _ in 0..24 {
        assert!(begun.elapsed() < LONG, "it does not end");
        std::thread::sleep(Duration::from_millis(60 + dice.below(400)));
        let which = usize::try_from(dice.below(3)).expect("one of three");
        if dice.below(4) == 0 {
            stops += 1;
            signal(&workers[which], "STOP");
            std::thread::sleep(TERM + Duration::from_millis(400 + dice.below(600)));
            signal(&workers[which], "CONT");
        } else {
            kills += 1;
            workers[which].kill().expect("killed");
            limits::ended(&mut workers[which]);
            workers[which] = fleet.spawn("30");
        }
    }
    println!("killed {kills} times, stopped {stops} times");
    workers.into_iter().for_each(ends);
    fleet.check(30).await;
}

#[test]
fn money_moved_by_three_processes_is_exact_however_often_they_are_killed() {
    let Some(cluster) = Cluster::shared() else { return };
    let fleet = Fleet::new(cluster);
    let mut dice = Dice::seeded(20_261_201);
    // The first one creates the accounts.
    let mut workers = vec![fleet.spawn("bank")];
    let mut heard = Heard::of(workers[0].stdout.take().expect("its output"));
    while heard.next_line().expect("the victim ended without `started`") != "started" {}
    workers.extend((0..2).map(|_| fleet.spawn("bank")));
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(50 + dice.below(300)));
        let which = usize::try_from(dice.below(3)).expect("one of three");
        workers[which].kill().expect("killed");
        limits::ended(&mut workers[which]);
        workers[which] = fleet.spawn("bank");
    }
    for mut worker in workers {
        match worker.stdout.take() {
            Some(output) => ends_with(worker, Heard::of(output)),
            // The first one was never killed: its output is read already.
            None => drop(limits::ended(&mut worker)),
        }
    }
    drop(heard);
    let count = |query: &str| -> i64 {
        let rows = fleet.database.execute(query).expect("a count");
        rows[0][0].as_deref().expect("a number").parse().expect("a number")
    };
    // Each of 20 runs moves a cent five times, two cents back five times, and five cents at its end.
    assert_eq!(count("SELECT count(*) FROM moves"), 20 * 11);
    assert_eq!(count("SELECT sum(cents) FROM moves"), 20 * 20);
    assert_eq!(count("SELECT cents FROM accounts WHERE name = 'b'"), 1_000);
    assert_eq!(count("SELECT sum(cents) FROM accounts"), 2_000);
    assert_eq!(count("SELECT sum(moves) FROM accounts"), 2 * 20 * 11);
    assert_eq!(count("SELECT count(*) FROM orders"), count("SELECT count(*) FROM steadfast_runs"));
}
