//! Child processes of a test. A process that does not end, or prints nothing, fails the test.

use crate::LIMIT;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The time limit of a whole program, which may have much to do.
const LIMIT_OF_PROGRAMS: Duration = Duration::from_mins(2);

/// Runs a command until it exits, and returns its output.
///
/// # Panics
/// It cannot be started, or does not end within two minutes.
pub fn output(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it is started");
    output_of(child, b"")
}

/// Writes to a process, closes its input, waits until it exits, and returns its output.
///
/// # Panics
/// It does not end within two minutes; then it is killed.
pub fn output_of(mut child: Child, input: &[u8]) -> Output {
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).expect("it reads its input");
    }
    let (stdout, stderr) = (child.stdout.take().map(read), child.stderr.take().map(read));
    let status = ended(&mut child);
    let read =
        |thread: Option<JoinHandle<Vec<u8>>>| thread.map_or_else(Vec::new, |read| read.join().expect("it is read"));
    Output { status, stdout: read(stdout), stderr: read(stderr) }
}

fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// Waits for the end of a process.
///
/// # Panics
/// It does not end within two minutes; then it is killed.
pub fn ended(child: &mut Child) -> ExitStatus {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status;
        }
        if since.elapsed() > LIMIT_OF_PROGRAMS {
            // The process may have ended just now.
            let _ = child.kill();
            panic!("process {} did not end within {LIMIT_OF_PROGRAMS:?}", child.id());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Polls a condition every 5 ms until it holds, and blocks this thread.
///
/// # Panics
/// It does not hold within [`LIMIT`]. The message names the calling line.
#[track_caller]
pub fn hold_until(mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < LIMIT, "what is waited for did not come within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The lines that a process prints, received as they are printed.
#[derive(Debug)]
pub struct Heard {
    lines: Receiver<String>,
    /// The lines received so far.
    pub said: Vec<String>,
}

impl Heard {
    /// Reads a pipe on a new thread.
    ///
    /// # Panics
    /// No thread can be spawned.
    pub fn of(pipe: impl Read + Send + 'static) -> Self {
        let (send, lines) = channel();
        std::thread::spawn(move || {
            // The receiver may be dropped, and a killed process may end in the middle of a character.
            BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Self { lines, said: Vec::new() }
    }

    /// Waits for the next line. Returns `None` if the pipe is closed.
    ///
    /// # Panics
    /// No line arrives within [`LIMIT`].
    pub fn next_line(&mut self) -> Option<&str> {
        match self.lines.recv_timeout(LIMIT) {
            Ok(line) => self.said.push(line),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more came within {LIMIT:?}: {:?}", self.said),
        }
        self.said.last().map(String::as_str)
    }

    /// Waits for a line with this text, and returns it.
    ///
    /// # Panics
    /// The pipe is closed before that, or no line arrives within [`LIMIT`].
    pub fn until(&mut self, text: &str) -> &str {
        while !self.next_line().unwrap_or_else(|| panic!("it ended without «{text}»")).contains(text) {}
        self.said.last().map_or("", String::as_str)
    }

    /// Waits until the pipe is closed, and returns all lines.
    ///
    /// # Panics
    /// No line arrives within [`LIMIT`].
    #[must_use]
    pub fn to_end(mut self) -> Vec<String> {
        while self.next_line().is_some() {}
        self.said
    }
}
