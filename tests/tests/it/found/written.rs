//! What is written to the index of fields, and what is refused.

#![allow(dead_code, reason = "no run gets so far as to read a context that is refused")]

use super::{Stage, has, ids};
use crate::faulty::Hooked;
use crate::place::Place;
use crate::tests_on;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::store::backend::{Outgoing, Write};
use steadfast::store::{MemoryStore, Store as _};
use steadfast::testing::crash_everywhere;

#[derive(StepContext, Clone, Debug, Default, PartialEq)]
struct Job {
    #[context(default, index)]
    stage: Stage,
    #[context(default, index)]
    tries: u64,
    #[context(default)]
    note: String,
}

#[step]
async fn work(ctx: &Job, n: u64) -> Result<u64> {
    Ok(n + ctx.tries)
}

#[workflow(context = Job)]
async fn job(flow: &mut Flow<Job>, steps: u64) -> Result<u64> {
    for n in 0..steps {
        let done = work(flow, n).await?;
        flow.update(|j| j.note(format!("{done}"))).await?;
    }
    flow.update(|j| j.tries(1).stage(Stage::Paid)).await?;
    Ok(work(flow, 0).await?)
}

#[tokio::test]
async fn a_step_that_changes_no_indexed_field_writes_nothing_more() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let seen = written.clone();
    let store = Hooked::new(MemoryStore::new(), move |store: &MemoryStore, writes: &[Write]| {
        for write in writes {
            let Write::Append(append) = write else { continue };
            let keys = append.outgoing.iter().map(|outgoing| match outgoing {
                Outgoing::Index { workflow, name, value } => {
                    format!("{workflow}.{name}={}", value.as_deref().unwrap_or("-"))
                }
                other => panic!("{other:?}"),
            });
            seen.lock().unwrap().extend(keys);
        }
        store.commit(writes)
    });
    let engine = Engine::builder().store(store).workflow(job).start().soon().await.unwrap();
    engine.start(job, 20).soon().await.unwrap().result().soon().await.unwrap();
    let expected = ["job.stage=\"New", "job.tries=i010", "job.stage=\"Paid", "job.tries=i011"];
    assert_eq!(*written.lock().unwrap(), expected, "the first values, and those that changed");
}

#[tokio::test]
async fn a_run_with_indexed_fields_survives_each_crash() {
    let report = crash_everywhere(job, 2).soon().await;
    assert_eq!(report.results, 1, "{report:?}");
}

/// A type that the macro takes for a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Share(f64);

#[derive(StepContext, Clone, Debug)]
struct Portfolio {
    #[context(default, index)]
    share: Share,
    #[context(default, index)]
    tags: Tags,
}

/// A map under another name.
type Tags = BTreeMap<String, u64>;

#[workflow(context = Portfolio)]
async fn invest(start: Start<Portfolio>, share: f64) -> Result<String> {
    let tags = if share > 0.0 { Tags::new() } else { Tags::from([("a".to_owned(), 1)]) };
    let stored = start.with(Portfolio::builder().share(Share(share)).tags(tags).build()).await;
    Ok(stored.err().map(|error| error.to_string()).unwrap_or_default())
}

#[tokio::test]
async fn a_value_that_is_no_scalar_is_refused_by_its_name() {
    let engine = Engine::builder().in_memory().workflow(invest).start().soon().await.unwrap();
    let refusal = engine.start(invest, 0.5).soon().await.unwrap().result().soon().await.unwrap();
    for words in ["field `share` of context `Portfolio`", "this is the number 0.5", "drop `index`"] {
        assert!(refusal.contains(words), "{refusal}");
    }
}

tests_on!(file, memory, postgres: shared_state_is_found_by_its_fields, event_driven_workflows_are_found);

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Progress {
    #[context(default, index)]
    done: u64,
    #[context(default)]
    last: String,
}

#[step]
async fn chunk(state: &State<Progress>, n: u64) -> Result<u64> {
    state.edit(|s| s.done += n).await?;
    Ok(n)
}

#[workflow(state = Progress)]
async fn chunks(flow: &mut Flow, n: u64) -> Result<u64> {
    let (a, b) = try_join!(chunk(flow, n), chunk(flow, n))?;
    Ok(a + b)
}

async fn shared_state_is_found_by_its_fields(place: Place) {
    let engine = place.builder().workflow(chunks).start().soon().await.unwrap();
    engine.start(chunks, 4).id("a").soon().await.unwrap().result().soon().await.unwrap();
    engine.start(chunks, 0).id("b").soon().await.unwrap().result().soon().await.unwrap();
    has(&engine, "a", "state.done=8").await;
    has(&engine, "b", "state.done=0").await;
}

#[derive(Event)]
struct Raised;

struct Tune;

#[workflow(context = Job)]
impl Tune {
    #[step]
    async fn raise(ctx: &Job, by: Begin<u64>) -> Result<(Updated<Job>, Raised)> {
        Ok((Updated::of(ctx, |c| c.tries(c.tries + *by).stage(Stage::Sent)), Raised))
    }

    #[step]
    async fn end(ctx: &Job, _: Raised) -> Result<Stop<u64>> {
        Ok(Stop(ctx.tries))
    }
}

async fn event_driven_workflows_are_found(place: Place) {
    let engine = place.builder().workflow(Tune).start().soon().await.unwrap();
    assert_eq!(engine.start(Tune, 3).id("a").soon().await.unwrap().result().soon().await.unwrap(), 3);
    let found = engine.find(Tune).by(|j| j.tries.eq(3)).by(|j| j.stage.eq(Stage::Sent)).soon().await.unwrap();
    assert_eq!(ids(found), ["a"]);
}
