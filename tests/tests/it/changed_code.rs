//! Code that changed under a run (cases N3, N8, V4, V5): the run is parked with a clear reason, nothing is written, and
//! the next deployment repairs it.

use crate::runs::wait_for;
use crate::unreplayable::foreign_sleep;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{ParkCause, RunError, Status};

#[step]
pub(crate) async fn first(n: u64, m: u64) -> Result<u64> {
    Ok(n + m)
}

#[step]
async fn second(n: u64) -> Result<u64> {
    Ok(n * 2)
}

#[step(name = "second")]
async fn second_under_a_new_name_in_code(n: u64) -> Result<u64> {
    Ok(n * 2)
}

/// Never ends by itself: it blocks the run here until another deployment.
#[step]
async fn hold() -> Result<()> {
    std::future::pending().await
}

/// The first deployment of the workflow.
#[workflow(name = "bill")]
async fn original(flow: &mut Flow, n: u64) -> Result<u64> {
    let sum = first(flow, n, 1).await?;
    let double = second(flow, sum).await?;
    hold(flow).await?;
    Ok(double)
}

macro_rules! variant {
    ($name:ident, |$flow:ident, $n:ident| $body:block) => {
        #[workflow(name = "bill")]
        async fn $name($flow: &mut Flow, $n: u64) -> Result<u64> $body
    };
}

variant!(swapped_arguments, |flow, n| {
    let sum = first(flow, 1, n).await?;
    let double = second(flow, sum).await?;
    hold(flow).await?;
    Ok(double)
});

variant!(another_name, |flow, n| {
    let sum = first(flow, n, 1).await?;
    let double = first(flow, sum, 0).await?;
    hold(flow).await?;
    Ok(double)
});

variant!(fewer_steps, |flow, n| {
    let sum = first(flow, n, 1).await?;
    hold(flow).await?;
    Ok(sum)
});

variant!(more_steps, |flow, n| {
    let sum = first(flow, n, 1).await?;
    let double = second(flow, sum).await?;
    second(flow, double).await?;
    hold(flow).await?;
    Ok(double)
});

variant!(another_order, |flow, n| {
    let double = second(flow, n).await?;
    let sum = first(flow, double, 1).await?;
    hold(flow).await?;
    Ok(sum)
});

variant!(too_short, |flow, n| {
    let sum = first(flow, n, 1).await?;
    let double = second(flow, sum).await?;
    Ok(double)
});

variant!(renamed_in_code, |flow, n| {
    let sum = first(flow, n, 1).await?;
    let double = second_under_a_new_name_in_code(flow, sum).await?;
    hold(flow).await?;
    Ok(double)
});

/// Starts the original on a new store, and stops the engine while the run is blocked.
async fn held() -> MemoryStore {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(original).start().await.unwrap();
    let run = engine.start(original, 5).id("bill-1").await.unwrap();
    held_at(&run, 6).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    store
}

/// Waits until a run has `entries` entries.
pub(crate) async fn held_at(run: &steadfast::Run, entries: u64) {
    for _ in 0..4_000 {
        let info = run.status().await.unwrap();
        assert_eq!(info.parked, None);
        if info.entries >= entries {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("the run did not come to entry {entries}");
}

async fn journal(run: &steadfast::Run) -> Vec<String> {
    run.history().await.unwrap().iter().map(ToString::to_string).collect()
}

macro_rules! parked_by {
    ($store:expr, $variant:ident) => {{
        let engine = Engine::builder().store($store.clone()).workflow($variant).start().await.unwrap();
        let run = engine.handle($variant, "bill-1").await.unwrap();
        let before = journal(&run).await;
        let reason = match run.result().soon().await {
            Err(RunError::Parked { reason }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(journal(&run).await, before, "nothing is written but the reason");
        engine.shutdown(Duration::from_secs(5)).await.unwrap();
        reason
    }};
}

async fn goes_on(store: &MemoryStore) {
    let builder = Engine::builder().store(store.clone()).workflow(original);
    let engine = builder.stub::<hold>(|()| Ok(())).start().await.unwrap();
    let run = engine.handle(original, "bill-1").await.unwrap();
    for _ in 0..4_000 {
        if run.status().await.unwrap().status == Status::Completed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(run.result().soon().await.unwrap(), 12);
}

macro_rules! case {
    ($test:ident, $variant:ident, $position:expr, [$($says:expr),*]) => {
        #[tokio::test]
        async fn $test() {
            let store = held().await;
            let reason = parked_by!(store, $variant);
            assert_eq!(reason.cause, ParkCause::Diverged);
            assert_eq!(reason.position, $position);
            for says in [$($says),*] {
                assert!(reason.to_string().contains(says), "{reason}");
            }
            goes_on(&store).await;
        }
    };
}

case!(swapped_arguments_are_found, swapped_arguments, Some(1), ["step `first` called with [5,1]", "[1,5]"]);
case!(
    another_step_is_found,
    another_name,
    Some(2),
    ["step `second` called with [6]", "step `first` called with [6,0]"]
);
case!(a_missing_step_is_found, fewer_steps, Some(2), ["step `second` called with [6]", "step `hold` called with []"]);
case!(an_extra_step_is_found, more_steps, Some(3), ["step `hold` called with []", "step `second` called with [12]"]);
case!(
    another_order_is_found,
    another_order,
    Some(1),
    ["step `first` called with [5,1]", "step `second` called with [5]"]
);
case!(an_early_end_is_found, too_short, Some(3), ["step `hold` called with []", "the end of the workflow"]);

#[tokio::test]
async fn a_step_renamed_in_code_keeps_its_recorded_name() {
    let store = held().await;
    let builder = Engine::builder().store(store).workflow(renamed_in_code);
    let engine = builder.stub::<hold>(|()| Ok(())).start().await.unwrap();
    assert_eq!(engine.handle(renamed_in_code, "bill-1").await.unwrap().result().soon().await.unwrap(), 12);
}

#[tokio::test]
async fn an_unknown_workflow_parks_its_run_and_it_goes_on_once_registered() {
    let store = held().await;
    let engine = Engine::builder().store(store.clone()).workflow(foreign_sleep).start().await.unwrap();
    let run = engine.run("bill-1").await.unwrap();
    wait_for(&run, Status::Parked).await;
    let reason = run.status().await.unwrap().parked.unwrap();
    assert_eq!(reason.cause, ParkCause::UnknownWorkflow);
    assert!(reason.to_string().contains("`bill`") && reason.to_string().contains("foreign_sleep"), "{reason}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = Engine::builder().store(store.clone()).start().await.unwrap();
    let run = engine.run("bill-1").await.unwrap();
    let says =
        async || run.status().await.unwrap().parked.is_some_and(|reason| reason.message.contains("(it has: none)"));
    limits::until(says).await;
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    goes_on(&store).await;
}

#[tokio::test]
async fn a_parked_run_can_be_ended_without_its_code() {
    let store = held().await;
    parked_by!(store, fewer_steps);
    let engine = Engine::builder().store(store).start().await.unwrap();
    let run = engine.run("bill-1").await.unwrap();
    wait_for(&run, Status::Parked).await;
    run.cancel("written off").await.unwrap().force().await.unwrap();
    assert_eq!(run.status().await.unwrap().status, Status::Cancelled);
    assert!(engine.retry("bill-1").await.is_err());
}

#[derive(Serialize, Deserialize, Clone)]
struct Before {
    id: u64,
}

#[derive(Serialize, Deserialize, Clone)]
struct After {
    id: u64,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Narrow {
    id: u8,
}

#[step(name = "take")]
async fn take_before(value: Before) -> Result<u64> {
    Ok(u64::from(value.id > 0))
}

#[step(name = "take")]
async fn take_after(value: After) -> Result<u64> {
    Ok(u64::from(value.note.is_none()))
}

#[workflow(name = "typed")]
async fn typed_before(flow: &mut Flow, id: u64) -> Result<u64> {
    let one = take_before(flow, Before { id }).await?;
    hold(flow).await?;
    Ok(one)
}

#[workflow(name = "typed")]
async fn typed_after(flow: &mut Flow, id: u64) -> Result<u64> {
    let one = take_after(flow, After { id, note: None }).await?;
    hold(flow).await?;
    Ok(one)
}

#[tokio::test]
async fn a_defaulted_field_added_to_an_argument_does_not_park() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(typed_before).start().await.unwrap();
    let run = engine.start(typed_before, 1_000).id("typed").await.unwrap();
    held_at(&run, 4).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    let builder = Engine::builder().store(store).workflow(typed_after).stub::<hold>(|()| Ok(()));
    let engine = builder.start().await.unwrap();
    assert_eq!(engine.handle(typed_after, "typed").await.unwrap().result().soon().await.unwrap(), 1);
}

#[step]
async fn give() -> Result<After> {
    Ok(After { id: 1_000, note: None })
}

#[step(name = "give")]
async fn give_narrow() -> Result<Narrow> {
    Ok(Narrow { id: 1 })
}

#[workflow(name = "giving")]
async fn giving(flow: &mut Flow) -> Result<u64> {
    let given = give(flow).await?;
    hold(flow).await?;
    Ok(given.id)
}

#[workflow(name = "giving")]
async fn giving_narrow(flow: &mut Flow) -> Result<u64> {
    let given = give_narrow(flow).await?;
    hold(flow).await?;
    Ok(given.id.into())
}

#[tokio::test]
async fn a_recorded_result_that_no_longer_decodes_parks_and_is_not_the_runs_failure() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(giving).start().await.unwrap();
    let run = engine.start(giving, ()).id("giving").await.unwrap();
    held_at(&run, 4).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    let engine = Engine::builder().store(store.clone()).workflow(giving_narrow).start().await.unwrap();
    let run = engine.handle(giving_narrow, "giving").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it should be parked") };
    assert_eq!(reason.cause, ParkCause::Unreadable);
    assert!(reason.to_string().contains("1000") && reason.to_string().contains("`giving`"), "{reason}");
    engine.shutdown(Duration::ZERO).await.unwrap();
    let builder = Engine::builder().store(store).workflow(giving).stub::<hold>(|()| Ok(()));
    let engine = builder.start().await.unwrap();
    let run = engine.handle(giving, "giving").await.unwrap();
    wait_for(&run, Status::Completed).await;
    assert_eq!(run.result().soon().await.unwrap(), 1_000);
}

/// Runs two steps at once. The second is the last call of its turn.
#[workflow(name = "pair")]
async fn two_at_once(flow: &mut Flow, n: u64) -> Result<u64> {
    let flow = &*flow;
    let (_, double) = join!(hold(flow), second(flow, n));
    Ok(double?)
}

#[workflow(name = "pair")]
async fn only_the_first(flow: &mut Flow, n: u64) -> Result<u64> {
    hold(&*flow).await?;
    Ok(n)
}

#[tokio::test]
async fn a_recorded_call_to_which_the_workflow_no_longer_comes_parks_the_run() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(two_at_once).start().await.unwrap();
    let run = engine.start(two_at_once, 5).id("pair").await.unwrap();
    held_at(&run, 4).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    // If the run were not parked, it would end at once.
    let builder = Engine::builder().store(store).workflow(only_the_first);
    let engine = builder.stub::<hold>(|()| Ok(())).start().await.unwrap();
    let run = engine.handle(only_the_first, "pair").await.unwrap();
    match limits::soon("the run being parked", run.result()).await {
        Err(RunError::Parked { reason }) => {
            assert_eq!((reason.cause, reason.position), (ParkCause::Diverged, Some(2)), "{reason}");
            assert!(reason.to_string().contains("the workflow does not come to it"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

type Tags = (HashMap<String, u32>, HashSet<String>, BTreeMap<u8, (i128, bool)>);

#[step]
async fn tagged(tags: Tags) -> Result<Tags> {
    Ok(tags)
}

#[workflow]
async fn unordered(flow: &mut Flow, n: u32) -> Result<usize> {
    let mut count = 0;
    for round in 0..n {
        let map = (0..8).map(|key| (format!("k{key}"), round)).collect();
        let set = (0..8).map(|key| format!("s{key}")).collect();
        let given: Tags = (map, set, BTreeMap::from([(1, (i128::MIN, true)), (2, (7, false))]));
        count += usize::from(tagged(flow, given.clone()).await? == given);
    }
    hold(flow).await?;
    Ok(count)
}

#[tokio::test]
async fn maps_and_sets_as_arguments_are_never_parked_at_random() {
    let store = MemoryStore::new();
    for round in 0..5 {
        let builder = Engine::builder().store(store.clone()).workflow(unordered).max_loads(100);
        let engine = builder.start().await.unwrap();
        let run = engine.start(unordered, 10).id("unordered").await.unwrap();
        held_at(&run, 22 + round).await;
        engine.shutdown(Duration::ZERO).await.unwrap();
    }
    let builder = Engine::builder().store(store).workflow(unordered).stub::<hold>(|()| Ok(()));
    let engine = builder.start().await.unwrap();
    assert_eq!(engine.handle(unordered, "unordered").await.unwrap().result().soon().await.unwrap(), 10);
}
