//! A client that sends what it is told, byte by byte, and a console to which it is sent.

use crate::filled::Filled;
use axum::Router;
use limits::Soon as _;
use std::net::SocketAddr;
use steadfast_console::Console;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// The token of every console here.
pub(crate) const TOKEN: &str = "tests-0123456789abcdef0123456789ab";

/// A console that is served until it is dropped: by a runtime of its own, so that its connections end with it.
pub(crate) struct Served {
    pub(crate) socket: SocketAddr,
    runtime: Option<Runtime>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Served {
    /// Serves a console with every action.
    pub(crate) async fn all(filled: &Filled) -> Self {
        let operator = filled.engine.operate("tester").expect("an operator");
        Self::of(Console::new(filled.inspector().await, operator))
    }

    pub(crate) fn of(console: Console) -> Self {
        Self::at(console, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Serves a console at an address, which another one may have had before.
    pub(crate) fn at(console: Console, socket: SocketAddr) -> Self {
        Self::serve(console.token(TOKEN).router(), socket)
    }

    /// Serves a program that has a console.
    pub(crate) fn router(router: Router) -> Self {
        Self::serve(router, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn serve(router: Router, socket: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind(socket).expect("a port");
        listener.set_nonblocking(true).expect("a listener for tokio");
        let socket = listener.local_addr().expect("an address");
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { socket, runtime: Some(runtime) }
    }

    /// Sends bytes, and reads until the server closes.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.socket).soon().await.expect("connected");
        // The server may close before it has read all.
        let _ = stream.write_all(request).soon().await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).soon().await;
        read(&String::from_utf8_lossy(&bytes))
    }

    /// Asks for a page with the token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub(crate) async fn get_json(&self, path: &str) -> Answer {
        self.ask("GET", path, &["accept: application/json"], "").await
    }

    /// Sends a request with the token and more headers.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let bearer = format!("authorization: Bearer {TOKEN}");
        let all: Vec<&str> = std::iter::once(bearer.as_str()).chain(headers.iter().copied()).collect();
        self.plain(method, path, &all, body).await
    }

    /// Sends a request without the token.
    pub(crate) async fn plain(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let host = format!("host: {}", self.socket);
        let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|header| header.starts_with("host:")) {
            text.extend([host.as_str(), "\r\n"]);
        }
        for header in headers {
            text.extend([header, "\r\n"]);
        }
        self.raw(format!("{text}\r\n{body}").as_bytes()).await
    }
}

fn read(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_default();
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if is_chunked { unchunked(body) } else { body.to_owned() };
    Answer { status, head: head.to_owned(), body }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or_default();
        whole.push_str(rest.get(..size).unwrap_or_default());
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
