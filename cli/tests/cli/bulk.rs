//! One action on many runs: killed in the middle, and yet once for each.

use crate::filled::Filled;
use crate::tool::{command, heard, piped};
use limits::{Dice, Soon as _, ended};
use std::process::Stdio;
use std::time::Duration;
use steadfast::inspect::Paging;

/// Kills `bulk` at random moments, again and again, and goes on with its job until it is done.
async fn acts_once(filled: Filled, kills: u64) {
    let ids: Vec<String> = (0..60).map(|n| format!("many-{n}")).collect();
    for id in &ids {
        filled.many(id).await;
    }
    // Without an engine the inbox keeps what was sent.
    filled.engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
    let db = ["--db", filled.name.as_str()];
    let bulk = ["bulk", "pause", "--text", "many-", "--yes", "--later", "--rate", "50", "--who", "ada"];
    assert_eq!(piped(&[&bulk[..], &db].concat()).code, Some(0));
    let mut dice = Dice::seeded(7);
    for _ in 0..kills {
        let mut child = command(&[&["jobs", "run", "1"][..], &db].concat());
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is started");
        std::thread::sleep(Duration::from_millis(20 + dice.below(120)));
        child.kill().expect("killed");
        ended(&mut child);
    }
    let done = piped(&[&["jobs", "run", "1", "--json"][..], &db].concat());
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(
        done.stdout.contains("\"status\":\"done\"") && done.stdout.contains("\"done\":60,\"failed\":0"),
        "{}",
        done.stdout
    );
    let inspector = filled.inspector().await;
    for id in &ids {
        let inbox = inspector.inbox(id, &Paging::first(10)).await.expect("read").items;
        assert_eq!(inbox.len(), 1, "{id}: {inbox:?}");
    }
    let audit = piped(&[&["audit", "--all", "--who", "ada"][..], &db].concat()).stdout;
    assert_eq!(audit.matches("\tpause\t").count(), ids.len(), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_killed_acts_once_on_each_run_of_sqlite() {
    acts_once(Filled::file().await, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_killed_acts_once_on_each_run_of_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    acts_once(filled, 4).await;
}

/// A job is counted and asked for first, has a rate, is stopped by another process, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_stopped_and_goes_on() {
    let filled = Filled::file().await;
    for n in 0..12 {
        filled.many(&format!("many-{n}")).await;
    }
    let db = ["--db", filled.name.as_str()];
    let said = |words: &[&str]| piped(&[words, &db].concat());
    let unasked = said(&["bulk", "cancel", "--text", "many-"]);
    assert!(unasked.code == Some(2) && unasked.stderr.contains("cancel 12 runs"), "{}", unasked.stderr);
    assert_eq!(said(&["jobs"]).stdout.lines().count(), 1, "nothing was done");
    let words = ["bulk", "cancel", "--text", "many-", "--yes", "--rate", "4", "--json"];
    let (mut child, heard) = heard(&[&words[..], &db].concat());
    limits::hold_until(|| said(&["jobs", "--json"]).stdout.contains("\"status\":\"running\""));
    assert_eq!(said(&["jobs", "stop", "1"]).code, Some(0));
    assert_eq!(ended(&mut child).code(), Some(0));
    let line = heard.to_end().join("");
    assert!(line.contains("\"status\":\"stopped\"") && !line.contains("\"done\":12,"), "{line}");
    let done = said(&["jobs", "run", "1"]);
    assert!(done.code == Some(1) || done.code == Some(0), "{}", done.stderr);
    assert_eq!(said(&["jobs", "run", "1"]).code, Some(1), "it is done");
    assert_eq!((said(&["jobs", "stop", "9"]).code, said(&["jobs", "run", "9"]).code), (Some(3), Some(3)));
    let cancelled = said(&["audit", "--all"]).stdout.matches("\tcancel\tmany-").count();
    assert_eq!(cancelled, 12);
}
