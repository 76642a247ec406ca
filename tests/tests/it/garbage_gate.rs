//! Garbage collection between a save and the commit that points to it: it keeps the content, or waits.

use crate::garbage::Rig;
use std::sync::atomic::Ordering;
use steadfast::EngineBuilder;
use steadfast::prelude::*;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

#[derive(StepContext, Clone)]
struct Two {
    #[context(default, store = "rig")]
    a: Bytes,
    #[context(default, store = "slow")]
    b: Bytes,
    #[context(default)]
    round: u32,
}

#[step]
async fn lengths(ctx: &Two) -> Result<(usize, usize)> {
    Ok((ctx.a.len(), ctx.b.len()))
}

/// Saves both fields, the second to a store that can hang, and reads them after a replay.
#[workflow(context = Two)]
async fn saves(flow: &mut Flow<Two>) -> Result<(usize, usize)> {
    flow.update(|c| c.a(Bytes::from_static(b"aaa")).b(Bytes::from_static(b"bbbb"))).await?;
    flow.sleep(Duration::from_millis(100)).await?;
    Ok(lengths(&*flow).await?)
}

/// Does the same, and then continues as new, for which both contents are copied.
#[workflow(context = Two)]
async fn goes_on(flow: &mut Flow<Two>, round: u32) -> Result<(usize, usize)> {
    if round == 0 {
        flow.update(|c| c.a(Bytes::from_static(b"aaa")).b(Bytes::from_static(b"bbbb"))).await?;
        flow.sleep(Duration::from_millis(100)).await?;
        return flow.continue_as_new(goes_on, 1).await;
    }
    flow.sleep(Duration::from_millis(100)).await?;
    Ok(lengths(&*flow).await?)
}

fn builder(rig: &Rig, slow: &Rig) -> EngineBuilder {
    let builder = Engine::builder().in_memory().evict_after(Duration::ZERO).workflow(saves).workflow(goes_on);
    builder.field_store("rig", rig.clone()).field_store("slow", slow.clone()).field_store_timeout(LONG)
}

/// Waits until a store has `count` contents.
async fn saved(rig: &Rig, database: &str, count: usize) {
    use steadfast::field_store::FieldStore as _;
    let all = async {
        while rig.0.contents.list(database).await.unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, all).await.expect("it is saved");
}

fn database(engine: &Engine) -> String {
    format!("{engine:?}").split('"').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_has_saved_and_not_yet_recorded_is_left() {
    let (rig, slow) = (Rig::default(), Rig::default());
    let engine = builder(&rig, &slow).start().await.unwrap();
    slow.0.hang_save.store(true, Ordering::SeqCst);
    let run = engine.start(saves, ()).await.unwrap();
    saved(&rig, &database(&engine), 1).await;
    let garbage = timeout(LONG, engine.collect_garbage()).await.unwrap().unwrap();
    assert_eq!((garbage.deleted, garbage.skipped), (0, 1), "{garbage:?}");
    slow.0.hang_save.store(false, Ordering::SeqCst);
    slow.0.go_on.notify_waiters();
    slow.0.go_on.notify_one();
    assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), (3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_for_a_run_that_is_not_there_yet_is_waited_for() {
    let (rig, slow) = (Rig::default(), Rig::default());
    let engine = builder(&rig, &slow).start().await.unwrap();
    let run = engine.start(goes_on, 0).await.unwrap();
    saved(&slow, &database(&engine), 1).await;
    slow.0.hang_save.store(true, Ordering::SeqCst);
    // The copy of the first field belongs to an execution that is not in the database yet.
    saved(&rig, &database(&engine), 2).await;
    let collector = engine.clone();
    let mut collecting = tokio::spawn(async move { collector.collect_garbage().await });
    // This is time enough to delete it, if the collection did not wait.
    let early = timeout(Duration::from_millis(500), &mut collecting).await;
    assert!(early.is_err(), "it collects while a run is copied: {early:?}");
    slow.0.hang_save.store(false, Ordering::SeqCst);
    slow.0.go_on.notify_waiters();
    slow.0.go_on.notify_one();
    assert_eq!(timeout(LONG, run.result()).await.unwrap().unwrap(), (3, 4));
    timeout(LONG, collecting).await.unwrap().unwrap().unwrap();
    let fields = engine.run(run.id()).await.unwrap();
    assert_eq!(fields.id(), run.id());
}
