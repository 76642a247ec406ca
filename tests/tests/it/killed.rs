//! Real processes that are killed (cases D1 to D5, D7, D12): `kill -9`, `SIGSTOP`, a step that ends its process. Each
//! test has one process at work, or two; `tests/postgres` has fleets.

mod graph;
mod talk;

use crate::place::Place;
use limits::{Dice, Heard};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use steadfast::history::{HistoryEntry, Kind};
use steadfast::{RunFilter, Status};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_secs(90);

pub(crate) struct Victim {
    place: Place,
}

impl Victim {
    pub(crate) const fn new(place: Place) -> Self {
        Self { place }
    }

    fn spawn(&self, what: &str, term: Duration) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_victim"));
        command.arg(self.place.name()).arg(self.place.folder().join("log")).arg(what).arg(term.as_millis().to_string());
        // Processes on Postgres keep their side files there.
        command.env("TMPDIR", self.place.folder());
        command.stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Starts the victim again and again, and kills it each time after a random time within `millis`, until it finishes
    /// by itself. After `most` kills it is left to finish.
    pub(crate) fn killed_again_and_again(&self, what: &str, most: u32, millis: Range<u64>, seed: u64) {
        let (mut dice, mut kills, begun) = (Dice::seeded(seed), 0, Instant::now());
        loop {
            assert!(begun.elapsed() < LONG, "it does not end");
            let mut child = self.place.spawn(|| self.spawn(what, self.place.term()));
            std::thread::sleep(Duration::from_millis(millis.start + dice.below(millis.end - millis.start)));
            if kills == most || child.try_wait().unwrap().is_some() {
                let _rest = wait_for_line(&mut child, "done");
                assert!(limits::ended(&mut child).success());
                break;
            }
            child.kill().unwrap();
            limits::ended(&mut child);
            kills += 1;
        }
        println!("killed {kills} times");
        assert!(kills >= 2, "the machine was too fast for this test to say anything");
    }

    /// Returns the log: for every attempt its run, command index, number and idempotency key.
    fn log(&self) -> Vec<(String, u64, u32, String)> {
        let text = std::fs::read_to_string(self.place.folder().join("log")).unwrap_or_default();
        let line = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0].to_owned(), words[1].parse().unwrap(), words[2].parse().unwrap(), words[3].to_owned())
        };
        text.lines().map(line).collect()
    }

    /// Checks that no finished step ran again, every attempt ran once, and only the attempts of one step share a key.
    async fn check(&self, runs: usize) {
        let engine = self.place.builder().client().start().await.unwrap();
        let infos = engine.list(RunFilter::all()).await.unwrap();
        assert_eq!(infos.len(), runs);
        let mut keys: BTreeMap<String, (String, u64)> = BTreeMap::new();
        let mut attempts = BTreeSet::new();
        for (run, position, attempt, key) in self.log() {
            assert!(
                attempts.insert((run.clone(), position, attempt)),
                "attempt {attempt} of {run}@{position} ran twice"
            );
            assert_eq!(keys.entry(key).or_insert((run.clone(), position)), &(run, position), "one key, one call");
        }
        let calls: BTreeSet<_> = keys.values().cloned().collect();
        assert_eq!(calls.len(), keys.len(), "one call, one key");
        for info in infos {
            assert_eq!(info.status, Status::Completed, "{info:?}");
            let history = engine.run(&info.id).await.unwrap().history().await.unwrap();
            for done in history.iter().filter(|entry| entry.kind == Kind::StepCompleted) {
                let later = attempts.iter().filter(|(run, position, attempt)| {
                    *run == info.id && Some(*position) == done.position && Some(*attempt) > done.attempt
                });
                assert_eq!(later.count(), 0, "a finished step of {} ran again: {done}", info.id);
            }
        }
    }
}

impl Victim {
    /// Returns the entries of all runs, each with the id of its run.
    async fn entries(&self) -> Vec<(String, HistoryEntry)> {
        let engine = self.place.builder().client().start().await.unwrap();
        let mut all = Vec::new();
        for info in engine.list(RunFilter::all()).await.unwrap() {
            let history = engine.run(&info.id).await.unwrap().history().await.unwrap();
            all.extend(history.into_iter().map(|entry| (info.id.clone(), entry)));
        }
        all
    }

    async fn journals(&self) -> Vec<String> {
        self.entries().await.iter().map(|(run, entry)| format!("{run} {entry}")).collect()
    }
}

/// Reads the victim's output up to a line. Keep the return value: a victim whose pipe is closed fails.
fn wait_for_line(child: &mut Child, wanted: &str) -> Heard {
    let mut heard = Heard::of(child.stdout.take().unwrap());
    while heard.next_line().unwrap_or_else(|| panic!("the victim ended without `{wanted}`")) != wanted {}
    heard
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

crate::tests_on!(file, postgres:
    twenty_runs_killed_again_and_again_all_end_with_the_right_sums_and_no_finished_step_runs_twice,
    money_moved_by_transactions_is_exact_however_often_the_process_is_killed,
    a_stopped_process_is_taken_over_after_the_term_and_writes_nothing_when_it_goes_on,
    after_a_kill_the_next_process_goes_on_at_once_whatever_the_term,
    after_a_kill_a_process_that_is_there_goes_on_at_once_whatever_the_term,
    a_step_that_ends_its_process_is_parked_and_the_engine_stays_up,
);

async fn twenty_runs_killed_again_and_again_all_end_with_the_right_sums_and_no_finished_step_runs_twice(place: Place) {
    let victim = Victim::new(place);
    victim.killed_again_and_again("20", 25, 10..70, 20_261_120);
    victim.check(20).await;
}

async fn money_moved_by_transactions_is_exact_however_often_the_process_is_killed(place: Place) {
    let victim = Victim::new(place);
    victim.killed_again_and_again("bank", 25, 5..45, 20_261_121);
    let count = |query: &str| victim.place.count(query);
    // Each of 20 runs moves a cent five times, two cents back five times, and five cents at its end.
    assert_eq!(count("SELECT count(*) FROM moves"), 20 * 11);
    assert_eq!(count("SELECT sum(cents) FROM moves"), 20 * 20);
    assert_eq!(count("SELECT cents FROM accounts WHERE name = 'b'"), 1_000);
    assert_eq!(count("SELECT sum(cents) FROM accounts"), 2_000);
    assert_eq!(count("SELECT sum(moves) FROM accounts"), 2 * 20 * 11);
    assert_eq!(count("SELECT count(*) FROM orders"), count("SELECT count(*) FROM steadfast_runs"));
    assert_eq!(count("SELECT count(DISTINCT run) FROM moves"), 20);
    let entries = victim.entries().await;
    let is_result =
        |entry: &HistoryEntry| entry.kind == Kind::StepCompleted && entry.name.as_deref() == Some("move_cents");
    assert_eq!(entries.iter().filter(|(_, entry)| is_result(entry)).count(), 20 * 11);
}

/// A lease term that no test waits for: the free lock of its side file shows that an owner is dead.
const HOUR: Duration = Duration::from_hours(1);

async fn after_a_kill_the_next_process_goes_on_at_once_whatever_the_term(place: Place) {
    let victim = Victim::new(place);
    let mut first = victim.spawn("3", HOUR);
    let _rest = wait_for_line(&mut first, "started");
    first.kill().unwrap();
    limits::ended(&mut first);
    let mut second = victim.spawn("3", HOUR);
    let _done = wait_for_line(&mut second, "done");
    assert!(limits::ended(&mut second).success());
    victim.check(3).await;
}

async fn after_a_kill_a_process_that_is_there_goes_on_at_once_whatever_the_term(place: Place) {
    let (victim, mut first, _rest) = stopped(&place, HOUR);
    let mut second = victim.spawn("20", HOUR);
    let mut heard = wait_for_line(&mut second, "started");
    first.kill().unwrap();
    limits::ended(&mut first);
    heard.until("done");
    assert!(limits::ended(&mut second).success());
    victim.check(20).await;
}

/// The lease term of processes that are stopped.
const SHORT: Duration = Duration::from_millis(500);

async fn a_stopped_process_is_taken_over_after_the_term_and_writes_nothing_when_it_goes_on(place: Place) {
    let (victim, mut first, rest) = stopped(&place, SHORT);
    let mut second = victim.spawn("20", SHORT);
    let _done = wait_for_line(&mut second, "done");
    assert!(limits::ended(&mut second).success());
    // Its side file remains: without it the others would take over its next lease at once.
    let names = std::fs::read_dir(victim.place.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let owners: Vec<_> = names.filter(|name| name.to_string_lossy().contains("-owner-")).collect();
    assert_eq!(owners.len(), usize::from(victim.place.is_file()), "{owners:?}");
    let before = victim.journals().await;
    signal(&first, "CONT");
    // It learns that its runs were taken over, waits for their results, and ends like the other.
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut first).success());
    assert_eq!(victim.journals().await, before);
    victim.check(20).await;
}

/// Returns a victim that is stopped while it drives 20 runs.
fn stopped(place: &Place, term: Duration) -> (Victim, Child, Heard) {
    let begin = || {
        let victim = Victim::new(place.another());
        let mut first = victim.spawn("20", term);
        let rest = wait_for_line(&mut first, "started");
        stop_outside_of_a_commit(&victim, &first).then_some((victim, first, rest))
    };
    // On a busy machine it may have finished first.
    (0..20).find_map(|_| begin()).expect("it is never stopped before its end")
}

/// Stops a process. Returns `false` if it has ended.
///
/// On a file it is stopped while it does not write: in a commit it would hold the lock of the database, and no other
/// process could write until it continues, as with any program that uses SQLite. Postgres ends such a transaction after
/// 5 seconds.
fn stop_outside_of_a_commit(victim: &Victim, child: &Child) -> bool {
    let mut alive = stop(child);
    limits::hold_until(|| {
        let done = !alive || !victim.place.is_file() || !is_locked(&victim.place.path());
        if !done {
            signal(child, "CONT");
            std::thread::sleep(Duration::from_millis(1));
            alive = stop(child);
        }
        done
    });
    alive
}

/// Stops a process, and waits until each of its threads is stopped. Returns `false` if it has ended.
fn stop(child: &Child) -> bool {
    signal(child, "STOP");
    let tasks = format!("/proc/{}/task", child.id());
    let state = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = task.and_then(|task| std::fs::read_to_string(task.path().join("stat"))).ok()?;
        // The state follows the name, which is in parentheses.
        stat.rsplit(')').next()?.trim_start().chars().next()
    };
    let states = || std::fs::read_dir(&tasks).unwrap().filter_map(state).collect::<Vec<_>>();
    // A process that has ended is a zombie until its parent waits for it.
    limits::hold_until(|| states().iter().all(|state| matches!(state, 'T' | 'Z' | 'X')));
    states().contains(&'T')
}

/// Returns whether a connection is writing to a database just now.
fn is_locked(path: &Path) -> bool {
    let db = rusqlite::Connection::open(path).unwrap();
    db.busy_timeout(Duration::ZERO).unwrap();
    db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err()
}

async fn a_step_that_ends_its_process_is_parked_and_the_engine_stays_up(place: Place) {
    let victim = Victim::new(place);
    let mut deaths = 0;
    loop {
        let child = victim.spawn("poison", victim.place.term());
        let output = limits::output_of(child, b"");
        if output.status.success() {
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.contains("without making progress"), "{text}");
            assert!(text.contains("after Ok(0)"), "other runs go on: {text}");
            assert!(text.contains("dead poisoned"), "it is listed: {text}");
            break;
        }
        assert_eq!(output.status.code(), Some(86));
        deaths += 1;
        assert!(deaths < 10, "it is never parked");
    }
    let attempts: Vec<u32> =
        victim.log().into_iter().filter(|(run, ..)| run == "poisoned").map(|(_, _, attempt, _)| attempt).collect();
    assert_eq!(attempts, (1..=u32::try_from(attempts.len()).unwrap()).collect::<Vec<_>>(), "attempts are counted");
}
