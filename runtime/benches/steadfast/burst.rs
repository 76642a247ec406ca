//! (t) Many starts at once: when do bodies begin?

use crate::table::{Table, median};
use crate::workflows::{FIRST_BODIES, first_body};
use std::future::IntoFuture as _;
use std::path::Path;
use std::time::{Duration, Instant};
use steadfast::Engine;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

const ROUNDS: usize = 5;
const STARTS: u32 = 5_000;

/// From the moment of the burst until the first body begins, and until the last.
pub(crate) fn first_bodies(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (first, last) = runtime.block_on(burst(&folder.join(format!("burst-{round}.db"))));
        firsts.push(first);
        lasts.push(last);
    }
    table.alone("(t) first body of 5,000 starts at once", median(firsts), "ms", "");
    table.alone("(t) last body of 5,000 starts at once", median(lasts), "ms", "");
}

async fn burst(path: &Path) -> (f64, f64) {
    let (begin, mut bodies) = unbounded_channel();
    *FIRST_BODIES.lock().expect("a lock") = Some(begin);
    let engine = Engine::builder().sqlite(path).workflow(first_body).start().await.expect("an engine");
    let start = Instant::now();
    let starts: Vec<_> = (0..STARTS).map(|_| engine.clone()).collect();
    let starts: Vec<_> = starts
        .into_iter()
        .map(|engine| tokio::spawn(async move { engine.start(first_body, ()).into_future().await.map(drop) }))
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
