//! The built program with a database in a folder of its own.

use limits::Heard;
use rusqlite::Connection;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

pub(crate) struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_payments"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command until it exits.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        limits::output(&mut self.command(arguments))
    }

    /// Runs a command, which must succeed, and returns its output.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let remarks = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && remarks.is_empty(), "{arguments:?}: {said}{remarks}");
        said
    }

    /// Starts a command, and returns when it begins to move money.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut heard = Heard::of(child.stdout.take().unwrap());
        let line = heard.next_line().unwrap();
        assert!(line.contains("were ordered before"), "{line}");
        child
    }

    /// Returns the result of a query, over a separate connection.
    pub(crate) fn number(&self, query: &str) -> i64 {
        let connection = Connection::open(self.path("payments.db")).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }
}
