//! How long the console takes for a page over 1,000,000 runs and a run of 10,000 steps, from the request to the end of the
//! answer: `cargo bench -p steadfast-console`. Medians of 7; to stay below 200 ms.

#[path = "../../cli/benches/large/filled.rs"]
mod filled;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use steadfast::inspect::Inspector;
use steadfast_console::Console;

const ROUNDS: usize = 7;
const TOKEN: &str = "bench-0123456789abcdef0123456789ab";

/// What is measured; failed runs are one in twenty, parked ones one in a thousand.
const PAGES: &[&str] = &[
    "runs",
    "runs?order=oldest",
    "runs?status=parked",
    "runs?status=parked,failed&workflow=rare",
    "runs?label=tenant%3Dt42",
    "runs?text=-9999",
    "run?id=long-1",
    "run?id=long-1&at=5000",
    "run?id=long-1&way=1",
    "run?id=run-7",
    "history?id=long-1&after=15000",
    "steps?id=long-1&after=15000",
    "reasons",
    "requests",
    "queues",
    "schedules",
    "workers",
    "jobs",
    "audit",
    "health",
];

/// Serves a console on a thread of its own.
async fn served(inspector: Inspector) -> SocketAddr {
    let console = Console::new(inspector, None).token(TOKEN);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let socket = listener.local_addr().expect("an address");
    tokio::spawn(console.serve(listener));
    socket
}

fn get(socket: SocketAddr, page: &str) -> (Duration, usize) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(socket).expect("connected");
    let head = format!("authorization: Bearer {TOKEN}\r\nconnection: close\r\nhost: localhost");
    stream.write_all(format!("GET /{page} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    let took = begun.elapsed();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{page}: {}", String::from_utf8_lossy(&answer[..200]));
    (took, answer.len())
}

fn median(socket: SocketAddr, page: &str) -> (Duration, usize) {
    let mut times: Vec<_> = (0..ROUNDS).map(|_| get(socket, page)).collect();
    times.sort();
    times[ROUNDS / 2]
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (file, postgres) = filled::filled(folder.path()).await;
    let in_file = served(Inspector::sqlite(&file).await.expect("opened")).await;
    let in_postgres = match &postgres {
        Some(postgres) => Some(served(Inspector::postgres(postgres.url()).await.expect("opened")).await),
        None => None,
    };
    println!("| page | SQLite | Postgres | bytes |\n|---|---|---|---|");
    for page in PAGES {
        let shown = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1_000.0);
        // The server has threads of its own.
        let measured = |socket| tokio::task::block_in_place(|| median(socket, page));
        let (time, size) = measured(in_file);
        let other = in_postgres.map_or("no server".to_owned(), |socket| shown(measured(socket).0));
        println!("| `{page}` | {} | {other} | {size} |", shown(time));
    }
}
