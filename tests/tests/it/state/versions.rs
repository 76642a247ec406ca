//! Shared state that changes between releases, under runs that were recorded before.

use limits::Soon as _;
use std::sync::atomic::{AtomicBool, Ordering};
use steadfast::RecordedFields;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ParkCause, RunError, Status};

/// Defines a release of a workflow that sleeps between two steps.
macro_rules! release {
    ($module:ident, $state:item, $declared:tt, |$s:ident, $n:ident| $edit:expr, |$seen:ident| $read:expr) => {
        mod $module {
            use super::*;

            $state

            #[step]
            async fn add(state: &State<Account>, n: u64) -> Result<String> {
                let $n = n;
                state.edit(|$s| $edit).await?;
                let $seen = state.read().await?;
                Ok($read)
            }

            #[workflow(name = "adding", state = Account)]
            pub(super) async fn adding(flow: &Flow) -> Result<Vec<String>> {
                let mut seen = vec![add(flow, 2).await?];
                flow.sleep(Duration::from_mins(1)).await?;
                seen.push(add(flow, 3).await?);
                Ok(seen)
            }
        }
    };
}

release!(
    first,
    #[derive(StepContext, Clone)]
    pub(super) struct Account {
        #[context(default = 5)]
        pub(super) euros: u64,
        #[context(default)]
        pub(super) owner: String,
        #[context(default = 1)]
        pub(super) untouched: u64,
    },
    _,
    |s, n| {
        s.euros += n;
        s.owner = "Ada".into();
    },
    |seen| format!("{} {} {}", seen.euros, seen.owner, seen.untouched)
);

// The second release: another default, a field renamed, one added.
release!(
    second,
    #[derive(StepContext, Clone)]
    pub(super) struct Account {
        #[context(default = 900)]
        pub(super) euros: u64,
        #[context(default, alias = "owner")]
        pub(super) holder: String,
        #[context(default = 7)]
        pub(super) added: u8,
        #[context(default = 2)]
        pub(super) untouched: u64,
    },
    _,
    |s, n| s.euros += n,
    |seen| format!("{} {} {} {}", seen.euros, seen.holder, seen.added, seen.untouched)
);

fn cents(old: &mut RecordedFields) -> Result<()> {
    if let Some(euros) = old.get::<u64>("euros")? {
        old.set("cents", &(euros * 100))?;
    }
    Ok(())
}

release!(
    third,
    #[derive(StepContext, Clone)]
    #[context(version = 2, migrate = cents)]
    pub(super) struct Account {
        #[context(default = 900)]
        pub(super) cents: u64,
        #[context(default)]
        pub(super) owner: String,
    },
    _,
    |s, n| s.cents += n,
    |seen| format!("{} {}", seen.cents, seen.owner)
);

#[expect(clippy::unnecessary_wraps, reason = "what a function that migrates looks like")]
fn as_it_was(_: &mut RecordedFields) -> Result<()> {
    Ok(())
}

// The fourth release: the same fields in a new version.
release!(
    fourth,
    #[derive(StepContext, Clone)]
    #[context(version = 2, migrate = as_it_was)]
    pub(super) struct Account {
        #[context(default = 5)]
        pub(super) euros: u64,
        #[context(default)]
        pub(super) owner: String,
        #[context(default = 1)]
        pub(super) untouched: u64,
    },
    _,
    |s, n| s.euros += n,
    |seen| format!("{} {} {}", seen.euros, seen.owner, seen.untouched)
);

/// Records a run of the first release that sleeps after its first step, and stops the engine.
async fn recorded() -> MemoryStore {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(first::adding).start().await.unwrap();
    let run = engine.start(first::adding, ()).id("a").await.unwrap();
    limits::until(async || run.status().await.unwrap().status == Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    store
}

#[tokio::test]
async fn new_defaults_do_not_change_old_runs_and_new_fields_have_theirs() {
    let store = recorded().await;
    let engine = Engine::builder().store(store).skip_sleeps().workflow(second::adding).start().await.unwrap();
    let run = engine.handle(second::adding, "a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ["7 Ada 1", "10 Ada 7 1"]);
    assert_eq!(run.state::<second::Account>().await.unwrap().unwrap().holder, "Ada");
}

#[tokio::test]
async fn the_first_edit_by_newer_code_writes_every_field_in_its_version() {
    let store = recorded().await;
    let engine = Engine::builder().store(store.clone()).skip_sleeps().workflow(third::adding).start().await.unwrap();
    let run = engine.handle(third::adding, "a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ["7 Ada 1", "703 Ada"]);
    let history = run.state_history().await.unwrap();
    let whole: Vec<_> = history.entries().iter().filter(|entry| entry.step.is_none()).collect();
    assert_eq!(whole.len(), 2, "{history}");
    assert_eq!(whole[1].fields.len(), 2, "{history}");
    assert_eq!(run.state_at::<third::Account>(whole[1].seq - 1).await.unwrap().unwrap().cents, 700);
    assert_eq!(run.state_at::<third::Account>(whole[1].seq).await.unwrap().unwrap().cents, 700);
    assert_eq!(run.state::<third::Account>().await.unwrap().unwrap().cents, 703);
}

#[tokio::test]
async fn a_new_version_of_the_same_fields_goes_on() {
    let store = recorded().await;
    let engine = Engine::builder().store(store).skip_sleeps().workflow(fourth::adding).start().await.unwrap();
    let run = engine.handle(fourth::adding, "a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ["7 Ada 1", "10 Ada 1"]);
    assert_eq!(run.state::<fourth::Account>().await.unwrap().unwrap().untouched, 1);
}

mod narrower {
    use super::*;

    #[derive(StepContext, Clone)]
    pub(super) struct Account {
        #[context(default)]
        euros: bool,
    }

    #[step]
    async fn add(_state: &State<Account>, n: u64) -> Result<String> {
        Ok(n.to_string())
    }

    #[workflow(name = "adding", state = Account)]
    pub(super) async fn adding(flow: &Flow) -> Result<Vec<String>> {
        let first = add(flow, 2).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(vec![first, add(flow, 3).await?])
    }
}

#[tokio::test]
async fn state_that_no_longer_decodes_parks_the_run_and_a_check_says_so() {
    let store = recorded().await;
    let report = Engine::builder().store(store.clone()).workflow(narrower::adding).check().await.unwrap();
    assert!(report.to_string().contains("`euros`"), "{report}");
    let engine = Engine::builder().store(store.clone()).skip_sleeps().workflow(narrower::adding).start().await.unwrap();
    let RunError::Parked { reason, .. } =
        engine.handle(narrower::adding, "a").await.unwrap().result().soon().await.unwrap_err()
    else {
        panic!("it is parked")
    };
    assert_eq!(reason.cause, ParkCause::Unreadable, "{reason}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = Engine::builder().store(store).skip_sleeps().workflow(second::adding).start().await.unwrap();
    let run = engine.handle(second::adding, "a").await.unwrap();
    engine.retry("a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap().len(), 2, "nothing is lost");
}

static SHARES: AtomicBool = AtomicBool::new(false);

#[step]
async fn alone(n: u64) -> Result<u64> {
    Ok(n)
}

mod without {
    use super::*;

    #[workflow(name = "later")]
    pub(super) async fn later(flow: &Flow) -> Result<u64> {
        let n = alone(flow, 2).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(n)
    }
}

mod with {
    use super::*;

    #[derive(StepContext, Clone)]
    pub(super) struct Sum {
        #[context(default = 40)]
        pub(super) sum: u64,
    }

    #[step]
    async fn together(state: &State<Sum>, n: u64) -> Result<u64> {
        SHARES.store(true, Ordering::Relaxed);
        Ok(state
            .edit(|s| {
                s.sum += n;
                s.sum
            })
            .await?)
    }

    #[workflow(name = "later", state = Sum)]
    pub(super) async fn later(flow: &Flow) -> Result<u64> {
        let n = alone(flow, 2).await?;
        flow.sleep(Duration::from_mins(1)).await?;
        Ok(together(flow, n).await?)
    }
}

#[tokio::test]
async fn a_run_of_code_without_shared_state_begins_with_the_defaults() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(without::later).start().await.unwrap();
    let run = engine.start(without::later, ()).id("l").await.unwrap();
    limits::until(async || run.status().await.unwrap().status == Status::Sleeping).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = Engine::builder().store(store.clone()).skip_sleeps().workflow(with::later).start().await.unwrap();
    let run = engine.handle(with::later, "l").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 42);
    assert_eq!(run.state::<with::Sum>().await.unwrap().unwrap().sum, 42);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    // The way back: recorded state does not disturb code that declares none.
    let checked = Engine::builder().store(store).workflow(without::later).check().await.unwrap();
    assert_eq!(checked.to_string(), "there are no unfinished runs");
}
