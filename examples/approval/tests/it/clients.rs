//! A person who looks and answers takes nothing from the processes that work.

use crate::program::{Program, Running};
use rusqlite::Connection;
use std::time::Duration;

/// Returns the owner and the epoch of each lease, and the lease of each run.
fn owners(program: &Program) -> (Vec<(String, i64)>, Vec<Option<i64>>) {
    let file = Connection::open(program.path("approval.db")).unwrap();
    let mut leases = file.prepare("SELECT owner, epoch FROM steadfast_leases ORDER BY number").unwrap();
    let leases = leases.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let mut runs = file.prepare("SELECT lease FROM steadfast_runs ORDER BY number").unwrap();
    let runs = runs.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (leases, runs)
}

/// Stops a process outside of a commit, within which it would hold the lock of the file.
fn stop(program: &Program, working: &Running) {
    loop {
        working.stop();
        let file = Connection::open(program.path("approval.db")).unwrap();
        file.busy_timeout(Duration::ZERO).unwrap();
        if file.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            return;
        }
        working.go_on();
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_stopped_process_keeps_its_expenses_while_people_look_and_answer() {
    let program = Program::new();
    let expense = program.start("2d");
    let mut working = program.work(&[]);
    limits::hold_until(|| owners(&program).1 != [None]);
    stop(&program, &working);
    let before = owners(&program);
    // Longer than the lease: a process that works would take the lease over.
    std::thread::sleep(Duration::from_millis(5_500));
    let question = program.questions().remove(0);
    assert_eq!(program.said(&["approve", &question]), "approved by bob: 129.00 for ada: train to Graz\n");
    assert!(program.said(&["history", &expense]).starts_with("waits for a colleague\n"));
    assert_eq!(owners(&program), before);
    assert_eq!(program.sent(), [""; 0], "a client does no step");

    working.go_on();
    working.hear("mail to ada: paid");
    assert_eq!(owners(&program).0, before.0, "it works on under its lease");
    limits::hold_until(|| program.said(&["history", &expense]).starts_with("approved by bob, paid\n"));
    working.kill();
}

#[test]
fn what_a_killed_process_left_is_done_by_the_next_worker_and_not_by_who_answers() {
    let program = Program::new();
    let expense = program.start("2d");
    let working = program.work(&[]);
    limits::hold_until(|| owners(&program).1 != [None]);
    working.kill();
    let before = owners(&program);
    let question = program.questions().remove(0);
    program.said(&["approve", &question]);
    assert!(program.said(&["history", &expense]).starts_with("waits for a colleague\n"));
    assert_eq!(owners(&program), before, "also the lease of a dead process is left to those that work");
    assert_eq!(program.sent(), [""; 0]);

    program.said(&["work", "--until-idle"]);
    assert_ne!(owners(&program).0, before.0);
    assert!(program.said(&["history", &expense]).starts_with("approved by bob, paid\n"));
    assert_eq!(program.sent(), ["payment to ada: 129.00", "mail to ada: paid: 129.00 for ada: train to Graz"]);
}
