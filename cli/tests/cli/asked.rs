//! What destroys asks on a terminal, and a database that cannot be acted on stays as it is.

use crate::filled::Filled;
use crate::tool::{answered_on_terminal, command, on_terminal, piped, said};
use limits::{Soon as _, until};
use rusqlite::Connection;
use std::time::Duration;
use steadfast::Status;

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_asked_before_a_run_is_cancelled() {
    let filled = Filled::file().await;
    let words = ["--db", &filled.name, "cancel", "parcel-1", "--who", "ada"];
    let (text, code) = answered_on_terminal(&words, "n");
    assert!(text.contains("Cancel run `parcel-1` (parcel, sleeping, 3 entries)? [y/N]"), "{text}");
    assert!(code == 1 && text.contains("nothing was done"), "{text}");
    assert_eq!(filled.engine.inspect().run("parcel-1").await.expect("read").run.status, Status::Sleeping);
    let (text, code) = answered_on_terminal(&words, "y");
    assert!(code == 0 && text.contains("cancel"), "{text}");
    let inspector = filled.engine.inspect();
    until(async || inspector.run("parcel-1").await.expect("read").run.status == Status::Cancelled).await;
    let (table, code) = on_terminal(100, &[("NO_COLOR", "1")], &["--db", &filled.name, "audit"]);
    assert!(code == 0 && table.contains("ada") && table.contains("SUBJECT"), "{table}");
    let longest = table.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acts_is_the_user_unless_named() {
    let filled = Filled::file().await;
    let mut of_user = command(&["--db", &filled.name, "pause", "parcel-1"]);
    assert_eq!(said(of_user.env("USER", "grace")).code, Some(0));
    let audit = piped(&["--db", &filled.name, "audit", "--json"]).stdout;
    assert!(audit.contains("\"who\":\"grace@"), "{audit}");
    let empty = piped(&["--db", &filled.name, "pause", "parcel-1", "--who", ""]);
    assert!(empty.code == Some(1) && empty.stderr.contains("the name of who acts"), "{}", empty.stderr);
}

/// Acts on a file, and says what it must say.
fn refused(path: &std::path::Path, sentence: &str) {
    let before = std::fs::read(path).ok();
    let said = piped(&["--db", &path.display().to_string(), "pause", "parcel-1"]);
    assert_eq!(said.code, Some(1), "{sentence}: {}{}", said.stdout, said.stderr);
    assert!(said.stdout.is_empty() && said.stderr.contains(sentence), "{}", said.stderr);
    assert_eq!(std::fs::read(path).ok(), before, "{sentence}: it was left as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_ours_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    refused(&at("none.db"), "there is no such file");
    std::fs::write(at("text.db"), "a text ".repeat(1_000)).expect("written");
    refused(&at("text.db"), "is not an SQLite database");
    Connection::open(at("other.db")).and_then(|db| db.execute_batch("CREATE TABLE t (n)")).expect("made");
    refused(&at("other.db"), "tables of another program");

    let filled = Filled::file().await;
    filled.engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
    std::fs::copy(&filled.name, at("runs.db")).expect("copied");
    let db = Connection::open(at("runs.db")).expect("opened");
    let of_schema = |version: u32| {
        let text = format!("UPDATE steadfast_meta SET value = '{version}' WHERE key = 'schema'");
        db.execute_batch(&format!("{text}; PRAGMA wal_checkpoint(TRUNCATE)")).expect("set");
    };
    of_schema(99);
    refused(&at("runs.db"), "Run it with the newer version");
    of_schema(12);
    refused(&at("runs.db"), "has schema version 12");
    of_schema(13);
    drop(db);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let set = |mode| std::fs::set_permissions(at("runs.db"), std::fs::Permissions::from_mode(mode)).expect("set");
        set(0o444);
        // Nothing keeps the super-user from writing.
        if std::fs::OpenOptions::new().write(true).open(at("runs.db")).is_err() {
            refused(&at("runs.db"), "cannot be written");
        }
        set(0o644);
    }
    assert_eq!(piped(&["--db", &at("runs.db").display().to_string(), "pause", "parcel-1"]).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_locked_says_so_and_nothing_is_done() {
    let filled = Filled::file().await;
    filled.engine.shutdown(Duration::from_secs(10)).soon().await.expect("it ends");
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("runs.db").display().to_string();
    std::fs::copy(&filled.name, &name).expect("copied");
    let db = Connection::open(&name).expect("opened");
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE steadfast_meta SET value = value")
        .expect("locked");
    let said = piped(&["--db", &name, "pause", "parcel-1"]);
    assert!(said.code == Some(1) && said.stderr.contains("locked"), "{}", said.stderr);
    db.execute_batch("ROLLBACK; PRAGMA locking_mode = NORMAL").expect("free");
    drop(db);
    assert_eq!(piped(&["--db", &name, "audit"]).stdout.lines().count(), 1, "only the header");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_stops_no_action() {
    let filled = Filled::file().await;
    let mut command = command(&["--db", &filled.name, "cancel", "parcel-1", "--yes"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("it is started");
    drop(child.stdout.take());
    assert_eq!(limits::ended(&mut child).code(), Some(0));
    let inspector = filled.engine.inspect();
    until(async || inspector.run("parcel-1").await.expect("read").run.status == Status::Cancelled).await;
    assert_eq!(piped(&["--db", &filled.name, "audit"]).stdout.lines().count(), 2, "it is recorded");
}
