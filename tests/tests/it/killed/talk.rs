//! Runs that communicate, in processes that are killed or stopped (cases D5, D7, O11, O12).

use super::{Victim, journals, signal, stop_outside_of_a_commit, wait_for_line};
use std::collections::BTreeSet;
use std::time::Duration;

/// The number of notes between the victim's runs: hubs, senders of each, notes of each.
const NOTES: i64 = 3 * 3 * 8;

/// Checks that each attempt ran once, each note arrived once, and each run has ended.
fn check(victim: &Victim) {
    let mut attempts = BTreeSet::new();
    for (run, position, attempt, key) in victim.log() {
        assert!(attempts.insert((key, attempt)), "attempt {attempt} of {run}@{position} ran twice");
    }
    let db = rusqlite::Connection::open(victim.database()).unwrap();
    let count = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM steadfast_history WHERE kind = 'message_received'"), NOTES);
    assert_eq!(count("SELECT count(*) FROM steadfast_history WHERE kind = 'message_sent'"), NOTES);
    assert_eq!(count("SELECT count(*) FROM steadfast_history WHERE kind = 'request_opened'"), 3);
    assert_eq!(count("SELECT count(*) FROM steadfast_runs WHERE status NOT IN ('completed', 'replaced')"), 0);
    // The sum of hubs, their senders, fans, and their leaves.
    assert_eq!(count("SELECT count(*) FROM steadfast_runs WHERE status = 'completed'"), 3 + 9 + 3 + 18);
}

#[test]
fn runs_that_talk_say_everything_once_however_often_the_process_is_killed() {
    let victim = Victim::new();
    victim.killed_again_and_again("talk", 20, 10..80, 20_261_122);
    check(&victim);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_stopped_process_talk_on_in_another_and_nothing_is_said_twice() {
    let victim = Victim::new();
    let mut first = victim.spawn("talk", 500);
    let rest = wait_for_line(&mut first, "started");
    std::thread::sleep(Duration::from_millis(30));
    assert!(stop_outside_of_a_commit(&victim, &first));
    let mut second = victim.spawn("talk", 500);
    let _done = wait_for_line(&mut second, "done");
    assert!(limits::ended(&mut second).success());
    let before = journals(&victim.database()).await;
    signal(&first, "CONT");
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut first).success());
    assert_eq!(journals(&victim.database()).await, before);
    check(&victim);
}

#[test]
fn what_is_sent_through_another_process_arrives() {
    let victim = Victim::new();
    let mut listening = victim.spawn("listen", 60_000);
    let rest = wait_for_line(&mut listening, "started");
    // The live owner must notice a message that another process enqueued.
    let mut saying = victim.spawn("say", 60_000);
    let _done = wait_for_line(&mut saying, "done");
    assert!(limits::ended(&mut saying).success());
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut listening).success());
}

#[test]
fn what_is_sent_to_a_run_of_a_stopped_process_arrives_where_it_is_taken_over() {
    let victim = Victim::new();
    let mut listening = victim.spawn("listen", 500);
    let rest = wait_for_line(&mut listening, "started");
    assert!(stop_outside_of_a_commit(&victim, &listening));
    let mut saying = victim.spawn("say", 500);
    let _done = wait_for_line(&mut saying, "done");
    assert!(limits::ended(&mut saying).success());
    signal(&listening, "CONT");
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut listening).success());
}
