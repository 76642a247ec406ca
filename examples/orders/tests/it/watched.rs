//! The runs in the browser: while they run, and after a kill.

use crate::program::{ORDERS, Program};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Returns the page of the runs, at the address that the program has printed.
fn page(address: &str) -> String {
    let (socket, token) = address.split_once("/?token=").unwrap();
    let mut stream = TcpStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(limits::LIMIT)).unwrap();
    let head = format!("host: localhost\r\nauthorization: Bearer {token}\r\nconnection: close");
    stream.write_all(format!("GET /runs HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).unwrap();
    let mut page = Vec::new();
    stream.read_to_end(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn the_console_shows_the_runs_before_and_after_a_kill() {
    let program = Program::new(&["--file", ORDERS, "--limit", "50", "--slow", "--console"]);
    for _ in 0..2 {
        let (mut child, mut remarks) = program.spawn_heard();
        let (_, address) = remarks.until("console: http://").split_once("http://").unwrap();
        // The first order may not have been started yet.
        limits::hold_until(|| page(address).contains("<tr data-key="));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
