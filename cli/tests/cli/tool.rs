//! The program as a process: in a pipe, or on a pseudo terminal.

use limits::{Heard, hold_until, output};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read as _;
use std::process::Command;

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

/// Runs the program on a terminal of so many columns, where stdout and stderr are one.
pub(crate) fn on_terminal(columns: u16, variables: &[(&str, &str)], arguments: &[&str]) -> (String, u32) {
    let size = PtySize { rows: 50, cols: columns, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
    let mut command = CommandBuilder::new(PROGRAM);
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.args(arguments);
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).expect("it is started");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let reading = std::thread::spawn(move || {
        let (mut bytes, mut some) = (Vec::new(), [0; 4096]);
        // Linux answers with an error once the program has closed its side.
        while let Ok(count @ 1..) = reader.read(&mut some) {
            bytes.extend_from_slice(&some[..count]);
        }
        bytes
    });
    let mut code = None;
    hold_until(|| {
        code = child.try_wait().expect("a child can be waited for").map(|status| status.exit_code());
        code.is_some()
    });
    let bytes = reading.join().expect("it is read");
    (String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n"), code.expect("it has ended"))
}
