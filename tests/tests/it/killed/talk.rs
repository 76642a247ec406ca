//! Runs that communicate, in processes that are killed or stopped (cases D5, D7, O11, O12).

use super::{SHORT, Victim, signal, stop_outside_of_a_commit, wait_for_line};
use crate::place::Place;
use std::collections::BTreeSet;
use std::time::Duration;
use steadfast::history::Kind;

/// The number of notes between the victim's runs: hubs, senders of each, notes of each.
const NOTES: usize = 3 * 3 * 8;

/// Checks that each attempt ran once, each note arrived once, and each run has ended.
async fn check(victim: &Victim) {
    let mut attempts = BTreeSet::new();
    for (run, position, attempt, key) in victim.log() {
        assert!(attempts.insert((key, attempt)), "attempt {attempt} of {run}@{position} ran twice");
    }
    let entries = victim.entries().await;
    let count = |kind: Kind| entries.iter().filter(|(_, entry)| entry.kind == kind).count();
    assert_eq!((count(Kind::MessageReceived), count(Kind::MessageSent), count(Kind::RequestOpened)), (NOTES, NOTES, 3));
    let runs = "SELECT count(*) FROM steadfast_runs WHERE status";
    assert_eq!(victim.place.count(&format!("{runs} NOT IN ('completed', 'replaced')")), 0);
    // The sum of hubs, their senders, fans, and their leaves.
    assert_eq!(victim.place.count(&format!("{runs} = 'completed'")), 3 + 9 + 3 + 18);
}

crate::tests_on!(file, postgres:
    runs_that_talk_say_everything_once_however_often_the_process_is_killed,
    runs_of_a_stopped_process_talk_on_in_another_and_nothing_is_said_twice,
    what_is_sent_through_another_process_arrives,
    what_is_sent_to_a_run_of_a_stopped_process_arrives_where_it_is_taken_over,
);

async fn runs_that_talk_say_everything_once_however_often_the_process_is_killed(place: Place) {
    let victim = Victim::new(place);
    victim.killed_again_and_again("talk", 20, 10..80, 20_261_122);
    check(&victim).await;
}

async fn runs_of_a_stopped_process_talk_on_in_another_and_nothing_is_said_twice(place: Place) {
    let victim = Victim::new(place);
    let mut first = victim.spawn("talk", SHORT);
    let rest = wait_for_line(&mut first, "started");
    std::thread::sleep(Duration::from_millis(30));
    assert!(stop_outside_of_a_commit(&victim, &first));
    let mut second = victim.spawn("talk", SHORT);
    let _done = wait_for_line(&mut second, "done");
    assert!(limits::ended(&mut second).success());
    let before = victim.journals().await;
    signal(&first, "CONT");
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut first).success());
    assert_eq!(victim.journals().await, before);
    check(&victim).await;
}

async fn what_is_sent_through_another_process_arrives(place: Place) {
    let victim = Victim::new(place);
    let mut listening = victim.spawn("listen", Duration::from_mins(1));
    let rest = wait_for_line(&mut listening, "started");
    // The live owner must notice a message that another process enqueued.
    let mut saying = victim.spawn("say", Duration::from_mins(1));
    let _done = wait_for_line(&mut saying, "done");
    assert!(limits::ended(&mut saying).success());
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut listening).success());
}

async fn what_is_sent_to_a_run_of_a_stopped_process_arrives_where_it_is_taken_over(place: Place) {
    let victim = Victim::new(place);
    let mut listening = victim.spawn("listen", SHORT);
    let rest = wait_for_line(&mut listening, "started");
    assert!(stop_outside_of_a_commit(&victim, &listening));
    let mut saying = victim.spawn("say", SHORT);
    let _done = wait_for_line(&mut saying, "done");
    assert!(limits::ended(&mut saying).success());
    signal(&listening, "CONT");
    assert_eq!(rest.to_end().last().unwrap(), "done");
    assert!(limits::ended(&mut listening).success());
}
