//! What each command that acts says and does, as text: `golden/acting.txt`, the same on SQLite and on Postgres.

use crate::filled::{Filled, SECRET};
use crate::golden::{compare, steady};
use crate::tool::{Said, piped};
use limits::until;
use std::fmt::Write as _;
use steadfast::Status;

/// The commands of one database, in their order.
struct Session<'a> {
    filled: &'a Filled,
    text: String,
    drawn: Vec<(String, &'static str)>,
}

impl Session<'_> {
    /// Runs a command, whose parts are words, and keeps what it says.
    fn say(&mut self, words: &[&str]) -> Said {
        let who = ["--who", "ada@desk", "--why", "a red\u{1b}[31m test"];
        let acts = !matches!(words[0], "audit" | "runs" | "show");
        let said = piped(&[words, &["--db", &self.filled.name], if acts { &who } else { &[] }].concat());
        let _ = writeln!(
            self.text,
            "$ steadfast {}\n{}{}[{}]\n",
            words.join(" "),
            said.stdout,
            said.stderr,
            said.code.unwrap_or(-1)
        );
        said
    }

    async fn until(&self, run: &str, status: Status) {
        let inspector = self.filled.engine.inspect();
        let is_so = async || inspector.run(run).await.is_ok_and(|found| found.run.status == status);
        // Shown if it does not come.
        println!("{}waiting for {run} to be {status}", self.text);
        until(is_so).await;
    }
}

async fn says_what_is_golden(filled: &Filled) {
    let request = filled.engine.requests().await.expect("read").remove(0).id;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("parcel.run").display().to_string();
    let drawn = vec![(request.clone(), "<request>"), (file.clone(), "<file>")];
    let mut session = Session { filled, text: String::new(), drawn };

    runs(&mut session, &request).await;
    copies(&mut session).await;
    places(&mut session);
    files(&mut session, &file);

    session.say(&["audit", "--all"]);
    session.say(&["audit", "--subject", "parcel-1", "--json"]);
    session.say(&["audit", "--subject", "queue mail", "--limit", "1"]);
    session.say(&["audit", "--who", "bob"]);
    let Session { text, drawn, .. } = session;
    assert!(!text.contains(SECRET), "a secret is shown: {text}");
    assert!(!text.contains('\u{1b}'), "a value acts on the terminal: {text}");
    compare("acting", &steady(&text, &drawn));
}

async fn runs(session: &mut Session<'_>, request: &str) {
    session.say(&["pause", "parcel-1"]);
    session.until("parcel-1", Status::Paused).await;
    session.say(&["resume", "parcel-1"]);
    session.say(&["send", "parcel-1", "Stop", "3 days"]);
    session.say(&["send", "parcel-1", "Stop", "3", "--key", "first"]);
    session.say(&["send", "parcel-1", "Stop", "4", "--key", "first"]);
    session.until("parcel-1", Status::Completed).await;
    session.say(&["send", "parcel-1", "Stop", "5"]);
    session.say(&["answer", request, "true"]);
    session.say(&["answer", request, "false"]);
    session.say(&["answer", "none", "true"]);
    session.until("order-1", Status::Completed).await;

    session.say(&["cancel", "picture-1"]);
    session.say(&["cancel", "picture-1", "--yes"]);
    session.until("picture-1", Status::Cancelled).await;
    session.say(&["cancel", "picture-1", "--yes"]);
    session.say(&["cancel", "changed-1", "--yes"]);
    session.say(&["cancel", "changed-1", "--yes", "--force", "--json"]);
    session.until("changed-1", Status::Cancelled).await;
    session.say(&["revive", "changed-1"]);
    session.say(&["resume", "none"]);
    session.say(&["retry", "broken-1"]);
    session.until("broken-1", Status::Failed).await;
    session.say(&["retry", "parcel-1"]);
}

async fn copies(session: &mut Session<'_>) {
    session.say(&["start", "parcel", "4", "--id", "parcel-2", "--label", "tenant=red", "--json"]);
    session.say(&["start", "parcel", "4", "--id", "parcel-2"]);
    session.say(&["start", "parcel", "5", "--id", "parcel-2"]);
    session.say(&["start", "parcel", "{", "--id", "parcel-2"]);
    session.say(&["fork", "order-1", "--before", "pack", "--id", "order-2"]);
    session.say(&["fork", "parcel-1", "--before", "pack"]);
    session.say(&["fork", "parcel-1"]);
    session.say(&["fork", "parcel-1", "--after-entry", "1", "--id", "parcel-3", "--input", "9"]);
    session.say(&["rewind", "parcel-1", "--after-entry", "1", "--yes"]);
    session.until("parcel-2", Status::Sleeping).await;
    session.say(&["rewind", "parcel-2", "--after-entry", "1", "--yes"]);
}

fn places(session: &mut Session<'_>) {
    session.say(&["queues", "set", "mail", "--total", "3"]);
    session.say(&["queues", "set", "mail", "--rate", "100/1s"]);
    session.say(&["queues", "set", "mail", "--per-key", "2"]);
    session.say(&["queues", "set", "mail", "--total", "0"]);
    session.say(&["queues", "set", "mail"]);
    session.say(&["queues", "set", "none", "--total", "none"]);
    session.say(&["queues", "pause", "mail", "--note", "the server moves"]);
    session.say(&["queues", "resume", "mail"]);
    session.say(&["schedules", "pause", "nightly"]);
    session.say(&["schedules", "resume", "nightly"]);
    session.say(&["schedules", "backfill", "nightly", "--from", "2024-06-01", "--until", "2026-06-01"]);
    session.say(&["schedules", "trigger", "none"]);
}

fn files(session: &mut Session<'_>, file: &str) {
    session.say(&["export", "parcel-1", file]);
    session.say(&["export", "parcel-1", "/none/parcel.run"]);
    session.say(&["import", file]);
    session.say(&["import", file, "--id", "parcel-4"]);
    session.say(&["delete", "order-1", "--yes"]);
    session.say(&["delete", "order-1", "--yes"]);
    session.say(&["delete", "parcel-4", "--yes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_on_sqlite() {
    says_what_is_golden(&Filled::file().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    says_what_is_golden(&filled).await;
}
