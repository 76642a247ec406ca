//! The command line of a program that has workflows.

use crate::filled::{Filled, own_builder};
use limits::{Soon as _, output};
use std::process::Command;
use std::time::Duration;
use steadfast::Queue;

/// The arguments of the program, if this process is one.
const ARGUMENTS: &str = "STEADFAST_TEST_OWN";

/// Whether the program has the changed workflow.
const CHANGED: &str = "STEADFAST_TEST_CHANGED";

/// The program of the tests below: a process of its own, and otherwise nothing.
#[test]
fn own_program() {
    let Ok(words) = std::env::var(ARGUMENTS) else { return };
    let words = std::iter::once("own").chain(words.split('|')).map(Into::into).collect();
    // Another build has another limit for the queue.
    let builder = own_builder(std::env::var_os(CHANGED).is_some()).queue(Queue::new("mail").total(1));
    let code = steadfast_cli::main_with(builder, words);
    println!("{code:?}");
}

/// Runs the program, and returns what it has said.
fn own(filled: &Filled, changed: bool, words: &[&str]) -> String {
    let words = [words, &["--db", &filled.name]].concat().join("|");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["own::own_program", "--exact", "--nocapture"]).env(ARGUMENTS, words);
    if changed {
        command.env(CHANGED, "yes");
    }
    let output = output(&mut command);
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn ended_with(said: &str, code: u8) -> bool {
    said.contains(&format!("ExitCode(unix_exit_status({code}))"))
}

async fn checks(filled: &Filled) {
    let fits = own(filled, false, &["check"]);
    assert!(ended_with(&fits, 0), "{fits}");
    let differs = own(filled, true, &["check", "--annotations", "github"]);
    assert!(ended_with(&differs, 1) && differs.contains("changed-1"), "{differs}");
    let annotation =
        differs.lines().find(|line| line.starts_with("::error title=run `changed-1` of workflow `changing`::"));
    assert!(annotation.is_some(), "{differs}");
    let json = own(filled, true, &["check", "--json"]);
    assert!(json.lines().any(|line| line.starts_with("{\"checked\":")), "{json}");
    let status = filled.inspector().await.run("changed-1").await.expect("read").run.status;
    assert_eq!(status, steadfast::Status::Parked, "a check changes nothing");
}

/// Checks an export, and collects garbage.
async fn checks_an_export_and_collects(filled: &Filled) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("changed-1.run").display().to_string();
    let exported = own(filled, false, &["export", "changed-1", &file]);
    assert!(ended_with(&exported, 0), "{exported}");
    let fits = own(filled, false, &["check", &file]);
    assert!(ended_with(&fits, 0), "{fits}");
    let differs = own(filled, true, &["check", &file]);
    assert!(ended_with(&differs, 1) && differs.contains("changed-1"), "{differs}");
    let collected = own(filled, false, &["gc", "--json"]);
    assert!(
        ended_with(&collected, 0)
            && collected.contains("\"action\":\"gc\",\"subject\":\"the field stores\",\"deleted\":\"0\""),
        "{collected}"
    );
}

async fn starts(filled: &Filled) {
    let wrong = own(filled, false, &["start", "parcel", "\"seven\"", "--id", "typed-1", "--who", "ada"]);
    assert!(ended_with(&wrong, 2) && wrong.contains("nothing was started"), "{wrong}");
    let unknown = own(filled, false, &["start", "none", "7", "--id", "typed-1"]);
    assert!(ended_with(&unknown, 2) && unknown.contains("`none`"), "{unknown}");
    assert!(filled.inspector().await.run("typed-1").await.is_err(), "nothing was started");
    let right = own(filled, false, &["start", "parcel", "7", "--id", "typed-1", "--who", "ada"]);
    assert!(ended_with(&right, 0) && right.contains("typed-1"), "{right}");
    let mail = filled.engine.queue("mail").info().soon().await.expect("read");
    assert_eq!(mail.total, Some(5), "who acts declares nothing");
    // Its keys open the secrets of a run that is copied.
    let fork = own(filled, false, &["fork", "order-1", "--before", "pack", "--id", "order-2"]);
    assert!(ended_with(&fork, 0) && fork.contains("order-2"), "{fork}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_workflows_checks_and_starts_on_sqlite() {
    let filled = Filled::file().await;
    starts(&filled).await;
    filled.engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
    checks(&filled).await;
    checks_an_export_and_collects(&filled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_workflows_checks_and_starts_on_postgres() {
    let Some(filled) = Filled::postgres().await else { return };
    starts(&filled).await;
    checks(&filled).await;
    checks_an_export_and_collects(&filled).await;
}
