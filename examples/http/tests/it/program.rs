//! The built program on a port that the system chooses, with a database in a folder of its own, and a client.

use limits::Heard;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

pub(crate) struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_http-service"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command until it exits.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        limits::output(&mut self.command(arguments))
    }

    /// Starts the service with a bank that takes `pause_ms` for each charge, and returns once it listens.
    pub(crate) fn serve(&self, pause_ms: &str) -> Server {
        let mut command = self.command(&["--port", "0", "--pause-ms", pause_ms]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut heard = Heard::of(child.stdout.take().unwrap());
        let address = heard.until("listening on http://").rsplit('/').next().unwrap().to_owned();
        Server { child, heard, address }
    }

    /// Returns the number of charges of the bank.
    pub(crate) fn charges(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("http.db-bank")).map_or(0, Iterator::count)
    }

    pub(crate) fn is_empty(&self) -> bool {
        std::fs::read_dir(self.folder.path()).unwrap().next().is_none()
    }
}

/// A process that serves. It is killed on drop.
pub(crate) struct Server {
    child: Child,
    heard: Heard,
    pub(crate) address: String,
}

impl Server {
    /// Sends one request, on its own connection. Returns the status and the body of the response.
    pub(crate) fn ask(&self, request: &str, body: &str) -> (u16, Value) {
        ask(&self.address, request, body).unwrap()
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        limits::ended(&mut self.child);
    }

    /// Asks the process to end, as a supervisor does.
    pub(crate) fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits until the process exits, which must be with success, and returns its output.
    pub(crate) fn ended(mut self) -> Vec<String> {
        assert!(limits::ended(&mut self.child).success());
        std::mem::replace(&mut self.heard, Heard::of(std::io::empty())).to_end()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request such as `PUT /orders/7`, with a body if there is one.
pub(crate) fn ask(address: &str, request: &str, body: &str) -> std::io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(limits::LIMIT))?;
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| std::io::Error::other("no answer"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Ok((status, serde_json::from_str(body).unwrap_or_else(|_| Value::from(body))))
}
