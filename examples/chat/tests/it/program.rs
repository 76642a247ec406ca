//! The built program with a database in a folder of its own.

use std::process::{Child, Command, Output, Stdio};

pub(crate) struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        command.args(["--pause-ms", "20"]).args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command until it exits.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        limits::output(&mut self.command(arguments))
    }

    /// Runs a command, which must succeed, and returns its output.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        good(&self.run(arguments))
    }

    /// Starts a command with piped input and output.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Types these lines, and returns the output.
    pub(crate) fn typed(&self, lines: &str) -> String {
        good(&limits::output_of(self.spawn(&[]), lines.as_bytes()))
    }

    /// Returns the keys under which thoughts were billed, in order.
    pub(crate) fn bill(&self) -> Vec<String> {
        let bill = std::fs::read_to_string(self.folder.path().join("chat.db-bill")).unwrap_or_default();
        bill.lines().map(str::to_owned).collect()
    }

    pub(crate) fn has_files(&self) -> bool {
        std::fs::read_dir(self.folder.path()).unwrap().next().is_some()
    }
}

fn good(output: &Output) -> String {
    let remarks = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && remarks.is_empty(), "{remarks}");
    String::from_utf8(output.stdout.clone()).unwrap()
}
