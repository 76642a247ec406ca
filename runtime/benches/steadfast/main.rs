//! The project's benchmark: one table, each line beside the raw limit measured in the same run.
//!
//! `cargo bench -p steadfast`, with `--features schedules,conformance` for lines (w) and (y); with
//! `STEADFAST_BENCH_JSON=file` the lines are also written there, one JSON object each.

mod backlog;
mod blob;
mod burst;
mod children;
mod due;
mod edits;
mod events;
mod graphs;
mod messages;
mod raw;
mod remote;
mod replay;
mod restore;
#[cfg(feature = "schedules")]
mod schedules;
mod sleeping;
mod steps;
mod table;
mod transaction;
mod update;
mod wide;
mod workflows;

use steadfast::{Engine, EngineBuilder};
use table::Table;
use tokio::runtime::Runtime;

/// One line of the table, measured in a folder of its own.
type Line = fn(&Runtime, &std::path::Path, &mut Table);

/// An engine on a file, for the processes of [`remote`].
fn engine_on(path: &str) -> EngineBuilder {
    Engine::builder().sqlite(path)
}

fn main() {
    if remote::is_worker() {
        return remote::work();
    }
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == blob::ROUND) {
        return blob::round(std::path::Path::new(&arguments.next().expect("the folder of the round")));
    }
    // Cargo passes `--bench`; a name restricts the lines.
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the working disk");
    let mut table = Table::new();
    let lines: [(&str, Line); 25] = [
        ("a", steps::sequential),
        ("b", steps::many_runs),
        ("c", replay::long_histories),
        ("d", update::beside_a_large_field),
        ("e", steps::in_memory),
        ("f", sleeping::many_sleeping_runs),
        ("g", wide::one_of_fifty),
        ("h", blob::through_a_folder),
        ("i", restore::many_hooks),
        ("j", messages::through_a_run),
        ("k", messages::wake_up),
        ("l", children::thousand),
        ("m", transaction::of_a_workflow),
        ("n", events::in_memory),
        ("o", events::on_a_disk),
        ("p", events::ten_thousand),
        ("q", edits::of_eight_steps),
        ("r", events::flat),
        ("s", due::resumed),
        ("t", burst::first_bodies),
        ("u", remote_steps),
        ("v", remote_latency),
        ("w", schedules_due),
        ("x", starts_on_a_queue),
        ("y", claims),
    ];
    for (name, line) in lines {
        if only.as_deref().is_none_or(|only| only == name) {
            let own = folder.path().join(name);
            std::fs::create_dir(&own).expect("a folder for one line");
            line(&runtime, &own, &mut table);
        }
    }
    table.print();
}

fn remote_steps(runtime: &Runtime, folder: &std::path::Path, table: &mut Table) {
    let mut file = 0;
    let place = || {
        file += 1;
        folder.join(format!("remote-{file}.db")).to_str().expect("a path of this machine").to_owned()
    };
    let mut limit = 0;
    let raw = || {
        limit += 1;
        raw::claims_and_completions(&folder.join(format!("raw-{limit}.db")), 100, remote::BATCH)
    };
    remote::many(runtime, 5, place, raw, table);
}

fn starts_on_a_queue(runtime: &Runtime, folder: &std::path::Path, table: &mut Table) {
    let (mut file, mut limit) = (0, 0);
    let engine = || {
        file += 1;
        Engine::builder().sqlite(folder.join(format!("queue-{file}.db")))
    };
    let raw = || {
        limit += 1;
        raw::queued_runs(&folder.join(format!("raw-{limit}.db")), backlog::STARTED)
    };
    backlog::started(runtime, 3, engine, raw, table);
}

#[cfg(not(feature = "conformance"))]
fn claims(_: &Runtime, _: &std::path::Path, _: &mut Table) {}

#[cfg(feature = "conformance")]
fn claims(runtime: &Runtime, folder: &std::path::Path, table: &mut Table) {
    let mut file = 0;
    let place = || {
        file += 1;
        folder.join(format!("backlog-{file}.db")).to_str().expect("a path of this machine").to_owned()
    };
    let open = |path: &str| steadfast::store::SqliteStore::open(path, steadfast::Durability::Full).expect("a store");
    backlog::claimed(runtime, place, engine_on, open, table);
}

#[cfg(not(feature = "schedules"))]
fn schedules_due(_: &Runtime, _: &std::path::Path, _: &mut Table) {}

#[cfg(feature = "schedules")]
fn schedules_due(runtime: &Runtime, folder: &std::path::Path, table: &mut Table) {
    let (mut file, mut limit) = (0, 0);
    let engine = || {
        file += 1;
        Engine::builder().sqlite(folder.join(format!("schedules-{file}.db")))
    };
    let raw = || {
        limit += 1;
        raw::starts_of_runs(&folder.join(format!("raw-{limit}.db")), schedules::SCHEDULES)
    };
    schedules::due_at_once(runtime, 3, engine, raw, table);
}

fn remote_latency(runtime: &Runtime, folder: &std::path::Path, table: &mut Table) {
    remote::latency(runtime, folder.join("latency.db").to_str().expect("a path of this machine"), table);
}
