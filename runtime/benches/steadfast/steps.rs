//! Throughput of steps: one run after the other step, many runs at once, and without a disk.

use crate::raw;
use crate::table::{Table, median};
use crate::workflows::{eights, sequence};
use std::future::IntoFuture as _;
use std::path::Path;
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;

/// (a) One run of 1,000 sequential steps on SQLite, against a bare loop of commits of one row.
pub(crate) fn sequential(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut steps, mut commits) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        commits.push(raw::one_row_commits(&folder.join(format!("raw-{round}.db")), 2_000));
        steps.push(runtime.block_on(async {
            let path = folder.join(format!("steps-{round}.db"));
            let engine = Engine::builder().sqlite(path).workflow(sequence).start().await.expect("an engine");
            engine.start(sequence, 10).await.expect("a start").result().await.expect("a warm-up");
            let start = Instant::now();
            engine.start(sequence, 1_000).await.expect("a start").result().await.expect("a result");
            1_000.0 / start.elapsed().as_secs_f64()
        }));
    }
    table.against("(a) sequential steps of one run", median(steps), "steps/s", median(commits), "ratio 0.8");
}

/// (b) 1,000 runs of 5 steps, 100 at once, on SQLite, against bare transactions of 100 rows.
pub(crate) fn many_runs(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        rows.push(raw::hundred_row_commits(&folder.join(format!("raw-{round}.db")), 1_000));
        runs.push(runtime.block_on(async {
            let path = folder.join(format!("runs-{round}.db"));
            let engine = Engine::builder().sqlite(path).workflow(sequence).start().await.expect("an engine");
            engine.start(sequence, 10).await.expect("a start").result().await.expect("a warm-up");
            let start = Instant::now();
            let lanes = (0..100).map(|_| {
                let engine = engine.clone();
                tokio::spawn(async move {
                    for _ in 0..10 {
                        engine.start(sequence, 5).await.expect("a start").result().await.expect("a result");
                    }
                })
            });
            for lane in lanes.collect::<Vec<_>>() {
                lane.await.expect("a lane");
            }
            1_000.0 / start.elapsed().as_secs_f64()
        }));
    }
    // A run has 12 entries: its start and end, and two for each step.
    let limit = median(rows) / 12.0;
    table.against("(b) runs of 5 steps, 100 at once", median(runs), "runs/s", limit, "5,000 runs/s");
}

/// (e) The cost of one step with the in-memory store: of one run one after the other, eight at once, and of 100 runs at once.
pub(crate) fn in_memory(runtime: &Runtime, _: &Path, table: &mut Table) {
    let engine = runtime.block_on(async {
        let builder = Engine::builder().in_memory().workflow(sequence).workflow(eights);
        builder.start().await.expect("an engine")
    });
    let (mut long, mut short, mut eight, mut hundred) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let micros = |start: Instant, steps: u32| start.elapsed().as_secs_f64() * 1e6 / f64::from(steps);
    for _ in 0..ROUNDS {
        runtime.block_on(async {
            engine.start(sequence, 100).await.expect("a start").result().await.expect("a warm-up");
            let start = Instant::now();
            engine.start(sequence, 20_000).await.expect("a start").result().await.expect("a result");
            long.push(micros(start, 20_000));
            let start = Instant::now();
            for _ in 0..20 {
                engine.start(sequence, 1_000).await.expect("a start").result().await.expect("a result");
            }
            short.push(micros(start, 20_000));
            let start = Instant::now();
            engine.start(eights, 2_500).await.expect("a start").result().await.expect("a result");
            eight.push(micros(start, 20_000));
            let start = Instant::now();
            let runs = futures_util::future::try_join_all((0..100).map(|_| engine.start(sequence, 200).into_future()));
            for run in runs.await.expect("the starts") {
                run.result().await.expect("a result");
            }
            hundred.push(micros(start, 20_000));
        });
    }
    table.alone("(e) one step with the in-memory store", median(long), "us", "10 us");
    table.alone("(e) the same, in runs of 1,000 steps", median(short), "us", "the same");
    table.alone("(e) the same, 8 steps of one run at once", median(eight), "us", "");
    table.alone("(e) the same, 100 runs at once", median(hundred), "us", "");
}
