//! The program as a process: in a pipe, or on a pseudo terminal.

use limits::{Heard, LIMIT, hold_until, output};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast");

/// What the program has said.
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// Returns the program, without what the environment of the tests says to it.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("TZ", "UTC").args(arguments);
    command
}

/// Runs the program in a pipe.
pub(crate) fn piped(arguments: &[&str]) -> Said {
    said(&mut command(arguments))
}

pub(crate) fn said(command: &mut Command) -> Said {
    let output = output(command);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
}

/// Starts the program with a pipe that is read line by line.
pub(crate) fn heard(arguments: &[&str]) -> (std::process::Child, Heard) {
    let mut child = command(arguments).stdout(std::process::Stdio::piped()).spawn().expect("it is started");
    let heard = Heard::of(child.stdout.take().expect("a pipe"));
    (child, heard)
}

/// The program on a terminal, where stdout and stderr are one.
struct OnTerminal {
    child: Box<dyn Child + Send + Sync>,
    chunks: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    terminal: Box<dyn MasterPty + Send>,
}

impl OnTerminal {
    fn start(columns: u16, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let size = PtySize { rows: 50, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
        let mut command = CommandBuilder::new(PROGRAM);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.args(arguments);
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("it is started");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (send, chunks) = channel();
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            // Linux answers with an error once the program has closed its side.
            while let Ok(count @ 1..) = reader.read(&mut some) {
                if send.send(some[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, chunks, bytes: Vec::new(), terminal: pair.master }
    }

    /// Reads the next chunk; `false` at the end.
    fn read(&mut self) -> bool {
        match self.chunks.recv_timeout(LIMIT) {
            Ok(chunk) => self.bytes.extend(chunk),
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more came within {LIMIT:?}: {}", self.text()),
        }
        true
    }

    /// Reads to the end. Returns all that was said, and the exit code.
    fn ended(mut self) -> (String, u32) {
        while self.read() {}
        let mut code = None;
        hold_until(|| {
            code = self.child.try_wait().expect("a child can be waited for").map(|status| status.exit_code());
            code.is_some()
        });
        (self.text(), code.expect("it has ended"))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n")
    }
}

/// Runs the program on a terminal of so many columns, to its end.
pub(crate) fn on_terminal(columns: u16, variables: &[(&str, &str)], arguments: &[&str]) -> (String, u32) {
    OnTerminal::start(columns, variables, arguments).ended()
}

/// Runs the program on a terminal to its end, and types an answer once it asks.
pub(crate) fn answered_on_terminal(arguments: &[&str], answer: &str) -> (String, u32) {
    let mut running = OnTerminal::start(100, &[("NO_COLOR", "1")], arguments);
    while !running.text().contains("[y/N]") {
        assert!(running.read(), "it has not asked: {}", running.text());
    }
    let mut writer = running.terminal.take_writer().expect("a writer");
    writer.write_all(format!("{answer}\n").as_bytes()).expect("typed");
    running.ended()
}

/// Runs the program on a terminal, and presses each key once the text before it has been shown. Returns all that it has
/// said, and its exit code.
pub(crate) fn pressed_on_terminal(columns: u16, arguments: &[&str], keys: &[(&str, &str)]) -> (String, u32) {
    let mut running = OnTerminal::start(columns, &[], arguments);
    let mut keyboard = running.terminal.take_writer().expect("a keyboard");
    let mut said = 0;
    for (shown, key) in keys {
        while !running.text()[said..].contains(shown) {
            assert!(running.read(), "it has ended before `{shown}`: {}", running.text());
        }
        said = running.text().len();
        keyboard.write_all(key.as_bytes()).and_then(|()| keyboard.flush()).expect("it is pressed");
    }
    running.ended()
}

/// Runs the program on a terminal until it has said enough, and kills it.
pub(crate) fn until_on_terminal(columns: u16, arguments: &[&str], is_enough: impl Fn(&str) -> bool) -> String {
    let mut running = OnTerminal::start(columns, &[], arguments);
    while !is_enough(&running.text()) {
        assert!(running.read(), "it has ended: {}", running.text());
    }
    running.child.kill().expect("it is killed");
    hold_until(|| running.child.try_wait().expect("a child can be waited for").is_some());
    running.text()
}
