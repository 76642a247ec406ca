//! (u), (v) Remote steps: how many a second, with limits and without, and how soon a body begins in another process.
//!
//! The worker is this program, started again.

use crate::engine_on;
use crate::table::{Table, median};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Queue};
use tokio::runtime::Runtime;

/// The variables with the database of a worker, and the kind of its queue.
const DATABASE: &str = "STEADFAST_BENCH_QUEUE";
const KIND: &str = "STEADFAST_BENCH_KIND";

const QUEUE: &str = "bench";
const RUNS: u32 = 8;
const CALLS: u32 = 1_250;
/// How many calls of a run are under way at once, unless all of them are, and how many bodies run at once.
const AT_ONCE: usize = 64;
const SLOTS: usize = 64;
/// The size of the batches of the raw limit: as many as a worker has room for.
pub(crate) const BATCH: u32 = 64;
const ONE_AFTER_THE_OTHER: u32 = 300;

/// The times at which the workflow of (v) has called.
static CALLED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    u64::try_from(since.as_micros()).expect("within this age")
}

fn calls() {
    CALLED.lock().expect("one workflow").push(now());
}

/// Returns when it began, in microseconds.
#[step(queue = "bench")]
async fn stamp(_key: u32) -> Result<u64> {
    Ok(now())
}

#[workflow]
async fn fans(flow: &Flow, (first, prioritized, at_once): (u32, bool, usize)) -> Result<u64> {
    let calls = (first..first + CALLS).map(|key| {
        let call = stamp(flow, key);
        if prioritized { call.priority(i32::try_from(key % 10).unwrap_or_default()) } else { call }
    });
    let stamps = stream::iter(calls).buffer_unordered(at_once);
    Ok(stamps.try_fold(0, |most: u64, stamp| async move { Ok(most.max(stamp)) }).await?)
}

#[workflow]
async fn calls_in_turn(flow: &mut Flow, count: u32) -> Result<Vec<u64>> {
    let mut stamps = Vec::new();
    for key in 0..count {
        calls();
        stamps.push(stamp(flow, key).await?);
    }
    Ok(stamps)
}

/// What is declared of the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Total,
    PerKey,
    Priority,
}

impl Kind {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Plain, "plain"), (Self::Total, "total"), (Self::PerKey, "per-key"), (Self::Priority, "priority")];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).expect("one of all").1
    }

    /// Limits that nothing reaches, so that only the counting costs.
    fn declare(self, builder: EngineBuilder) -> EngineBuilder {
        match self {
            Self::Plain | Self::Priority => builder,
            Self::Total => builder.queue(Queue::new(QUEUE).total(1_000)),
            Self::PerKey => builder.queue(Queue::new(QUEUE).key(|(key,): &(u32,)| *key).per_key(1_000)),
        }
    }
}

pub(crate) fn is_worker() -> bool {
    std::env::var_os(DATABASE).is_some()
}

/// Works until standard input is closed.
pub(crate) fn work() {
    let place = std::env::var(DATABASE).expect("a database");
    let name = std::env::var(KIND).expect("a kind");
    let (kind, _) = Kind::ALL.into_iter().find(|(_, known)| *known == name).expect("a kind of queue");
    Runtime::new().expect("a runtime").block_on(async {
        let builder = kind.declare(engine_on(&place)).serve(QUEUE, SLOTS).step::<stamp>();
        let engine = builder.start().await.expect("an engine");
        let wait = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()));
        wait.await.expect("a thread").expect("standard input");
        engine.shutdown(Duration::from_secs(10)).await.expect("an orderly end");
    });
}

fn worker(place: &str, kind: Kind) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.env(DATABASE, place).env(KIND, kind.name()).stdin(Stdio::piped()).spawn().expect("a worker")
}

/// Calls `measure` with an engine, beside a worker that has run a first call.
fn beside_a_worker<T>(runtime: &Runtime, place: &str, kind: Kind, measure: impl AsyncFnOnce(&Engine) -> T) -> T {
    runtime.block_on(async {
        let builder = kind.declare(engine_on(place)).workflow(fans).workflow(calls_in_turn);
        let engine = builder.start().await.expect("an engine");
        let mut worker = worker(place, kind);
        engine.start(calls_in_turn, 10).await.expect("a start").result().await.expect("a warm-up");
        CALLED.lock().expect("one workflow").clear();
        let measured = measure(&engine).await;
        drop(worker.stdin.take());
        worker.wait().expect("a worker");
        measured
    })
}

/// (u) Remote steps of 8 runs, 64 calls of each at once or all of them, against bare transactions that claim 64 rows and
/// complete them. Each kind of queue has its turn in each round.
pub(crate) fn many(
    runtime: &Runtime,
    rounds: usize,
    mut place: impl FnMut() -> String,
    mut raw: impl FnMut() -> f64,
    table: &mut Table,
) {
    let all = CALLS as usize;
    let few = Kind::ALL.map(|(kind, _)| (kind, AT_ONCE));
    let measured = few.into_iter().chain([(Kind::Plain, all), (Kind::PerKey, all)]);
    let mut rates: Vec<_> = measured.map(|of| (of, Vec::new())).collect();
    let mut limits = Vec::new();
    for _ in 0..rounds {
        limits.push(raw());
        for ((kind, at_once), rates) in &mut rates {
            rates.push(steps_per_second(runtime, &place(), *kind, *at_once));
        }
        // What a line gains or loses by the one before it is not always the same.
        rates.rotate_left(1);
    }
    let rate = |kind, at_once| {
        let found = rates.iter().find(|(of, _)| *of == (kind, at_once));
        median(found.expect("measured").1.clone())
    };
    let [plain, waiting] = [rate(Kind::Plain, AT_ONCE), rate(Kind::Plain, all)];
    table.against("(u) remote steps, 512 at once", plain, "steps/s", median(limits), "ratio 0.4");
    let limited =
        [("a limit", Kind::Total), ("a limit per key, 10,000 keys", Kind::PerKey), ("priorities", Kind::Priority)];
    for (what, kind) in limited {
        table.against(&format!("(u) the same, with {what}"), rate(kind, AT_ONCE), "steps/s", plain, "ratio 0.95");
    }
    table.alone("(u) remote steps, 10,000 at once", waiting, "steps/s", "");
    let keys = rate(Kind::PerKey, all);
    table.against("(u) the same, with a limit per key, 10,000 keys", keys, "steps/s", waiting, "ratio 0.95");
}

/// Returns how many steps a second end in a queue of this kind, on a new database.
fn steps_per_second(runtime: &Runtime, place: &str, kind: Kind, at_once: usize) -> f64 {
    beside_a_worker(runtime, place, kind, async |engine| {
        let start = Instant::now();
        let prioritized = kind == Kind::Priority;
        let starts = (0..RUNS).map(|run| engine.start(fans, (run * CALLS, prioritized, at_once)).into_future());
        let runs = try_join_all(starts).await.expect("the starts");
        for run in &runs {
            run.result().await.expect("a result");
        }
        f64::from(RUNS * CALLS) / start.elapsed().as_secs_f64()
    })
}

/// (v) From the call of a remote step to its body in another process.
pub(crate) fn latency(runtime: &Runtime, place: &str, table: &mut Table) {
    let mut times = beside_a_worker(runtime, place, Kind::Plain, async |engine| {
        let run = engine.start(calls_in_turn, ONE_AFTER_THE_OTHER).await.expect("a start");
        let begun = run.result().await.expect("a result");
        let called = std::mem::take(&mut *CALLED.lock().expect("one workflow"));
        assert_eq!(called.len(), begun.len(), "the run was loaded again");
        let times = begun.into_iter().zip(called).map(|(begun, called)| begun.saturating_sub(called));
        times.map(|micros| Duration::from_micros(micros).as_secs_f64() * 1e3).collect::<Vec<_>>()
    });
    times.sort_by(f64::total_cmp);
    table.alone("(v) from a remote call to its body, median", times[times.len() / 2], "ms", "");
    table.alone("(v) the same, 99th percentile", times[times.len() * 99 / 100], "ms", "");
}
