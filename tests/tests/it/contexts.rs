//! Contexts in running workflows: what steps see, what is written, and what is read back (cases T1 to T17).

use crate::changed_code::held_at;
use crate::flows::{Counter, Tally, deed};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Mark {
    Plain,
    Pair(i8, String),
    Named { at: (u64, f64) },
}

#[derive(StepContext, Clone, Debug, PartialEq)]
pub(crate) struct Everything {
    pub(crate) id: String,
    #[context(default)]
    pub(crate) optional: Option<u32>,
    #[context(default)]
    pub(crate) bytes: Bytes,
    #[context(default)]
    pub(crate) blob: Vec<u8>,
    #[context(default = 0.1 + 0.2)]
    pub(crate) float: f64,
    #[context(default = i128::MIN)]
    pub(crate) wide: i128,
    #[context(default)]
    pub(crate) by_number: BTreeMap<i64, (u8, bool)>,
    #[context(default = Mark::Plain)]
    pub(crate) mark: Mark,
    #[context(default)]
    pub(crate) r#type: String,
}

#[step]
async fn report(ctx: &Everything) -> Result<String> {
    let read = steadfast::context::<Everything>()?;
    assert_eq!(*read, *ctx);
    assert!(steadfast::context::<Counter>().is_err());
    Ok(format!("{ctx:?}"))
}

fn changed(before: &Everything) -> Everything {
    before.with(|c| {
        c.optional(Some(7))
            .bytes(Bytes::from_static(b"\x00\xff\x7f"))
            .blob(vec![1, 2, 3])
            .float(f64::MIN_POSITIVE)
            .by_number(BTreeMap::from([(-5, (1, true))]))
            .mark(Mark::Named { at: (u64::MAX, 1.0 / 3.0) })
            .r#type("a.b\"{}".to_owned())
    })
}

/// Sets everything, blocks, and returns what its last step saw.
#[workflow(context = Everything)]
async fn everything(start: Start<Everything>, id: String) -> Result<Vec<String>> {
    assert!(steadfast::context::<Everything>().is_err());
    let mut flow = start.with(Everything::builder().id(id).build()).await?;
    let first = report(&flow).await?;
    let kept = Everything::clone(&flow);
    flow.set(changed(&flow)).await?;
    assert_eq!(*steadfast::context::<Everything>()?, *flow);
    assert_ne!(kept, *flow, "the old value is unchanged");
    hold(&flow).await?;
    let last = report(&flow).await?;
    assert_eq!(last, format!("{:?}", *flow));
    Ok(vec![first, last])
}

#[step]
async fn hold() -> Result<()> {
    std::future::pending().await
}

#[tokio::test]
async fn every_field_is_read_back_as_it_was_written_in_the_same_process_and_after_a_restart() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("context.db");
    let engine = Engine::builder().sqlite(&path).workflow(everything).start().await.unwrap();
    let run = engine.start(everything, "x".to_owned()).id("all").await.unwrap();
    held_at(&run, 6).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    drop((run, engine));
    let builder = Engine::builder().sqlite(&path).workflow(everything).stub::<hold>(|()| Ok(()));
    let engine = builder.start().await.unwrap();
    let seen = engine.handle(everything, "all").await.unwrap().result().soon().await.unwrap();
    let before = Everything::builder().id("x").build();
    assert_eq!(seen, [format!("{before:?}"), format!("{:?}", changed(&before))]);
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Twenty {
    #[context(default)]
    pub(crate) a: u32,
    #[context(default)]
    pub(crate) b: String,
    #[context(default)]
    pub(crate) never: Noisy,
}

/// A value that counts how often it is serialised.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Noisy(u8);

static SERIALISED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

impl Serialize for Noisy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        SERIALISED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0.serialize(serializer)
    }
}

#[workflow(context = Twenty)]
async fn updating(flow: &mut Flow<Twenty>) -> Result<usize> {
    let before = SERIALISED.load(std::sync::atomic::Ordering::SeqCst);
    flow.update(|c| c.a(c.a + 1).b("two")).await?;
    flow.update(|c| c.a(1).b("two".to_owned())).await?;
    flow.set(Twenty::clone(flow)).await?;
    Ok(SERIALISED.load(std::sync::atomic::Ordering::SeqCst) - before)
}

#[tokio::test]
async fn an_update_writes_what_changed_and_an_equal_value_writes_nothing() {
    let engine = Engine::builder().in_memory().workflow(updating).start().await.unwrap();
    let run = engine.start(updating, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), 0, "other fields are not even serialised");
    let history = run.history().await.unwrap();
    let updates: Vec<_> = history.iter().filter(|entry| entry.kind == Kind::ContextUpdated).collect();
    assert_eq!(updates.len(), 1, "{history:#?}");
    let fields: Vec<_> = updates[0].fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(fields, ["a=1", "b=\"two\""]);
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Measured {
    #[context(default)]
    pub(crate) price: f64,
    #[context(default)]
    pub(crate) count: u32,
}

#[workflow(context = Measured)]
async fn measuring(flow: &mut Flow<Measured>, hold_it: bool) -> Result<(String, u32)> {
    let error = flow.update(|c| c.price(f64::NAN).count(9)).await.unwrap_err();
    assert_eq!((error.context.as_str(), error.field.as_deref()), ("Measured", Some("price")));
    flow.update(|c| c.count(c.count + 1)).await?;
    if hold_it {
        hold(flow).await?;
    }
    Ok((error.to_string(), flow.count))
}

#[tokio::test]
async fn a_field_that_cannot_be_stored_is_refused_by_name_and_the_refusal_is_replayed() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(measuring).start().await.unwrap();
    let run = engine.start(measuring, true).id("m").await.unwrap();
    held_at(&run, 5).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    let builder = Engine::builder().store(store).workflow(measuring).stub::<hold>(|()| Ok(()));
    let engine = builder.start().await.unwrap();
    let (error, count) = engine.handle(measuring, "m").await.unwrap().result().soon().await.unwrap();
    assert!(error.contains("`price`") && error.contains("NaN"), "{error}");
    assert_eq!(count, 1);
}

#[step]
async fn tick(ctx: &Counter, tally: String) -> Result<u64> {
    deed(&tally, &ctx.total.to_string());
    Ok(1)
}

#[workflow(context = Counter)]
async fn counting(start: Start<Counter>, (tally, rounds): (String, u64)) -> Result<u64> {
    let mut flow = start.with(Counter::builder().label("k").build()).await?;
    for _ in 0..rounds {
        let one = tick(&flow, tally.clone()).await?;
        flow.update(|c| c.total(c.total + one)).await?;
    }
    Ok(flow.total)
}

#[tokio::test]
async fn a_counter_resumed_between_every_two_updates_comes_out_right() {
    let tally = Tally::new("t13");
    let store = MemoryStore::new();
    let mut restarts = 0;
    let run = loop {
        let builder = Engine::builder().store(store.clone()).workflow(counting).max_loads(1_000);
        let engine = builder.start().await.unwrap();
        let run = engine.start(counting, (tally.name().to_owned(), 12)).id("k").await.unwrap();
        let before = run.status().await.unwrap().entries;
        let advanced = async || {
            let info = run.status().await.unwrap();
            info.entries > before || info.status.is_final()
        };
        limits::until(advanced).await;
        if run.status().await.unwrap().status.is_final() {
            break run;
        }
        restarts += 1;
        engine.shutdown(Duration::ZERO).await.unwrap();
    };
    println!("{restarts} restarts");
    assert_eq!(run.result().soon().await.unwrap(), 12);
    let history = run.history().await.unwrap();
    assert_eq!(history.iter().filter(|entry| entry.kind == Kind::ContextUpdated).count(), 12);
    // Each step saw the context as of its call, never the latest. A repeated attempt saw the same again.
    let mut seen: Vec<u64> = tally.all().iter().map(|total| total.parse().unwrap()).collect();
    seen.dedup();
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
    // The start of a step names the entry that wrote the context which the step saw.
    for step in history.iter().filter(|entry| entry.kind == Kind::StepStarted) {
        let written = history.iter().find(|entry| Some(entry.seq) == step.context).expect("it names an entry");
        assert!(matches!(written.kind, Kind::ContextSet | Kind::ContextUpdated));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_runs_at_once_see_each_its_own_context() {
    let engine = Engine::builder().in_memory().workflow(counting).start().await.unwrap();
    let tally = Tally::new("t16");
    let runs = (0..20u64).map(|n| {
        let (engine, tally) = (engine.clone(), tally.name().to_owned());
        tokio::spawn(async move {
            assert_eq!(engine.start(counting, (tally, n)).await.unwrap().result().soon().await.unwrap(), n);
            assert!(steadfast::current().is_none(), "nothing is left behind in the task");
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
}

#[step]
async fn tinker(ctx: &Counter) -> Result<u64> {
    let mut copy = Counter::clone(ctx);
    copy.total = 99;
    let mut shared: Arc<Counter> = steadfast::context()?;
    Arc::make_mut(&mut shared).total = 98;
    Ok(ctx.total)
}

#[workflow(context = Counter)]
async fn tinkering(start: Start<Counter>) -> Result<(u64, u64)> {
    let flow = start.with(Counter::builder().label("t").total(1).build()).await?;
    let seen = tinker(&flow).await?;
    Ok((seen, tinker(&flow).await? + flow.total))
}

#[tokio::test]
async fn changing_a_copy_in_a_step_has_no_effect() {
    let engine = Engine::builder().in_memory().workflow(tinkering).start().await.unwrap();
    assert_eq!(engine.start(tinkering, ()).await.unwrap().result().soon().await.unwrap(), (1, 2));
}

#[derive(StepContext, Clone, Debug)]
pub(crate) struct Empty {}

#[step]
async fn with_nothing(_ctx: &Empty) -> Result<bool> {
    Ok(steadfast::context::<Empty>().is_ok())
}

#[workflow(context = Empty)]
async fn empty(flow: &mut Flow<Empty>) -> Result<bool> {
    hold(flow).await?;
    Ok(with_nothing(flow).await? && steadfast::context::<Empty>().is_ok())
}

#[tokio::test]
async fn a_context_without_fields_is_still_set_after_a_resume() {
    let store = MemoryStore::new();
    let engine = Engine::builder().store(store.clone()).workflow(empty).start().await.unwrap();
    held_at(&engine.start(empty, ()).id("e").await.unwrap(), 3).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    let builder = Engine::builder().store(store).workflow(empty).stub::<hold>(|()| Ok(()));
    let engine = builder.start().await.unwrap();
    assert!(engine.handle(empty, "e").await.unwrap().result().soon().await.unwrap());
}

#[step]
async fn spawns() -> Result<bool> {
    let inside = steadfast::current().is_some();
    let outside = tokio::spawn(async { steadfast::current().is_none() }).await?;
    Ok(inside && outside)
}

#[workflow]
async fn spawning(flow: &mut Flow) -> Result<bool> {
    Ok(spawns(flow).await?)
}

#[tokio::test]
async fn a_task_that_a_step_spawned_knows_of_no_run() {
    let engine = Engine::builder().in_memory().workflow(spawning).start().await.unwrap();
    assert!(engine.start(spawning, ()).await.unwrap().result().soon().await.unwrap());
}
