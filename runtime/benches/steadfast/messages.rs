//! (j), (k) Messages to a waiting run: how many a second, and how soon the body wakes.

use crate::raw;
use crate::table::{Table, median};
use crate::workflows::{Ping, listens, stamps};
use std::path::Path;
use std::time::Instant;
use steadfast::Engine;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const MESSAGES: u32 = 2_000;
const WAKES: usize = 1_000;

/// (j) Messages from 16 senders through one run that waits for them, against bare commits of one row.
pub(crate) fn through_a_run(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut messages, mut commits) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        commits.push(raw::one_row_commits(&folder.join(format!("raw-{round}.db")), 2_000));
        messages.push(runtime.block_on(async {
            let path = folder.join(format!("messages-{round}.db"));
            let engine = Engine::builder().sqlite(path).workflow(listens).start().await.expect("an engine");
            let run = engine.start(listens, u64::from(MESSAGES)).await.expect("a start");
            let start = Instant::now();
            let lanes = (0..16).map(|lane| {
                let run = run.clone();
                tokio::spawn(async move {
                    for n in 0..MESSAGES / 16 {
                        run.send(Ping { n: u64::from(lane * MESSAGES + n) }).await.expect("a message");
                    }
                })
            });
            for lane in lanes.collect::<Vec<_>>() {
                lane.await.expect("a lane");
            }
            run.result().await.expect("a result");
            f64::from(MESSAGES) / start.elapsed().as_secs_f64()
        }));
    }
    table.against("(j) messages through a waiting run", median(messages), "messages/s", median(commits), "ratio 0.5");
}

/// (k) From `send` to the body that goes on.
pub(crate) fn wake_up(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let mut micros = runtime.block_on(async {
        let path = folder.join("wakes.db");
        let engine = Engine::builder().sqlite(path).workflow(stamps).start().await.expect("an engine");
        let (woken, mut wakes) = tokio::sync::mpsc::unbounded_channel();
        crate::workflows::WOKEN.lock().expect("a lock").replace(woken);
        let run = engine.start(stamps, WAKES as u64).await.expect("a start");
        let mut micros = Vec::with_capacity(WAKES);
        for n in 0..WAKES {
            let start = Instant::now();
            run.send(Ping { n: n as u64 }).await.expect("a message");
            let woken: Instant = wakes.recv().await.expect("a wake");
            micros.push(woken.saturating_duration_since(start).as_secs_f64() * 1e6);
        }
        run.result().await.expect("a result");
        micros
    });
    micros.sort_by(f64::total_cmp);
    table.alone("(k) from send to the woken body, median", micros[WAKES / 2], "us", "2,000 us");
    table.alone("(k) from send to the woken body, 99th", micros[WAKES * 99 / 100], "us", "");
}
