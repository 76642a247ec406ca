//! (g) One of 50 fields changed, against the same 50 as one JSON document.

use crate::table::{Table, median};
use crate::workflows::small;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};
use steadfast::Durability;
use steadfast::prelude::*;
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const STEPS: u64 = 500;
/// Updates before each step, which commits them.
const UPDATES: u64 = 10;

macro_rules! fifty {
    ($($field:ident)*) => {
        /// Fifty fields, each stored by itself.
        #[derive(StepContext, Clone, Debug)]
        struct Wide {
            $(#[context(default = text(0))] $field: String,)*
        }

        /// The same fifty in one field.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Document {
            $($field: String,)*
        }

        impl Default for Document {
            fn default() -> Self {
                Self { $($field: text(0),)* }
            }
        }
    };
}

fifty! {
    f00 f01 f02 f03 f04 f05 f06 f07 f08 f09 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24
    f25 f26 f27 f28 f29 f30 f31 f32 f33 f34 f35 f36 f37 f38 f39 f40 f41 f42 f43 f44 f45 f46 f47 f48 f49
}

#[derive(StepContext, Clone, Debug)]
struct Whole {
    #[context(default)]
    document: Document,
}

/// Forty bytes.
fn text(n: u64) -> String {
    format!("{n:08} a value of some forty bytes .....")
}

#[workflow(context = Wide)]
async fn fields(flow: &mut Flow<Wide>, updates: u64) -> Result<()> {
    for n in 0..STEPS * UPDATES {
        if n % UPDATES < updates {
            flow.update(|c| c.f25(text(n + 1))).await?;
        }
        if n % UPDATES == 0 {
            small(&*flow, n).await?;
        }
    }
    Ok(())
}

#[workflow(context = Whole)]
async fn documents(flow: &mut Flow<Whole>, updates: u64) -> Result<()> {
    for n in 0..STEPS * UPDATES {
        if n % UPDATES < updates {
            flow.update(|c| c.document(Document { f25: text(n + 1), ..c.document.clone() })).await?;
        }
        if n % UPDATES == 0 {
            small(&*flow, n).await?;
        }
    }
    Ok(())
}

/// What an update adds to the database in bytes, and how long it takes in microseconds: of runs with updates and the same
/// runs without, the difference.
pub(crate) fn one_of_fifty(runtime: &Runtime, folder: &Path, table: &mut Table) {
    let (mut bytes, mut micros) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        for (kind, name) in ["fields", "document"].into_iter().enumerate() {
            let measure =
                |updates| runtime.block_on(run(&folder.join(format!("{name}-{updates}-{round}.db")), kind, updates));
            let (with, without) = (measure(UPDATES), measure(0));
            #[allow(clippy::cast_precision_loss, reason = "5,000 updates")]
            let updates = (STEPS * UPDATES) as f64;
            bytes[kind].push((with.0 - without.0) / updates);
            micros[kind].push((with.1 - without.1) * 1e6 / updates);
        }
    }
    let ([fields, document], [quick, slow]) = (bytes.map(median), micros.map(median));
    table.against("(g) one of 50 fields changed, written", fields, "bytes", document, "ratio 0.2");
    table.against("(g) one of 50 fields changed, time", quick, "us", slow, "ratio 1");
}

/// The size of the database and the time of the run, in bytes and seconds.
async fn run(path: &Path, kind: usize, updates: u64) -> (f64, f64) {
    // Waiting for the disk would hide what an update costs: it shares the commit of the step after it.
    let builder = Engine::builder().sqlite(path).durability(Durability::Relaxed);
    let engine = builder.workflow(fields).workflow(documents).start().await.expect("an engine");
    let start = Instant::now();
    if kind == 0 {
        engine.start(fields, updates).await.expect("a start").result().await.expect("a result");
    } else {
        engine.start(documents, updates).await.expect("a start").result().await.expect("a result");
    }
    let seconds = start.elapsed().as_secs_f64();
    engine.shutdown(Duration::from_secs(5)).await.expect("a shutdown");
    #[allow(clippy::cast_precision_loss, reason = "sizes below 2^52")]
    let size = std::fs::metadata(path).expect("the file").len() as f64;
    (size, seconds)
}
