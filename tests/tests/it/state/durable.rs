//! The durability of edits: a returned value is durable first, and an edit without one does not wait.

use super::Progress;
use crate::faulty::Hooked;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::backend::Write;
use steadfast::store::{MemoryStore, Store as _};

/// A gate for the commits that hold an edit.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn close(&self, closed: bool) {
        *self.0.0.lock().unwrap() = closed;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let closed = self.0.0.lock().unwrap();
        let (_open, waited) = self.0.1.wait_timeout_while(closed, Duration::from_mins(1), |closed| *closed).unwrap();
        assert!(!waited.timed_out(), "nobody opens the gate");
    }
}

#[derive(Clone, Default)]
struct Seen(Arc<(AtomicU32, AtomicBool)>);

#[step]
async fn edits(state: &State<Progress>, #[resource] seen: &Seen) -> Result<u64> {
    // This edit returns nothing, and so does not wait for the disk.
    state.edit(|s| s.chunks += 1).await?;
    seen.0.0.store(1, Ordering::SeqCst);
    let shown = state.edit(|s| {
        s.total += 5;
        s.total
    });
    let shown = shown.await?;
    seen.0.1.store(true, Ordering::SeqCst);
    Ok(shown)
}

#[step]
async fn tries(state: &State<Progress>, #[resource] seen: &Seen) -> Result<u64> {
    seen.0.0.store(1, Ordering::SeqCst);
    let shown = state.labelled("tried").try_edit(|s| {
        s.total += 5;
        Ok::<_, Error>(s.total)
    });
    let shown = shown.await??;
    seen.0.1.store(true, Ordering::SeqCst);
    Ok(shown)
}

#[step]
async fn reads(state: &State<Progress>, #[resource] seen: &Seen) -> Result<u64> {
    state.edit(|s| s.total += 5).await?;
    seen.0.0.store(1, Ordering::SeqCst);
    let shown = state.read().await?.total;
    seen.0.1.store(true, Ordering::SeqCst);
    Ok(shown)
}

#[workflow(state = Progress)]
async fn one_edit(flow: &Flow, how: u32) -> Result<u64> {
    Ok(match how {
        0 => edits(flow).await?,
        1 => tries(flow).await?,
        _ => reads(flow).await?,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_gives_a_value_is_over_when_it_is_durable_and_not_before() {
    for how in 0..3 {
        let (gate, seen) = (Gate::default(), Seen::default());
        let at_gate = gate.clone();
        let store = Hooked::new(MemoryStore::new(), move |store, writes| {
            let is_edit = |write: &Write| {
                let Write::Append(append) = write else { return false };
                append.entries.iter().any(|entry| entry.kind == Kind::StateEdited)
            };
            if writes.iter().any(is_edit) {
                at_gate.pass();
            }
            store.commit(writes)
        });
        let engine = Engine::builder().store(store).workflow(one_edit).resource(seen.clone()).start().await.unwrap();
        gate.close(true);
        let run = engine.start(one_edit, how).await.unwrap();
        let begun = async {
            while seen.0.0.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), begun)
            .await
            .expect("an edit that shows nothing waits for nothing");
        // This is time enough for an edit that does not wait.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!seen.0.1.load(Ordering::SeqCst), "{how}: a value was shown before it was durable");
        gate.close(false);
        let result = tokio::time::timeout(Duration::from_secs(30), run.result()).await.unwrap();
        assert_eq!(result.unwrap(), 5, "{how}");
    }
}
