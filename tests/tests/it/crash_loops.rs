//! Processes that crash again and again: the run that ends them is found and parked alone, and no other is (issue 11,
//! B). Every test uses the engine's default settings, but for the lease term on Postgres.

use crate::place::Place;
use limits::Soon as _;
use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use steadfast::prelude::*;
use steadfast::{RunFilter, Status};

/// A limit that is long for everything expected, and short for a test that hangs.
const LONG: Duration = Duration::from_secs(90);

struct Crasher {
    place: Place,
    how: &'static str,
    culprits: u32,
    bystanders: u32,
    millis: u32,
}

impl Crasher {
    const fn on(place: Place, how: &'static str, culprits: u32, bystanders: u32) -> Self {
        Self { place, how, culprits, bystanders, millis: 1_500 }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.place.folder().join("log")).unwrap_or_default()
    }

    fn spawn(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crasher"));
        command.arg(self.place.name()).arg(self.place.folder().join("log")).arg(self.how);
        command.args([self.culprits, self.bystanders, self.millis].map(|n| n.to_string()));
        // Processes on Postgres keep their side files there.
        command.env("TMPDIR", self.place.folder());
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs the process. Returns its output if it ends in order, and `None` if it dies.
    fn run(&self) -> Option<String> {
        outcome(self.spawn())
    }

    /// Starts the process until it ends in order. Returns the number of deaths, and its output.
    fn until_it_stays_up(&self, most: u32) -> (u32, String) {
        for deaths in 0..=most {
            if let Some(text) = self.run() {
                println!("{}: {deaths} deaths", self.how);
                return (deaths, text);
            }
        }
        panic!("{}: it has died {most} times and does so again", self.how);
    }

    /// Checks that the culprits are parked and named, and all other runs have ended.
    fn check(&self, text: &str) {
        let begin = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(begin("ended bystander"), self.bystanders as usize, "{text}");
        for n in 0..self.culprits {
            let named = format!("parked culprit-{n}: run `culprit-{n}` ends its process");
            assert!(text.contains(&named) && text.contains(&format!("dead culprit-{n}\n")), "{text}");
        }
        assert_eq!(begin("dead"), self.culprits as usize, "{text}");
    }
}

/// Waits for a process. Returns its output if it ends in order, and `None` if it dies.
fn outcome(mut child: Child) -> Option<String> {
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if since.elapsed() > LONG {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("it hangs: {}", String::from_utf8_lossy(&output.stdout));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// The most deaths until a run is a suspect, and until it is identified. More bystanders need no more deaths, since the
/// polled run is recorded.
const ALLOWED: u32 = 5 + 4 + 2;

fn found_alone(place: Place, how: &'static str) {
    let crasher = Crasher::on(place, how, 1, 20);
    let (deaths, text) = crasher.until_it_stays_up(ALLOWED);
    assert!(deaths >= 5, "{how}: {deaths} deaths");
    crasher.check(&text);
}

fn several_are_found_and_nothing_else(place: Place) {
    let crasher = Crasher::on(place, "abort", 3, 20);
    let (_, text) = crasher.until_it_stays_up(5 + 3 * 4 + 5);
    crasher.check(&text);
}

crate::tests_on!(file, postgres:
    runs_that_end_their_process_are_found_and_parked_alone,
    a_run_in_flight_is_never_held_to_account_for_kills_at_random_moments,
    a_run_in_flight_is_never_held_to_account_for_kills_as_soon_as_its_step_has_begun,
    deployments_are_never_held_against_a_run,
);

/// A case of runs that end their process.
type Case = fn(Place);

/// How many cases run at once: their processes mostly wait, but how long one takes to die depends on how many there are.
const AT_ONCE: usize = 3;

/// Each case has a database of its own.
async fn runs_that_end_their_process_are_found_and_parked_alone(place: Place) {
    let cases: Mutex<Vec<Case>> = Mutex::new(vec![
        |place| found_alone(place, "abort"),
        |place| found_alone(place, "exit"),
        |place| found_alone(place, "overflow"),
        |place| found_alone(place, "memory"),
        |place| found_alone(place, "blocking"),
        |place| found_alone(place, "transaction"),
        |place| found_alone(place, "body"),
        |place| found_alone(place, "hook"),
        |place| two_processes(place, Duration::ZERO),
        |place| two_processes(place, AGAIN),
        one_that_ends_it_from_a_thread_of_its_own_holds_up_no_other_and_is_not_parked,
        several_are_found_and_nothing_else,
    ]);
    let next = || cases.lock().expect("no case panics while it is taken").pop();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next() {
                    case(place.another());
                }
            });
        }
    });
}

fn one_that_ends_it_from_a_thread_of_its_own_holds_up_no_other_and_is_not_parked(place: Place) {
    let crasher = Crasher::on(place, "thread", 1, 8);
    // The bystanders need 1.5 s, and the run ends the process after 150 ms.
    let (deaths, text) = crasher.until_it_stays_up(5 + 4 + 12);
    assert!(deaths >= 5, "{deaths} deaths");
    assert_eq!(text.lines().filter(|line| line.starts_with("ended bystander")).count(), 8, "{text}");
    assert!(!text.contains("dead"), "{text}");
}

/// The time after which a process that died is started again, so that the other one takes over.
const AGAIN: Duration = Duration::from_millis(1_500);

/// Runs two processes on one database. A process that died is started again after `again`.
fn two_processes(place: Place, again: Duration) {
    let crasher = Crasher::on(place, "abort", 1, 20);
    let mut deaths = [0_u32; 2];
    let mut children = [crasher.spawn(), crasher.spawn()].map(Ok);
    let mut texts = Vec::new();
    let since = Instant::now();
    while texts.len() < 2 {
        assert!(since.elapsed() < LONG * 2, "deaths: {deaths:?}, {texts:?}");
        assert!(deaths.iter().sum::<u32>() <= 2 * ALLOWED, "deaths: {deaths:?}");
        for (child, deaths) in children.iter_mut().zip(&mut deaths) {
            let ended = child.as_mut().is_ok_and(|process| process.try_wait().unwrap().is_some());
            if let Err(Some(at)) = child
                && *at <= Instant::now()
            {
                *child = Ok(crasher.spawn());
            } else if ended
                // A process that ended in order is not started again.
                && let Ok(process) = std::mem::replace(child, Err(None))
            {
                if let Some(text) = outcome(process) {
                    texts.push(text);
                } else {
                    *deaths += 1;
                    *child = Err(Some(Instant::now() + again));
                }
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("deaths: {deaths:?}");
    crasher.check(&texts[1]);
}

/// Kills processes with one innocent step of 1.5 s in flight, each as soon as `when` returns. Then lets one finish.
fn innocent_survives(place: Place, kills: u32, mut when: impl FnMut(&Crasher, usize)) {
    let crasher = Crasher::on(place, "none", 0, 1);
    for _ in 0..kills {
        let begun = crasher.log().lines().count();
        let mut child = crasher.place.spawn(|| crasher.spawn());
        when(&crasher, begun);
        child.kill().unwrap();
        limits::ended(&mut child);
    }
    let text = crasher.run().expect("it dies by itself");
    crasher.check(&text);
}

async fn a_run_in_flight_is_never_held_to_account_for_kills_at_random_moments(place: Place) {
    let mut dice = limits::Dice::seeded(20_261_130);
    innocent_survives(place, 30, |_, _| std::thread::sleep(Duration::from_millis(20 + dice.below(800))));
}

async fn a_run_in_flight_is_never_held_to_account_for_kills_as_soon_as_its_step_has_begun(place: Place) {
    innocent_survives(place, 16, |crasher, begun| {
        let since = Instant::now();
        while crasher.log().lines().count() == begun {
            assert!(since.elapsed() < LONG, "its step does not begin");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(30));
    });
}

#[step]
async fn report() -> Result<u64> {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    Ok(42)
}

#[workflow]
async fn nightly(flow: &mut Flow) -> Result<u64> {
    Ok(report(flow).await?)
}

async fn open(place: &Place) -> Engine {
    place.builder().workflow(nightly).start().await.unwrap()
}

async fn deployments_are_never_held_against_a_run(place: Place) {
    for deployment in 0..24 {
        let engine = open(&place).await;
        engine.start(nightly, ()).id("nightly-1").await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        if deployment % 2 == 0 {
            engine.shutdown(Duration::from_millis(10)).await.unwrap();
        }
        // Otherwise the engine is dropped.
    }
    let engine = open(&place).await;
    let run = engine.handle(nightly, "nightly-1").await.unwrap();
    assert_eq!(tokio::time::timeout(LONG, run.result()).await.unwrap().unwrap(), 42);
    let infos = engine.list(RunFilter::all().status(Status::Completed)).await.unwrap();
    assert_eq!(infos.len(), 1);
    drop((engine, run));
    let names: BTreeSet<_> =
        std::fs::read_dir(place.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("-owner-")), "{names:?}");
}

/// Tests with a file as a process leaves it that died while driving this run, after others.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspect_says_why_it_is_held_back_and_is_none_once_it_makes_progress() {
    let place = Place::file().unwrap();
    let engine = open(&place).await;
    engine.start(nightly, ()).id("nightly-1").await.unwrap();
    let _ = engine.shutdown(Duration::ZERO).await.unwrap();
    drop(engine);
    assert_eq!(place.rows("UPDATE steadfast_leases SET owner = 'dead' RETURNING 1").len(), 1);
    assert_eq!(place.rows("UPDATE steadfast_runs SET loads = 5 RETURNING 1").len(), 1);
    std::fs::write(place.folder().join("place.db-owner-dead"), [0; 8]).unwrap();
    let engine = open(&place).await;
    let run = engine.handle(nightly, "nightly-1").await.unwrap();
    let says =
        |blocked: Option<String>| blocked.is_some_and(|why| why.contains("6 processes died while it was running"));
    limits::until(async || says(run.status().await.unwrap().blocked)).await;
    assert_eq!(run.result().soon().await.unwrap(), 42, "it goes on by itself");
    assert_eq!(place.count("SELECT loads FROM steadfast_runs"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn side_files_of_processes_that_died_are_removed_by_the_next_start() {
    let place = Place::file().unwrap();
    let owner = |name: &str| place.folder().join(format!("place.db-owner-{name}"));
    // A process leaves this file if it dies between creating its side file and its lease.
    std::fs::write(owner("0123456789abcdef0123456789abcdef"), b"").unwrap();
    std::fs::write(place.folder().join("other.db-owner-1"), b"").unwrap();
    let engine = open(&place).await;
    let names: Vec<_> = std::fs::read_dir(place.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("-owner-"))
        .collect();
    assert_eq!(names.len(), 2, "its own, and that of another database: {names:?}");
    assert!(names.contains(&"other.db-owner-1".to_owned()), "{names:?}");
    drop(engine);
}
