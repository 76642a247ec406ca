//! The built program with a database in a folder of its own.

use limits::Heard;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

pub(crate) const TEXTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/texts");

pub(crate) struct Program {
    folder: tempfile::TempDir,
    texts: PathBuf,
    pause: &'static str,
}

impl Program {
    /// Returns a program for the texts of the repository.
    pub(crate) fn new() -> Self {
        Self::of(TEXTS.into())
    }

    pub(crate) fn of(texts: PathBuf) -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), texts, pause: "20" }
    }

    /// Makes steps slow enough that a test can act between two texts, on any machine.
    pub(crate) fn slow(self) -> Self {
        Self { pause: "100", ..self }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_documents"));
        command.args(arguments).arg(&self.texts).args(["--pause-ms", self.pause]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
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
        assert!(output.status.success() && remarks.is_empty(), "{remarks}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn spawn(&self) -> Running {
        let mut child = self.command(&[]).stdout(Stdio::piped()).spawn().unwrap();
        let heard = Heard::of(child.stdout.take().unwrap());
        Running { child, heard }
    }
}

/// The running program, with its output so far.
pub(crate) struct Running {
    child: Child,
    heard: Heard,
}

impl Running {
    /// Waits until the program has printed `times` lines with this text.
    pub(crate) fn hear(&mut self, text: &str, times: usize) {
        let heard = self.heard.said.iter().filter(|line| line.contains(text)).count();
        for _ in heard..times {
            self.heard.until(text);
        }
    }

    /// Kills the program with SIGKILL, and returns all its output.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        limits::ended(&mut self.child);
        self.heard.to_end()
    }
}
