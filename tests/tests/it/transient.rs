//! Transient fields and their hooks, in running workflows (cases X1 to X4): made once per load, before the first step,
//! never stored and never displayed.

use crate::runs::wait_for;
use limits::Soon as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineBuilder, ParkCause, RunError, Status};

/// The text that must not be found anywhere.
const PLANTED: &str = "planted-live-secret";

/// The deeds of the hooks of one test, as a resource, so that tests do not see each other's.
#[derive(Clone, Default)]
struct Log {
    made: Arc<Mutex<Vec<String>>>,
    failing: Arc<AtomicU32>,
}

impl Log {
    fn add(&self, line: String) {
        self.made.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.made.lock().unwrap().clone()
    }
}

#[derive(Clone, Debug)]
struct Db(Arc<Mutex<String>>);

#[derive(Clone, Debug)]
struct Index(String);

async fn open_db(stored: &ShopStored, resources: &Resources) -> Result<Db> {
    let log = resources.get::<Log>().await?;
    if log.failing.load(Ordering::SeqCst) > 0 {
        log.failing.fetch_sub(1, Ordering::SeqCst);
        return Err(Error::msg("the database is asleep"));
    }
    log.add(format!("db of {} at {}", stored.name, stored.round));
    Ok(Db(Arc::new(Mutex::new(PLANTED.to_owned()))))
}

async fn open_index(stored: &ShopStored, resources: &Resources, db: &Db) -> Result<Index> {
    let log = resources.get::<Log>().await?;
    log.add(format!("index over {} letters", db.0.lock().unwrap().len()));
    Ok(Index(stored.name.clone()))
}

#[derive(StepContext, Clone, Debug)]
struct Shop {
    // This field is declared before the one that it depends on.
    #[context(transient, restore(open_index, after = db))]
    index: Index,
    name: String,
    #[context(default)]
    round: u64,
    #[context(transient, restore = open_db)]
    db: Db,
    #[context(transient)]
    scratch: Vec<u8>,
}

#[step]
async fn ask(ctx: &Shop, n: u64) -> Result<u64> {
    assert_eq!(ctx.db.0.lock().unwrap().as_str(), PLANTED);
    assert_eq!((ctx.index.0.as_str(), ctx.scratch.len()), ("corner", 0));
    let whole = steadfast::context::<Shop>()?;
    assert!(Arc::ptr_eq(&whole.db.0, &ctx.db.0));
    assert_eq!(steadfast::context::<ShopStored>()?.round, ctx.round);
    Ok(n + ctx.round)
}

#[workflow(context = Shop, resources(Log))]
async fn sell(start: Start<Shop>) -> Result<u64> {
    let mut flow = start.with(Shop::builder().name("corner").build()).await?;
    assert!(steadfast::context::<Shop>().is_err(), "a workflow body sees the stored part only");
    assert_eq!(steadfast::context::<ShopStored>()?.name, "corner");
    let (one, two, three) = try_join!(ask(&flow, 1), ask(&flow, 2), ask(&flow, 3))?;
    flow.update(|c| c.round(7)).await?;
    let four = ask(&flow, 4).await?;
    flow.sleep(Duration::from_mins(1)).await?;
    Ok(one + two + three + four + ask(&flow, 5).await?)
}

const SUM: u64 = 1 + 2 + 3 + (4 + 7) + (5 + 7);

fn builder(log: &Log) -> EngineBuilder {
    Engine::builder().workflow(sell).resource(log.clone()).restore_retry(3, Duration::from_millis(1))
}

#[tokio::test]
async fn hooks_run_once_per_load_in_the_order_of_their_needs_also_when_several_steps_wait_for_them() {
    let (store, log) = (MemoryStore::new(), Log::default());
    let engine = builder(&log).store(store.clone()).start().await.unwrap();
    let run = engine.start(sell, ()).id("a").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    assert_eq!(log.lines(), ["db of corner at 0", "index over 19 letters"]);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();

    // Reading, checking and time travel make no live values.
    let reader = builder(&log).store(store.clone());
    assert!(reader.check().await.unwrap().is_ok());
    let engine = builder(&log).store(store.clone()).skip_sleeps().start().await.unwrap();
    let run = engine.handle(sell, "a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), SUM);
    assert_eq!(run.context_at::<Shop>(u64::MAX).await.unwrap().unwrap().round, 7);
    // The live values are made from the stored fields as of the end of the journal.
    assert_eq!(log.lines()[2..], ["db of corner at 7", "index over 19 letters"]);
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    let engine = builder(&log).store(store).start().await.unwrap();
    assert_eq!(engine.handle(sell, "a").await.unwrap().result().soon().await.unwrap(), SUM);
    assert_eq!(log.lines().len(), 4, "a finished run needs no live values");
}

#[tokio::test]
async fn a_hook_that_fails_is_tried_again_and_then_the_run_is_parked_and_goes_on_once_it_is_mended() {
    let (store, log) = (MemoryStore::new(), Log::default());
    log.failing.store(2, Ordering::SeqCst);
    let engine = builder(&log).store(store.clone()).skip_sleeps().start().await.unwrap();
    assert_eq!(engine.start(sell, ()).id("lucky").await.unwrap().result().soon().await.unwrap(), SUM);

    log.failing.store(u32::MAX, Ordering::SeqCst);
    let run = engine.start(sell, ()).id("unlucky").await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on without its field") };
    assert_eq!(reason.cause, ParkCause::Restore);
    assert!(
        reason
            .message
            .starts_with("transient field `db` of context `Shop` could not be restored: the database is asleep"),
        "{reason}"
    );
    let context = run.context_at::<Shop>(u64::MAX).await.unwrap().unwrap();
    assert_eq!((context.name.as_str(), context.round), ("corner", 0), "the state is untouched");
    let attempts = run.history().await.unwrap().iter().filter(|entry| entry.attempt.is_some()).count();
    assert_eq!(attempts, 3, "a hook that fails is no failed attempt of a step");

    log.failing.store(0, Ordering::SeqCst);
    engine.retry("unlucky").await.unwrap();
    wait_for(&run, Status::Completed).await;
    assert_eq!(run.result().soon().await.unwrap(), SUM);
}

/// Returns whether any file of a folder holds the planted text.
fn holds_planted(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes())
    })
}

#[tokio::test]
async fn the_value_of_a_transient_field_is_in_no_file_and_no_text() {
    let (folder, log) = (tempfile::tempdir().unwrap(), Log::default());
    let engine = builder(&log).sqlite(folder.path().join("shop.db")).skip_sleeps().start().await.unwrap();
    let run = engine.start(sell, ()).id("a").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), SUM);
    let history = format!("{:?}", run.history().await.unwrap());
    let context = run.context_at::<Shop>(u64::MAX).await.unwrap().unwrap();
    for text in
        [history, run.context_history().await.unwrap().to_string(), context.to_json().unwrap(), format!("{context:?}")]
    {
        assert!(!text.contains(PLANTED) && !text.contains("scratch"), "{text}");
    }
    assert!(!run.context_schema().await.unwrap().unwrap().contains("\"db\""));
    assert!(!holds_planted(folder.path()), "while the log is there");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    assert!(!holds_planted(folder.path()));
}

#[tokio::test]
async fn a_workflow_with_live_fields_survives_every_fault() {
    let log = Log::default();
    let report = crash_everywhere(sell, ()).resource(log.clone()).orders(2).await;
    assert_eq!(report.results, 1);
    // The hooks ran at least once for each scenario.
    assert!(log.lines().len() >= 2 * report.scenarios, "{report:?}");
}

#[tokio::test]
async fn a_hook_that_panics_parks_its_own_run_only() {
    #[expect(clippy::unused_async, reason = "a hook is async")]
    async fn broken(_: &FragileStored, _: &Resources) -> Result<Db> {
        panic!("no disk")
    }
    #[derive(StepContext, Clone)]
    struct Fragile {
        #[context(transient, restore = broken)]
        db: Db,
    }
    #[step]
    async fn touch(ctx: &Fragile) -> Result<usize> {
        Ok(ctx.db.0.lock().unwrap().len())
    }
    #[workflow(context = Fragile)]
    async fn fragile(flow: &mut Flow<Fragile>) -> Result<usize> {
        Ok(touch(flow).await?)
    }
    let log = Log::default();
    let engine = builder(&log).in_memory().workflow(fragile).skip_sleeps().start().await.unwrap();
    let run = engine.start(fragile, ()).await.unwrap();
    let Err(RunError::Parked { reason }) = run.result().soon().await else { panic!("it went on without its field") };
    assert_eq!(reason.cause, ParkCause::Restore);
    assert!(reason.message.contains("no disk"), "{reason}");
    assert_eq!(engine.start(sell, ()).await.unwrap().result().soon().await.unwrap(), SUM);
}

struct Port;

#[step]
async fn knock(#[resource] _port: &Port) -> Result<()> {
    Ok(())
}

#[workflow(resources(Port))]
async fn knocking(flow: &mut Flow) -> Result<()> {
    Ok(knock(flow).await?)
}

async fn hang(_: &HangingStored, _: &Resources) -> Result<u8> {
    std::future::pending().await
}

#[derive(StepContext, Clone, Debug)]
struct Hanging {
    #[context(transient, restore = hang)]
    line: u8,
}

#[step]
async fn listen(context: &Hanging) -> Result<u8> {
    Ok(context.line)
}

#[workflow(context = Hanging)]
async fn listening(flow: &mut Flow<Hanging>) -> Result<u8> {
    Ok(listen(flow).await?)
}

#[tokio::test]
async fn what_a_hanging_factory_or_hook_keeps_waiting_is_said_and_ends_after_a_time() {
    let builder = Engine::builder().in_memory().workflow(knocking).workflow(listening);
    let builder = builder.resource_with(async || std::future::pending::<Result<Port>>().await);
    let builder = builder.restore_retry(2, Duration::from_millis(10)).restore_timeout(Duration::from_millis(300));
    let engine = builder.start().await.unwrap();
    for (id, cause, waits, ends) in [
        (
            "knocking",
            ParkCause::Resource,
            "step `knock` waits for resource `Port`",
            "resource `Port` could not be made",
        ),
        (
            "listening",
            ParkCause::Restore,
            "step `listen` waits for transient field `line` of context `Hanging`",
            "transient field `line` of context `Hanging`",
        ),
    ] {
        if id == "knocking" {
            engine.start(knocking, ()).id(id).await.map(drop).unwrap();
        } else {
            engine.start(listening, ()).id(id).await.map(drop).unwrap();
        }
        let run = engine.run(id).await.unwrap();
        let mut blocked = std::collections::BTreeSet::new();
        let parked = loop {
            let info = run.status().await.unwrap();
            blocked.extend(info.blocked);
            if let Some(parked) = info.parked {
                break parked;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(parked.cause, cause);
        assert!(parked.message.contains(ends) && parked.message.contains("300ms"), "{parked}");
        assert!(blocked.contains(waits), "{blocked:?}");
    }
}
