//! Pages that follow what they show: many streams, slow readers, runs that vanish.

use crate::actions::cancel_and_delete;
use crate::client::{Served, TOKEN};
use crate::filled::Filled;
use crate::pages::folder;
use limits::Soon as _;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;

/// How many browsers have a page open.
const MANY: usize = 1_000;

/// The stream of a page.
struct Stream(Lines<BufReader<TcpStream>>);

impl Stream {
    async fn open(console: &Served, of: &str) -> Self {
        let of: String = form_urlencoded::byte_serialize(of.as_bytes()).collect();
        let mut stream = TcpStream::connect(console.socket).soon().await.expect("connected");
        let request = format!("GET /live?of={of} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
        stream.write_all(request.as_bytes()).soon().await.expect("sent");
        Self(BufReader::new(stream).lines())
    }

    /// Returns the next version of the page.
    async fn version(&mut self) -> String {
        loop {
            let line = self.0.next_line().soon().await.expect("read").expect("the stream goes on");
            assert!(!line.starts_with("HTTP/1.1") || line.contains(" 200 "), "{line}");
            if let Some(version) = line.strip_prefix("data: ") {
                return version.to_owned();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_open_pages_are_told_of_a_change() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let mut streams = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        streams.push(Stream::open(&console, "runs?workflow=parcel").await);
    }
    let mut first = Vec::with_capacity(MANY);
    for stream in &mut streams {
        first.push(stream.version().await);
    }
    assert!(first.iter().all(|version| *version == first[0]), "all see the same page");
    // Those that do not read hold nobody up.
    let slow = streams.split_off(MANY / 2);
    let begun = Instant::now();
    assert_eq!(console.get("/runs").await.status, 200);
    filled.waiting("new-1").await;
    for stream in &mut streams {
        assert_ne!(stream.version().await, first[0]);
    }
    // 1,000 pollers of their own would take longer than that for a single look each.
    assert!(begun.elapsed() < limits::LIMIT, "{:?}", begun.elapsed());
    drop(slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_vanishes_while_its_page_is_open_is_told() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    filled.waiting("a").await;
    let mut stream = Stream::open(&console, "run?id=a").await;
    let first = stream.version().await;
    cancel_and_delete(&console, &filled, "a").await;
    while stream.version().await != first && console.get("/run?id=a").await.status != 404 {}
    assert_eq!(console.get("/run?id=a").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_are_followed_and_not_too_many() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    for (path, status) in [
        ("/live".to_owned(), 400),
        ("/live?of=nothing".to_owned(), 404),
        ("/live?of=act%3Fdo%3Dcancel%26run%3Da".to_owned(), 404),
        ("/live?of=..%2F..%2Fetc%2Fpasswd".to_owned(), 404),
        (format!("/live?of=runs%3Ftext%3D{}", "a".repeat(8_500)), 414),
    ] {
        assert_eq!(console.get(&path).await.status, status, "{path}");
    }
    // A page of its own for each stream: there is an end to that.
    let mut streams = Vec::new();
    for n in 0..200 {
        streams.push(Stream::open(&console, &format!("runs?text={n}")).await);
    }
    for stream in &mut streams {
        stream.version().await;
    }
    let answer = console.get("/live?of=runs%3Ftext%3Dmore").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")), "{}", answer.body);
    drop(streams);
    // What nobody follows any more is forgotten.
    limits::until(async || {
        let mut stream = Stream::open(&console, "runs?text=more").await;
        let mut line = [0; 12];
        stream.0.get_mut().read_exact(&mut line).soon().await.is_ok_and(|_| line.ends_with(b"200"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_slowly_or_not_at_all_holds_nobody_up() {
    let filled = Filled::file(folder()).await;
    let console = Served::all(&filled).await;
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(console.socket).soon().await.expect("connected");
        if n % 2 == 0 {
            stream.write_all(b"POST /act HTTP/1.1\r\nhost: localhost\r\ncontent-le").soon().await.expect("sent");
        }
        slow.push(stream);
    }
    let answer = tokio::time::timeout(Duration::from_secs(30), console.get("/runs")).await.expect("in time");
    assert_eq!(answer.status, 200);
}
