//! `serve`: the console as a process, while it is killed, and what it says of databases that it cannot serve.

use crate::filled::Filled;
use crate::tool::{heard, piped};
use limits::Heard;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

/// A console that is killed when it is dropped.
struct Console {
    child: Child,
    address: String,
    _heard: Heard,
}

impl Console {
    fn start(arguments: &[&str]) -> Self {
        let (child, mut heard) = heard(arguments);
        let address = heard.next_line().expect("an address").to_owned();
        Self { child, address, _heard: heard }
    }

    fn parts(&self) -> (&str, &str) {
        let rest = self.address.strip_prefix("http://").expect("an address");
        rest.split_once("/?token=").expect("a token")
    }

    fn open(&self, path: &str, token: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.parts().0).expect("it listens");
        stream.set_read_timeout(Some(limits::LIMIT)).expect("a limit");
        let head = format!("host: localhost\r\nauthorization: Bearer {token}");
        stream
            .write_all(format!("GET /{path} HTTP/1.1\r\n{head}\r\nconnection: close\r\n\r\n").as_bytes())
            .expect("sent");
        stream
    }

    fn get(&self, path: &str, token: &str) -> String {
        let mut answer = Vec::new();
        self.open(path, token).read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_killed_while_its_page_is_open_starts_again_with_another_token() {
    let filled = Filled::file().await;
    let first = Console::start(&["--db", &filled.name, "serve"]);
    let (socket, token) = first.parts();
    assert!(socket.starts_with("127.0.0.1:") && token.len() >= 32, "{}", first.address);
    let page = first.get("runs", token);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("order-1"), "{page}");
    assert!(page.contains("--db") && !page.contains("read-only"), "{page}");
    assert!(first.get("runs", "guessed").starts_with("HTTP/1.1 401"));
    let mut open = first.open("live?of=runs", token);
    let mut line = [0; 15];
    open.read_exact(&mut line).expect("a page that is followed");
    let (port, old) = (socket.rsplit_once(':').expect("a port").1.to_owned(), token.to_owned());
    drop(first);
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest);
    let second = Console::start(&["--db", &filled.name, "serve", "--port", &port, "--read-only", "--hide-values"]);
    assert!(second.get("runs", &old).starts_with("HTTP/1.1 401"), "the token was that of the process");
    let page = second.get("run?id=order-1", second.parts().1);
    assert!(page.contains("read-only") && page.contains("[hidden]") && !page.contains("act?do="), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_on_postgres_never_shows_the_password() {
    let Some(filled) = Filled::postgres().await else { return };
    let console = Console::start(&["--db", &filled.name, "serve"]);
    let page = console.get("act?do=cancel&run=order-1", console.parts().1);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("$STEADFAST_DB"), "{page}");
    assert!(!page.contains(throwaway_postgres::PASSWORD), "{page}");
}

#[test]
fn what_cannot_be_served_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("text.db");
    std::fs::write(&path, "a text ".repeat(1_000)).expect("written");
    let said = piped(&["--db", &path.display().to_string(), "serve"]);
    assert!(said.code == Some(1) && said.stderr.contains("is not an SQLite database"), "{}", said.stderr);
    let said = piped(&["--db", "none.db", "serve", "--port", "70000"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
}
