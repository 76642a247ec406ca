//! The built program with a database in a folder of its own.

use limits::Heard;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};

pub(crate) const TEXTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/texts");

pub(crate) struct Program {
    folder: tempfile::TempDir,
    texts: PathBuf,
}

impl Program {
    /// Returns a program for the texts of the repository.
    pub(crate) fn new() -> Self {
        Self::of(TEXTS.as_ref())
    }

    pub(crate) fn of(texts: &Path) -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), texts: texts.to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
        command.arg(&self.texts).args(["--pause-ms", "20"]).args(arguments);
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command until it exits, without any input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        limits::output(&mut self.command(arguments))
    }

    /// Runs a command, which must succeed, and returns its output.
    pub(crate) fn said(&self, arguments: &[&str]) -> Said {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Said::new(&String::from_utf8(output.stdout).unwrap())
    }

    /// Starts a command with piped input and output.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let notes = Heard::of(child.stderr.take().unwrap());
        let answers = child.stdin.take().unwrap();
        Running { child, answers, notes }
    }
}

/// The output of a finished program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) report: String,
    /// The lines of the run's diagram, sorted: the program prints them in the order of events.
    pub(crate) way: Vec<String>,
}

impl Said {
    fn new(text: &str) -> Self {
        let (report, way) = text.split_once("\n\nthe way that it took:\n").unwrap_or_else(|| panic!("{text}"));
        let mut way: Vec<_> = way.lines().map(str::to_owned).collect();
        way.sort();
        Self { report: report.to_owned(), way }
    }
}

/// The running program.
pub(crate) struct Running {
    child: Child,
    answers: ChildStdin,
    notes: Heard,
}

impl Running {
    /// Waits until the program prints a line with this text, and returns that line.
    pub(crate) fn hear(&mut self, text: &str) -> String {
        self.notes.until(text).to_owned()
    }

    /// Waits for the next question, and returns the name of the file.
    pub(crate) fn question(&mut self) -> String {
        let line = self.hear("Count it all the same?");
        line.split_once(": ").unwrap().0.to_owned()
    }

    pub(crate) fn answer(&mut self, answer: &str) {
        writeln!(self.answers, "{answer}").unwrap();
    }

    /// Kills the program with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        limits::ended(&mut self.child);
    }

    /// Waits until the program exits, which must be with success, and returns its output.
    pub(crate) fn said(mut self) -> Said {
        let heard = self.notes.to_end();
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(limits::ended(&mut self.child).success(), "{heard:?}");
        Said::new(&said)
    }
}
