//! (x) Runs that are started in bulk on a queue. (y) How long a claim takes beside a million tasks that wait.

use crate::table::{Table, median};
use std::time::Instant;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Queue, Scope, scoped};
use tokio::runtime::Runtime;

const QUEUE: &str = "backlog";
const KEYS: u32 = 10_000;
pub(crate) const STARTED: u32 = 50_000;

/// How many runs are started in one transaction of a program, and in how many of them.
const WITHIN: u32 = 100;
const TRANSACTIONS: u32 = 50;

#[workflow]
#[expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]
async fn waits(_flow: &mut Flow, _number: u32) -> Result<()> {
    Ok(())
}

fn keys() -> Queue {
    Queue::new(QUEUE).key(|number: &u32| number % KEYS).per_key(1_000)
}

/// Starts runs on the queue, and returns how many a second.
async fn start_all(engine: &Engine, name: &str, runs: u32, scope: Scope) -> f64 {
    let start = Instant::now();
    let inputs = (0..runs).map(|n| (format!("{name}-{n}"), n));
    let all = scoped(scope.queue(QUEUE), engine.start_all(waits, inputs)).await.expect("the starts");
    assert_eq!(Ok(all.started), usize::try_from(runs), "all are new");
    f64::from(runs) / start.elapsed().as_secs_f64()
}

/// Starts runs on the queue in transactions of a program, one after the other, and returns how many a second.
async fn start_within(engine: &Engine) -> f64 {
    let start = Instant::now();
    for transaction in 0..TRANSACTIONS {
        let starts = engine.transaction(move |tx| {
            for n in 0..WITHIN {
                let id = format!("within-{transaction}-{n}");
                tx.start(waits, n).with(Scope::new().queue(QUEUE)).id(id).begin()?;
            }
            Ok(())
        });
        starts.await.expect("a commit");
    }
    f64::from(TRANSACTIONS * WITHIN) / start.elapsed().as_secs_f64()
}

/// (x) Starts in bulk, against bare inserts of as many rows, 1,000 runs in a transaction.
pub(crate) fn started(
    runtime: &Runtime,
    rounds: usize,
    mut engine_on: impl FnMut() -> EngineBuilder,
    mut raw: impl FnMut() -> f64,
    table: &mut Table,
) {
    let (mut all, mut keyed, mut within, mut limits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        limits.push(raw());
        runtime.block_on(async {
            let engine = engine_on().client().start().await.expect("an engine");
            all.push(start_all(&engine, "run", STARTED, Scope::new()).await);
            within.push(start_within(&engine).await);
            let engine = engine_on().queue(keys()).client().start().await.expect("an engine");
            keyed.push(start_all(&engine, "run", STARTED, Scope::new()).await);
        });
    }
    let (all, limit) = (median(all), median(limits));
    table.against("(x) 50,000 starts on a queue by `start_all`", all, "runs/s", limit, "");
    table.against("(x) the same, with 10,000 keys, against none", median(keyed), "runs/s", all, "");
    table.against("(x) starts on a queue, 100 a transaction", median(within), "runs/s", limit, "");
}

#[cfg(feature = "conformance")]
pub(crate) use claims::claimed;

#[cfg(feature = "conformance")]
mod claims {
    use super::{QUEUE, keys, start_all};
    use crate::table::Table;
    use std::sync::Arc;
    use std::time::Instant;
    use steadfast::prelude::*;
    use steadfast::store::Store;
    use steadfast::store::backend::{Lease, Rejected, TaskKey, TaskRow, Write, Written};
    use steadfast::{EngineBuilder, Scope};
    use tokio::runtime::Runtime;

    const FEW: u32 = 1_000;
    const MANY: u32 = 1_000_000;

    /// How many claims are measured, and of how many tasks each: all of them find something among the few.
    const CLAIMS: u32 = 100;
    const EACH: usize = 8;

    /// What waits in the queue.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Kind {
        Plain,
        Keys,
        /// Most of it cannot be claimed before an hour is over.
        Delayed,
    }

    /// (y) Claims among 1,000 tasks that wait and among 1,000,000, in turns.
    pub(crate) fn claimed<S: Store>(
        runtime: &Runtime,
        mut place: impl FnMut() -> String,
        engine_on: impl Fn(&str) -> EngineBuilder,
        open: impl Fn(&str) -> S,
        table: &mut Table,
    ) {
        let kinds = [(Kind::Plain, ""), (Kind::Keys, ", 10,000 keys"), (Kind::Delayed, ", all but 1,000 delayed")];
        for (kind, what) in kinds {
            let mut stores = [FEW, MANY].map(|waiting| {
                let place = place();
                runtime.block_on(fill(&engine_on, &place, kind, waiting));
                Claimer::new(open(&place))
            });
            let mut times = [Vec::new(), Vec::new()];
            for _ in 0..CLAIMS {
                for (store, times) in stores.iter_mut().zip(&mut times) {
                    times.push(store.claim().as_secs_f64() * 1e3);
                }
            }
            let [few, many] = times.map(|mut times| {
                times.sort_by(f64::total_cmp);
                [times[times.len() / 2], times[times.len() * 99 / 100]]
            });
            let name = format!("(y) a claim, 1,000,000 tasks wait{what}");
            table.against(&name, many[0], "ms", few[0], "1.2 of 1,000");
            table.against("(y) the same, 99th percentile", many[1], "ms", few[1], "");
        }
    }

    async fn fill(engine_on: impl Fn(&str) -> EngineBuilder, place: &str, kind: Kind, waiting: u32) {
        let builder = engine_on(place);
        let builder = if kind == Kind::Keys { builder.queue(keys()) } else { builder };
        let engine = builder.client().start().await.expect("an engine");
        if kind == Kind::Delayed {
            let hour = Scope::new().delay(Duration::from_hours(1));
            start_all(&engine, "late", waiting - FEW, hour).await;
            start_all(&engine, "run", FEW, Scope::new()).await;
        } else {
            start_all(&engine, "run", waiting, Scope::new()).await;
        }
        engine.shutdown(Duration::from_secs(10)).await.expect("an orderly end");
    }

    /// A store, and a lease that claims.
    struct Claimer<S> {
        store: S,
        lease: Lease,
        steps: Arc<[String]>,
    }

    impl<S: Store> Claimer<S> {
        fn new(store: S) -> Self {
            let steps = Arc::new([TaskRow::run_step("waits", 1)]);
            let lease = match write(&store, Write::OpenLease { owner: "bench".to_owned() }) {
                Ok(Written::Number(number)) => Lease { number, epoch: 1 },
                other => panic!("expected a lease, found {other:?}"),
            };
            Self { store, lease, steps }
        }

        /// Claims as an engine does: it looks without a transaction whether something waits, and then claims.
        fn claim(&mut self) -> Duration {
            let start = Instant::now();
            let waiting = TaskKey::Waiting { queue: QUEUE, steps: &self.steps, limit: 1 };
            let waiting = self.store.tasks(waiting).expect("the tasks can be read").len();
            let (lease, steps) = (self.lease, self.steps.clone());
            let answer = write(&self.store, Write::ClaimTasks { lease, queue: QUEUE.into(), steps, limit: EACH });
            let took = start.elapsed();
            match answer {
                Ok(Written::Tasks(tasks)) => assert_eq!((waiting, tasks.len()), (1, EACH), "tasks wait"),
                other => panic!("expected tasks, found {other:?}"),
            }
            took
        }
    }

    fn write(store: &impl Store, write: Write) -> Result<Written, Rejected> {
        store.commit(&[write]).expect("a commit").remove(0)
    }
}
