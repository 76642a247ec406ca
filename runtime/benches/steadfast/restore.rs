//! (i) Restore hooks of many runs, when an engine starts.

use crate::table::{Table, median};
use crate::workflows::{BODIES, HOOKS, held, held_live};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use steadfast::{Durability, Engine};
use tokio::runtime::Runtime;

const RUNS: u64 = 10_000;
const ROUNDS: usize = 5;

/// From the start of the engine until 10,000 runs, each in the middle of a step, are in that step again, with one hook
/// each before it; the limit is the same without the transient field.
pub(crate) fn many_hooks(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let alone = restarts(runtime, &folder.join("alone.db"), false);
    let hooked = restarts(runtime, &folder.join("hooked.db"), true);
    table.against("(i) 10,000 runs restored, one hook each", hooked, "us/run", alone, "ratio 1.2");
}

fn restarts(runtime: &Runtime, path: &Path, live: bool) -> f64 {
    runtime.block_on(async {
        let open = || async {
            let builder = Engine::builder().sqlite(path).durability(Durability::Relaxed).max_loads(1_000);
            builder.workflow(held).workflow(held_live).start().await.expect("an engine")
        };
        let engine = open().await;
        let before = BODIES.load(Ordering::SeqCst);
        let lanes = (0..100).map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for _ in 0..RUNS / 100 {
                    if live {
                        engine.start(held_live, ()).await.expect("a start");
                    } else {
                        engine.start(held, ()).await.expect("a start");
                    }
                }
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await.expect("a lane");
        }
        bodies(before + RUNS).await;
        drop(engine);
        let mut micros = Vec::new();
        for _ in 0..ROUNDS {
            // The bodies of the engine before are gone.
            tokio::time::sleep(Duration::from_millis(200)).await;
            let (before, hooks) = (BODIES.load(Ordering::SeqCst), HOOKS.load(Ordering::SeqCst));
            let start = Instant::now();
            let engine = open().await;
            bodies(before + RUNS).await;
            micros.push(start.elapsed().as_secs_f64() * 1e6 / 10_000.0);
            assert_eq!(HOOKS.load(Ordering::SeqCst) - hooks, if live { RUNS } else { 0 });
            drop(engine);
        }
        median(micros)
    })
}

async fn bodies(count: u64) {
    while BODIES.load(Ordering::SeqCst) < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
