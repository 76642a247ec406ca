//! The program on Postgres, alone and as a fleet whose processes are killed. Without a server these tests are skipped,
//! and say so in one line.

use crate::killed::{effects, no_finished_step_ran_again};
use crate::program::{ORDERS, Program};
use limits::{Dice, Heard};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use steadfast::Engine;
use throwaway_postgres::{Cluster, Database};

/// The ledger where [`Program::ledger`] looks for it.
const LEDGER: [&str; 2] = ["--ledger", "orders.db-ledger.jsonl"];

fn program(database: &Database, arguments: &[&str]) -> Program {
    Program::new(&[arguments, &LEDGER, &["--postgres", database.url()]].concat())
}

/// Returns the number after a text in a remark, such as the process of `worker 2 is process 4711`.
fn number_after(text: &str, remark: &str) -> Option<u32> {
    remark.split_once(text)?.1.split(' ').next()?.parse().ok()
}

/// Waits until each of the workers has said its process.
fn workers(remarks: &mut Heard) -> BTreeMap<u32, u32> {
    let mut found = BTreeMap::new();
    while found.len() < 3 {
        let remark = remarks.until(" is process ");
        found.extend(number_after("worker ", remark).zip(number_after(" is process ", remark)));
    }
    found
}

/// Waits until a worker that was killed is started again, and returns its process; `None` if the program ends before.
fn started_again(remarks: &mut Heard, number: u32) -> Option<u32> {
    let killed = format!("worker {number} has died (signal: 9 (SIGKILL)) and is started again");
    let started = format!("worker {number} is process ");
    while !remarks.next_line()?.contains(&killed) {}
    loop {
        let remark = remarks.next_line()?;
        if remark.contains(&started) {
            return number_after(" is process ", remark);
        }
    }
}

fn kill(process: u32) -> bool {
    let mut kill = Command::new("kill");
    kill.args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status().unwrap().success()
}

/// Waits until a program has ended as it should, and returns its summary.
fn summary(mut child: Child) -> String {
    let mut output = child.stdout.take().unwrap();
    assert!(limits::ended(&mut child).success());
    std::io::read_to_string(&mut output).unwrap()
}

#[tokio::test]
async fn workers_that_are_killed_are_started_again_and_the_summary_stays_right() {
    let Some(cluster) = Cluster::shared() else { return };
    let (mut dice, database) = (Dice::seeded(20_261_130), cluster.database("orders"));
    let arguments = ["--file", ORDERS, "--limit", "600", "--slow"];
    let undisturbed = Program::new(&arguments);
    let expected = undisturbed.summary();

    let fleet = program(&database, &[&arguments[..], &["--workers", "3"]].concat());
    let (child, mut remarks) = fleet.spawn_heard();
    let mut processes = workers(&mut remarks);
    let mut kills = 0;
    while kills < 8 {
        std::thread::sleep(Duration::from_millis(100 + dice.below(400)));
        let number = 1 + u32::try_from(dice.below(3)).unwrap();
        if !kill(processes[&number]) {
            break;
        }
        kills += 1;
        // The others may be done before it is there again.
        let Some(process) = started_again(&mut remarks, number) else { break };
        processes.insert(number, process);
    }
    let remarks = remarks.to_end().join("\n");
    println!("{kills} kills\n{remarks}");
    assert!(kills >= 5, "the machine was too fast for this test to say anything");
    assert!(!remarks.contains("panicked"), "{remarks}");

    assert_eq!(summary(child), expected);
    assert_eq!(fleet.summary(), expected, "a start that finds everything done says the same");
    let (one, other) = (effects(&undisturbed.ledger()), effects(&fleet.ledger()));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let engine = Engine::builder().postgres(database.url()).client().start().await.unwrap();
    no_finished_step_ran_again(&fleet, &engine, 600).await;
}

#[test]
fn workers_end_with_a_program_that_is_killed_and_the_next_one_continues() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database("orders");
    let arguments = ["--file", ORDERS, "--limit", "100", "--slow"];
    let expected = Program::new(&arguments).summary();
    let fleet = program(&database, &[&arguments[..], &["--workers", "3"]].concat());
    let connections = || {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'steadfast'";
        database.execute(query).unwrap()[0][0].clone().unwrap()
    };
    let (mut child, mut remarks) = fleet.spawn_heard();
    workers(&mut remarks);
    limits::hold_until(|| std::fs::metadata(fleet.path("orders.db-ledger.jsonl")).is_ok_and(|file| file.len() > 0));
    child.kill().unwrap();
    limits::ended(&mut child);
    limits::hold_until(|| connections() == "0");
    assert_eq!(fleet.summary(), expected);
    // The server sees the ends of connections a moment later.
    limits::hold_until(|| connections() == "0");
}

#[test]
fn alone_on_postgres_it_is_killed_and_continues_too() {
    let Some(cluster) = Cluster::shared() else { return };
    let (mut dice, database) = (Dice::seeded(20_261_129), cluster.database("orders"));
    let arguments = ["--file", ORDERS, "--limit", "100", "--slow"];
    let expected = Program::new(&arguments).summary();
    let alone = program(&database, &arguments);
    for _ in 0..4 {
        let mut child = alone.spawn();
        std::thread::sleep(Duration::from_millis(100 + dice.below(300)));
        child.kill().unwrap();
        limits::ended(&mut child);
    }
    assert_eq!(alone.summary(), expected);
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let url = "postgres://app:secret@127.0.0.1:1/orders";
    for more in [&[][..], &["--workers", "2"]] {
        let output = Program::new(&[&["--file", ORDERS, "--postgres", url], more].concat()).run();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("the server cannot be reached") && !said.contains("secret"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
