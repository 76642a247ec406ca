//! How long the tool takes for each answer over 1,000,000 runs and a run of 10,000 steps, from the start of its process to
//! its end: `cargo bench -p steadfast-cli`. Medians of 7; to reach 200 ms.

mod filled;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

/// What is measured; `Failed` ones are one in twenty, parked ones one in a thousand.
const COMMANDS: &[&str] = &[
    "runs",
    "runs --oldest-first",
    "runs --status parked",
    "runs --status parked,failed --workflow rare",
    "runs --label tenant=t42",
    "runs --text=-9999",
    "runs --count",
    "top --json",
    "show long-1",
    "history long-1",
    "history long-1 --all",
    "steps long-1",
    "steps long-1 --all",
    "context long-1",
    "context long-1 --at 5000",
    "diff long-1@100 @last",
];

fn median(name: &str, line: &str) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
            command.args(["--db", name]).args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
            let status = command.status().expect("it is started");
            assert!(status.success(), "{line}: {status}");
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (file, postgres) = filled::filled(folder.path()).await;
    let file = Path::display(&file).to_string();
    println!("| command | SQLite | Postgres |\n|---|---|---|");
    for line in COMMANDS {
        let in_file = median(&file, line);
        let in_postgres = postgres.as_ref().map(|postgres| median(postgres.url(), line));
        let shown = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1_000.0);
        println!("| `{line}` | {} | {} |", shown(in_file), in_postgres.map_or("no server".to_owned(), shown));
    }
}
