//! Resources: built once, in the order of their dependencies, refused when they are inconsistent; and runs that lack
//! one.

use crate::flows::{Tally, deed};
use crate::steps::until;
use limits::Soon as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use steadfast::history::{HistoryEntry, Kind};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineBuilder, EngineError, ParkCause, ParkReason, ResourceError, RunError, Status};

fn engine() -> EngineBuilder {
    Engine::builder().in_memory().skip_sleeps()
}

fn on(path: &Path) -> EngineBuilder {
    Engine::builder().sqlite(path).skip_sleeps()
}

async fn refusal(builder: EngineBuilder) -> String {
    match builder.start().await {
        Err(EngineError::Configuration { message: sentence, .. }) => sentence,
        other => panic!("{other:?}"),
    }
}

async fn parked<T: std::fmt::Debug>(result: impl Future<Output = Result<T, RunError>>) -> ParkReason {
    match result.await {
        Err(RunError::Parked { reason }) => *reason,
        other => panic!("{other:?}"),
    }
}

/// A resource of the engine.
#[derive(Debug)]
struct Db {
    number: u32,
}

/// A resource that is made from a [`Db`].
#[derive(Debug)]
struct Cache {
    db: Arc<Db>,
}

#[step]
async fn query(#[resource] db: &Db, n: u32) -> Result<u32> {
    Ok(db.number + n)
}

#[workflow]
async fn undeclared(flow: &mut Flow, n: u32) -> Result<u32> {
    let doubled = flow.run("double", async move || Ok::<_, Error>(2 * n)).await?;
    Ok(query(flow, doubled).await?)
}

#[workflow(resources(Db))]
async fn declared(flow: &mut Flow, n: u32) -> Result<u32> {
    Ok(query(flow, n).await?)
}

#[workflow(resources(Db))]
async fn four_at_once(flow: &mut Flow) -> Result<u32> {
    let (a, b, c, d) = try_join!(query(flow, 1), query(flow, 2), query(flow, 3), query(flow, 4))?;
    Ok(a + b + c + d)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_resource_that_four_steps_need_at_once_is_built_once() {
    let tally = Tally::new("once");
    let name = tally.name().to_owned();
    let build = move || {
        let name = name.clone();
        async move {
            deed(&name, "build");
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, Error>(Db { number: 10 })
        }
    };
    let engine = engine().workflow(four_at_once).resource_with(build).start().await.unwrap();
    let (first, second) =
        (engine.start(four_at_once, ()).await.unwrap(), engine.start(four_at_once, ()).await.unwrap());
    assert_eq!(first.result().soon().await.unwrap(), 50);
    assert_eq!(second.result().soon().await.unwrap(), 50);
    assert_eq!(tally.count("build"), 1);
}

#[tokio::test]
async fn a_resource_that_nobody_needs_is_not_built() {
    let build = async || -> Result<Cache> { panic!("nobody asked") };
    let engine = engine().workflow(declared).resource(Db { number: 1 }).resource_with(build).start().await.unwrap();
    assert_eq!(engine.start(declared, 1).await.unwrap().result().soon().await.unwrap(), 2);
}

#[step]
async fn through_the_cache(#[resource] cache: &Cache, #[resource] db: &Db) -> Result<bool> {
    Ok(std::ptr::eq(&raw const *cache.db, db))
}

#[workflow(resources(Cache, Db))]
async fn chained(flow: &mut Flow) -> Result<bool> {
    Ok(through_the_cache(flow).await?)
}

#[tokio::test]
async fn a_resource_gets_the_very_object_that_steps_get() {
    let engine = engine().workflow(chained);
    let engine = engine.resource_with(async |db: Arc<Db>| Ok::<_, Error>(Cache { db }));
    let engine = engine.resource_with(async |number: Arc<u32>| Ok::<_, Error>(Db { number: *number })).resource(7_u32);
    let engine = engine.start().await.unwrap();
    assert!(engine.start(chained, ()).await.unwrap().result().soon().await.unwrap());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_starts() {
    let db = || Db { number: 1 };
    let said = refusal(engine().resource(db()).resource(db())).await;
    assert_eq!(said, "resource `Db` is registered twice: keep one, or give each a type of its own");

    let said = refusal(engine().resource_with(async |db: Arc<Db>| Ok::<_, Error>(Cache { db }))).await;
    assert!(said.starts_with("the factory of resource `Cache` needs `Db`, which is not registered"), "{said}");

    let circle = engine().resource_with(async |_: Arc<Cache>| Ok::<_, Error>(Db { number: 1 }));
    let circle = circle.resource_with(async |_: Arc<u8>, db: Arc<Db>| Ok::<_, Error>(Cache { db })).resource(5_u8);
    let said = refusal(circle).await;
    assert!(said.contains("`Db -> Cache -> Db`") || said.contains(" Db -> Cache -> Db,"), "{said}");

    let said = refusal(engine().resource_with(async |_: Arc<u64>| Ok::<_, Error>(7_u64))).await;
    assert!(said.contains("u64 -> u64"), "{said}");

    let said = refusal(engine().workflow(declared).resource(5_u8)).await;
    assert!(
        said.contains("workflow `declared` take resource `Db`, which is not registered (there are: `u8`)"),
        "{said}"
    );
    assert!(said.contains(".resource(..)"), "{said}");
}

mod other {
    pub(super) struct Db;
}

#[tokio::test]
async fn two_types_of_one_name_are_told_apart() {
    let said = refusal(engine().workflow(declared).resource(other::Db)).await;
    assert!(said.contains("it::resources::Db`") && said.contains("it::resources::other::Db`"), "{said}");
    let error = Resources::of(other::Db).get::<Db>().await.unwrap_err().to_string();
    assert!(error.contains("it::resources::Db`") && error.contains("it::resources::other::Db`"), "{error}");
}

#[tokio::test]
async fn a_run_without_its_resource_is_parked_at_once_and_goes_on_after_a_start_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let first = on(&path).workflow(undeclared).resource(5_u8).start().await.unwrap();
    let run = first.start(undeclared, 4).id("run").await.unwrap();
    let reason = parked(run.result()).await;
    assert_eq!(reason.cause, ParkCause::Resource);
    for part in ["step `query`", "resource `Db`", "`u8`", ".resource(..)", "#[workflow(resources(Db))]", "`undeclared`"]
    {
        assert!(reason.message.contains(part), "{part} in {}", reason.message);
    }
    first.shutdown(Duration::from_secs(5)).await.unwrap();

    let second = on(&path).workflow(undeclared).resource(Db { number: 1 }).start().await.unwrap();
    let run = second.handle(undeclared, "run").await.unwrap();
    until_done(&run).await;
    assert_eq!(run.result().soon().await.unwrap(), 9);
    let history = run.history().await.unwrap();
    let started = |name| history.iter().filter(move |entry| entry.name.as_deref() == Some(name));
    assert_eq!(started("double").filter(|entry| entry.kind == Kind::StepStarted).count(), 1);
}

/// Waits until a run has completed. An engine claims parked runs some time after its start.
async fn until_done<T, E>(run: &steadfast::RunHandle<T, E>) {
    for _ in 0..4_000 {
        if run.status().await.unwrap().status == Status::Completed {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the run has not ended within 20 s: {:?}", run.status().await);
}

/// Returns a factory that works from the call `works_from` on. Before that it fails, or panics.
fn unsteady(calls: &Arc<AtomicU32>, works_from: u32, panics: bool) -> impl Fn() -> Making + Send + Sync + use<> {
    let calls = calls.clone();
    move || {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(!panics || call >= works_from, "out of cheese");
        std::future::ready(if call < works_from {
            Err(Error::msg(format!("the port is closed ({call})")))
        } else {
            Ok(Db { number: call })
        })
    }
}

type Making = std::future::Ready<Result<Db>>;

#[tokio::test]
async fn a_factory_that_fails_or_panics_twice_is_tried_until_it_works() {
    for panics in [false, true] {
        let calls = Arc::new(AtomicU32::new(0));
        let builder = engine().workflow(declared).resource_with(unsteady(&calls, 3, panics));
        let engine = builder.start().await.unwrap();
        assert_eq!(engine.start(declared, 10).await.unwrap().result().soon().await.unwrap(), 13);
        assert_eq!(engine.start(declared, 20).await.unwrap().result().soon().await.unwrap(), 23);
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_run_whose_factory_keeps_failing_is_parked_and_a_retry_goes_on_once_it_is_mended() {
    for panics in [false, true] {
        let calls = Arc::new(AtomicU32::new(0));
        let builder = engine().workflow(undeclared).resource_with(unsteady(&calls, 5, panics));
        let engine = builder.restore_retry(4, Duration::from_secs(30)).start().await.unwrap();
        let run = engine.start(undeclared, 1).id("run").await.unwrap();
        let reason = parked(run.result()).await;
        assert_eq!(reason.cause, ParkCause::Resource);
        let what = if panics { "its factory panicked: out of cheese" } else { "the port is closed (4)" };
        for part in ["step `query`", "resource `Db` could not be made", what, "(4 tries)", "retry the run"] {
            assert!(reason.message.contains(part), "{part} in {}", reason.message);
        }
        let before = run.history().await.unwrap();
        engine.retry("run").await.unwrap();
        assert_eq!(run.result().soon().await.unwrap(), 7);
        let after = run.history().await.unwrap();
        assert!(after.len() > before.len());
        let same = |(old, new): (&HistoryEntry, _)| old == new;
        assert!(before.iter().zip(&after).all(same), "{before:?}\n{after:?}");
    }
}

#[tokio::test]
async fn a_failed_need_is_named_with_what_needs_it() {
    let calls = Arc::new(AtomicU32::new(0));
    let builder = engine().workflow(chained).resource_with(unsteady(&calls, u32::MAX, false));
    let builder = builder.resource_with(async |db: Arc<Db>| Ok::<_, Error>(Cache { db }));
    let engine = builder.restore_retry(1, Duration::ZERO).start().await.unwrap();
    let reason = parked(engine.start(chained, ()).await.unwrap().result()).await;
    let chain = "resource `Cache` could not be made: resource `Db` could not be made: the port is closed";
    assert!(reason.message.contains(chain), "{}", reason.message);
}

#[step(timeout = "150ms")]
async fn quick(#[resource] db: &Db, scope: &StepScope) -> Result<u32> {
    assert!(scope.deadline.is_some());
    Ok(db.number)
}

#[workflow(resources(Db))]
async fn patient(flow: &mut Flow) -> Result<u32> {
    Ok(quick(flow).await?)
}

#[tokio::test]
async fn the_time_limit_of_a_step_begins_after_its_resources_are_made() {
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok::<_, Error>(Db { number: 3 })
    };
    let engine = Engine::builder().in_memory().workflow(patient).resource_with(slow).start().await.unwrap();
    assert_eq!(engine.start(patient, ()).await.unwrap().result().soon().await.unwrap(), 3);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_resource_that_cannot_be_made_and_the_next_engine_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let calls = Arc::new(AtomicU32::new(0));
    let builder = Engine::builder().sqlite(&path).workflow(declared).resource_with(unsteady(&calls, u32::MAX, false));
    let first = builder.restore_retry(u32::MAX, Duration::from_mins(1)).start().await.unwrap();
    first.start(declared, 1).id("run").await.unwrap();
    until(|| calls.load(Ordering::SeqCst) == 1).await;
    assert!(first.shutdown(Duration::from_secs(20)).await.unwrap().finished, "everything had finished");

    let second = on(&path).workflow(declared).resource(Db { number: 2 }).start().await.unwrap();
    assert_eq!(second.handle(declared, "run").await.unwrap().result().soon().await.unwrap(), 3);
}

#[tokio::test]
async fn a_stub_needs_no_resource() {
    let engine = engine().workflow(declared).stub::<query>(|(n,)| Ok(n + 100)).start().await.unwrap();
    assert_eq!(engine.start(declared, 1).await.unwrap().result().soon().await.unwrap(), 101);
    crash_everywhere(declared, 1).stub::<query>(|(n,)| Ok(n + 100)).await;
}

#[tokio::test]
async fn resources_can_be_made_by_hand_for_tests_of_what_takes_them() {
    let resources = Resources::of(Db { number: 1 }).and(5_u8).and(6_u8);
    assert_eq!(resources.get::<Db>().await.unwrap().number, 1);
    assert_eq!(*resources.get::<u8>().await.unwrap(), 6);
    assert_eq!(format!("{resources:?}"), r#"Resources(["Db", "u8"])"#);
    let error = resources.clone().get::<Cache>().await.unwrap_err();
    assert!(matches!(error, ResourceError::Missing { .. }));
    assert_eq!(error.to_string(), "there is no resource `Cache` (there are: `Db`, `u8`)");
    let error = Resources::default().get::<Db>().await.unwrap_err();
    assert_eq!(error.to_string(), "there is no resource `Db`, and no other either");
}

#[derive(StepContext, Clone)]
struct Doc {
    id: u32,
}

/// Takes everything that a step can take, in no particular order.
#[step]
async fn everything(
    doc: &Doc,
    page: u32,
    session: &Session,
    #[resource] Cache { db }: &Cache,
    (left, right): (u32, u32),
    scope: &StepScope,
    #[resource] plain: &Db,
) -> Result<(u32, String)> {
    let visits = session.get_or_insert_with(|| AtomicU32::new(0)).fetch_add(1, Ordering::SeqCst);
    assert!(std::ptr::eq(&raw const **db, plain));
    Ok((doc.id + page + left + right + db.number + visits + scope.attempt, scope.idempotency_key()))
}

#[step(blocking)]
fn everything_blocking(doc: &Doc, scope: &StepScope, page: u32, #[resource] db: &Db, session: &Session) -> Result<u32> {
    let visits = session.get::<AtomicU32>().expect("left by the step before").fetch_add(1, Ordering::SeqCst);
    Ok(doc.id + page + db.number + visits + scope.attempt)
}

#[workflow(context = Doc, resources(Db, Cache))]
async fn takes_everything(start: Start<Doc>, page: u32) -> Result<(u32, u32, String)> {
    let flow = start.with(Doc::builder().id(1_000).build()).await?;
    let (first, key) = everything(&flow, page, (1, 2)).await?;
    let second = everything_blocking(&flow, page).await?;
    Ok((first, second, key))
}

async fn cache(db: Arc<Db>) -> Result<Cache> {
    Ok(Cache { db })
}

#[tokio::test]
async fn a_step_takes_everything_in_any_order_and_only_arguments_are_recorded() {
    let engine = engine().workflow(takes_everything).resource(Db { number: 100 }).resource_with(cache);
    let engine = engine.start().await.unwrap();
    let run = engine.start(takes_everything, 10).await.unwrap();
    let (first, second, key) = run.result().soon().await.unwrap();
    assert_eq!((first, second), (1_000 + 10 + 3 + 100 + 1, 1_000 + 10 + 100 + 1 + 1));
    assert_eq!(key.len(), 32);
    let history = run.history().await.unwrap();
    let call = history.iter().find(|entry| entry.name.as_deref() == Some("everything")).unwrap();
    assert_eq!(call.value.as_ref().unwrap().to_string(), "[10,[1,2]]");
}

#[tokio::test]
async fn a_unit_test_passes_everything_in_the_order_of_the_function() {
    let (session, db) = (Session::default(), Arc::new(Db { number: 1 }));
    let cache = Cache { db: db.clone() };
    let scope = StepScope::for_tests("everything");
    let doc = Doc::builder().id(1).build();
    let (sum, key) = everything::direct(&doc, 1, &session, &cache, (1, 1), &scope, &db).await.unwrap();
    assert_eq!((sum, key), (6, scope.idempotency_key()));
    assert_eq!(everything_blocking::direct(&doc, &scope, 1, &db, &session).unwrap(), 5);
}

#[workflow(resources(Db))]
async fn twice(flow: &mut Flow, n: u32) -> Result<u32> {
    let once = query(flow, n).await?;
    flow.sleep(Duration::from_hours(1)).await?;
    Ok(query(flow, once).await?)
}

#[tokio::test]
async fn resources_are_made_anew_after_every_crash_and_never_twice_between() {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let build = async || {
        MADE.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Error>(Db { number: 1 })
    };
    let report = crash_everywhere(twice, 1).resource_with(build).await;
    let (times, scenarios) = (MADE.load(Ordering::SeqCst), u32::try_from(report.scenarios).unwrap());
    assert!(times > scenarios, "{times} for {report:?}");
    assert!(times <= 3 * scenarios, "{times} for {report:?}");
}

#[tokio::test]
#[should_panic(expected = "workflow `declared` take resource `Db`")]
async fn a_crash_test_says_what_is_missing() {
    crash_everywhere(declared, 1).await;
}
