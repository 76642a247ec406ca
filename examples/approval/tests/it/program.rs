//! The built program with a database in a folder of its own, for a user whose name is bob.

use limits::Heard;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

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
        let mut command = Command::new(env!("CARGO_BIN_EXE_approval"));
        command.args(arguments).env("USER", "bob").current_dir(self.folder.path()).stdin(Stdio::null());
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
        assert!(output.status.success() && remarks.is_empty(), "{arguments:?}: {remarks}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts an expense of ada's, and returns its id.
    pub(crate) fn start(&self, limit: &str) -> String {
        let said = self.said(&["start", "--by", "ada", "--cents", "12900", "--for", "train to Graz", "--limit", limit]);
        said.trim_end().to_owned()
    }

    /// Returns the ids of all open questions, the oldest first.
    pub(crate) fn questions(&self) -> Vec<String> {
        let listed = self.said(&["list"]);
        let heads = listed.lines().filter(|line| !line.starts_with(' ') && !line.starts_with("no question"));
        heads.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }

    /// Waits until the only open question is not `before`, and returns its id.
    pub(crate) fn question_after(&self, before: &str) -> String {
        let since = Instant::now();
        loop {
            match self.questions().as_slice() {
                [one] if one != before => return one.clone(),
                found => assert!(since.elapsed() < Duration::from_secs(30), "{found:?}"),
            }
        }
    }

    /// Waits until the only open question is one for a manager, and returns its id. A process must be working: `list` does
    /// no work.
    pub(crate) fn question_to_a_manager(&self) -> String {
        let since = Instant::now();
        while !self.said(&["list"]).contains("asks a manager, for as long as it takes") {
            assert!(since.elapsed() < Duration::from_secs(30), "nobody asks a manager");
        }
        self.question_after("")
    }

    /// Returns the sent lines, without their keys.
    pub(crate) fn sent(&self) -> Vec<String> {
        let outbox = std::fs::read_to_string(self.path("approval.db-outbox")).unwrap_or_default();
        outbox.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    pub(crate) fn work(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(&["work"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let heard = Heard::of(child.stdout.take().unwrap());
        let mut running = Running { child, heard };
        running.hear("working");
        running
    }
}

/// A running `approval work`.
pub(crate) struct Running {
    child: Child,
    heard: Heard,
}

impl Running {
    /// Waits until the program has printed a line with this text.
    pub(crate) fn hear(&mut self, text: &str) {
        if !self.heard.said.iter().any(|line| line.contains(text)) {
            self.heard.until(text);
        }
    }

    /// Stops the program with SIGSTOP, so that it does nothing until [`go_on`](Self::go_on).
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Kills the program with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        limits::ended(&mut self.child);
    }

    /// Interrupts the program as Ctrl-C does. Returns its exit status and all its output.
    pub(crate) fn interrupt(mut self) -> (ExitStatus, Vec<String>) {
        self.signal("-INT");
        let said = self.heard.to_end();
        (limits::ended(&mut self.child), said)
    }
}
