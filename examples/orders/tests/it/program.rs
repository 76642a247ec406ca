//! The built program in a folder of its own.

use limits::Heard;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) const ORDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/orders.csv");

pub(crate) struct Program {
    folder: tempfile::TempDir,
    arguments: Vec<String>,
}

impl Program {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { folder, arguments: arguments.iter().map(ToString::to_string).collect() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
        command.args(&self.arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command until it exits.
    pub(crate) fn run(&self) -> Output {
        limits::output(&mut self.command())
    }

    /// Runs a command, which must succeed, and returns its summary.
    pub(crate) fn summary(&self) -> String {
        let output = self.run();
        let remarks = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !remarks.contains("panicked"), "{remarks}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the program, and discards its output.
    pub(crate) fn spawn(&self) -> Child {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts the program, whose remarks and summary can be read.
    pub(crate) fn spawn_heard(&self) -> (Child, Heard) {
        let mut child = self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let remarks = Heard::of(child.stderr.take().unwrap());
        (child, remarks)
    }

    pub(crate) fn ledger(&self) -> Vec<Request> {
        requests(&self.path("orders.db-ledger.jsonl"))
    }
}

/// One line of the ledger.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Request {
    pub(crate) key: String,
    pub(crate) order: u64,
    pub(crate) step: String,
    pub(crate) attempt: u32,
    pub(crate) answer: String,
}

fn requests(path: &Path) -> Vec<Request> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
