//! (t) Many starts at once: when do bodies begin?

use crate::table::{Table, median};
use crate::workflows::{FIRST_BODIES, first_body};
use std::path::Path;
use std::time::{Duration, Instant};
use steadfast::Engine;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

const ROUNDS: usize = 5;
const STARTS: u32 = 5_000;

/// From the moment of the burst until the first body begins, and until the last.
pub(crate) fn first_bodies(runtime: &Runtime, folder: &Path, table: &mut Table) {
    for (by_transaction, how) in [(false, "starts"), (true, "transactions that start")] {
        let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let path = folder.join(format!("burst-{by_transaction}-{round}.db"));
            let (first, last) = runtime.block_on(burst(&path, by_transaction));
            firsts.push(first);
            lasts.push(last);
        }
        table.alone(&format!("(t) first body, 5,000 {how} at once"), median(firsts), "ms", "");
        table.alone(&format!("(t) last body, 5,000 {how} at once"), median(lasts), "ms", "");
    }
}

async fn burst(path: &Path, by_transaction: bool) -> (f64, f64) {
    let (begin, mut bodies) = unbounded_channel();
    *FIRST_BODIES.lock().expect("a lock") = Some(begin);
    let engine = Engine::builder().sqlite(path).workflow(first_body).start().await.expect("an engine");
    let start = Instant::now();
    let starts: Vec<_> = (0..STARTS)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                if by_transaction {
                    engine.transaction(|tx| Ok(tx.start(first_body, ()).begin()?)).await.map(drop)
                } else {
                    engine.start(first_body, ()).await.map(drop)
                }
            })
        })
        .collect();
    let (mut first, mut last) = (None, start);
    for _ in 0..STARTS {
        let body = tokio::time::timeout(Duration::from_mins(2), bodies.recv()).await;
        last = body.expect("all bodies begin within two minutes").expect("a body");
        first.get_or_insert(last);
    }
    for start in starts {
        start.await.expect("a task").expect("a start");
    }
    *FIRST_BODIES.lock().expect("a lock") = None;
    engine.shutdown(Duration::from_secs(30)).await.expect("a shutdown");
    let millis = |at: Instant| at.duration_since(start).as_secs_f64() * 1e3;
    (millis(first.unwrap_or(start)), millis(last))
}
