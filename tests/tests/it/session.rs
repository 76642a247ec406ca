//! Sessions: the live values of one run in one process, the same object every time, and the end of their lives.

use crate::faulty::Switches;
use limits::Soon as _;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineBuilder, SessionPolicy};

/// A value that cannot be stored, and that records its drop.
struct Browser {
    pages: AtomicU32,
    closed: Arc<AtomicBool>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

/// The browsers of a test, each with a flag for its drop.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Vec<Arc<AtomicBool>>>>);

impl Desk {
    fn open(&self) -> Browser {
        let closed = Arc::new(AtomicBool::new(false));
        self.0.lock().unwrap().push(closed.clone());
        Browser { pages: AtomicU32::new(0), closed }
    }

    fn closed(&self) -> Vec<bool> {
        self.0.lock().unwrap().iter().map(|closed| closed.load(Ordering::SeqCst)).collect()
    }
}

fn engine(desk: &Desk) -> EngineBuilder {
    let builder = Engine::builder().skip_sleeps().evict_after(Duration::from_secs(1));
    builder.workflow(browsing).workflow(half_an_hour).workflow(tidy).resource(desk.clone())
}

/// Visits a page with the run's browser, and returns how many it had visited before.
#[step]
async fn visit(session: &Session, #[resource] desk: &Desk) -> Result<u32> {
    let browser = session.get_or_insert_with(|| desk.open());
    Ok(browser.pages.fetch_add(1, Ordering::SeqCst))
}

/// Returns which browsers are closed by now.
#[step]
async fn look(#[resource] desk: &Desk) -> Result<Vec<bool>> {
    Ok(desk.closed())
}

#[step]
async fn close(session: &Session) -> Result<bool> {
    Ok(session.remove::<Browser>().is_some())
}

#[workflow(resources(Desk))]
async fn browsing(flow: &mut Flow) -> Result<Vec<u32>> {
    let first = visit(flow).await?;
    let (second, third) = try_join!(visit(flow), visit(flow))?;
    flow.sleep(Duration::from_hours(10)).await?;
    let last = visit(flow).await?;
    Ok(vec![first, second.min(third), second.max(third), last])
}

#[tokio::test]
async fn all_steps_of_a_run_get_the_same_object_also_after_a_long_sleep() {
    let desk = Desk::default();
    let engine = engine(&desk).in_memory().start().await.unwrap();
    let (first, second) = (engine.start(browsing, ()).await.unwrap(), engine.start(browsing, ()).await.unwrap());
    assert_eq!(first.result().soon().await.unwrap(), [0, 1, 2, 3]);
    assert_eq!(second.result().soon().await.unwrap(), [0, 1, 2, 3], "two runs have two sessions");
    assert_eq!(desk.closed(), [true, true], "what a run held goes with its end");
}

#[tokio::test]
async fn with_the_other_policy_a_run_that_waits_for_long_loses_its_values() {
    let desk = Desk::default();
    let engine = engine(&desk).session_policy(SessionPolicy::Drop).in_memory().start().await.unwrap();
    let run = engine.start(browsing, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), [0, 1, 2, 0]);
    assert_eq!(desk.closed(), [true, true]);
}

/// Loses one answer of the database, so that the run is replayed.
#[step]
async fn lose_an_answer(#[resource] database: &Switches) -> Result<()> {
    database.lose_answers(1);
    Ok(())
}

#[workflow(resources(Desk, Switches))]
async fn reloaded(flow: &mut Flow) -> Result<(u32, u32)> {
    let before = visit(flow).await?;
    lose_an_answer(flow).await?;
    Ok((before, visit(flow).await?))
}

#[tokio::test]
async fn a_run_that_is_loaded_again_in_the_same_process_has_its_values() {
    let (desk, database) = (Desk::default(), Switches::default());
    let builder = engine(&desk).workflow(reloaded).store(database.store()).resource(database.clone());
    let engine = builder.start().await.unwrap();
    let run = engine.start(reloaded, ()).await.unwrap();
    let (before, after) = run.result().soon().await.unwrap();
    assert_eq!(before, 0);
    assert!(after > 0, "the same browser");
    assert_eq!(desk.closed(), [true]);
}

#[workflow(resources(Desk))]
async fn tidy(flow: &mut Flow) -> Result<(bool, bool, Vec<bool>)> {
    visit(flow).await?;
    let (had, has) = (close(flow).await?, close(flow).await?);
    flow.sleep(Duration::from_hours(10)).await?;
    Ok((had, has, look(flow).await?))
}

#[tokio::test]
async fn a_value_that_is_taken_out_is_gone_and_keeps_no_run_in_memory() {
    let desk = Desk::default();
    let engine = engine(&desk).in_memory().start().await.unwrap();
    let run = engine.start(tidy, ()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (true, false, vec![true]));
}

#[workflow(resources(Desk))]
async fn half_an_hour(flow: &mut Flow) -> Result<(u32, u32, Vec<bool>)> {
    let before = visit(flow).await?;
    flow.sleep(Duration::from_mins(30)).await?;
    let after = visit(flow).await?;
    Ok((before, after, look(flow).await?))
}

#[tokio::test]
async fn a_shutdown_drops_every_value_and_the_next_engine_begins_with_an_empty_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let desk = Desk::default();
    // Sleeps are not skipped: the run is asleep when the engine stops.
    let builder = || Engine::builder().sqlite(&path).workflow(half_an_hour).resource(desk.clone());
    let first = builder().start().await.unwrap();
    first.start(half_an_hour, ()).id("run").await.unwrap();
    crate::steps::until(|| desk.closed() == [false]).await;
    assert!(first.shutdown(Duration::from_secs(10)).await.unwrap().finished);
    assert_eq!(desk.closed(), [true]);

    let second = builder().skip_sleeps().start().await.unwrap();
    let result = second.handle(half_an_hour, "run").await.unwrap().result().soon().await.unwrap();
    assert_eq!(result, (0, 0, vec![true, false]));
    second.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(desk.closed(), [true, true]);
}

#[tokio::test]
async fn a_value_that_panics_when_it_is_dropped_harms_nobody() {
    struct Grumpy;
    impl Drop for Grumpy {
        fn drop(&mut self) {
            panic!("not now");
        }
    }
    #[step]
    async fn hire(session: &Session) -> Result<bool> {
        Ok(session.insert(Grumpy).is_none())
    }
    #[workflow]
    async fn hiring(flow: &mut Flow) -> Result<bool> {
        Ok(hire(flow).await?)
    }
    let engine = Engine::builder().in_memory().workflow(hiring).start().await.unwrap();
    assert!(engine.start(hiring, ()).await.unwrap().result().soon().await.unwrap());
    assert!(engine.start(hiring, ()).await.unwrap().result().soon().await.unwrap());
}

#[workflow(resources(Desk))]
async fn always_the_same(flow: &mut Flow) -> Result<()> {
    visit(flow).await?;
    flow.sleep(Duration::from_hours(1)).await?;
    // Whether the browser is new after a crash must concern the step only, and not the workflow.
    visit(flow).await?;
    Ok(())
}

#[tokio::test]
async fn a_workflow_whose_steps_ask_for_their_values_survives_every_crash() {
    crash_everywhere(always_the_same, ()).resource(Desk::default()).await;
}

#[test]
fn values_are_found_by_type_and_by_key_and_type() {
    let session = Session::default();
    assert!(session.is_empty());
    assert!(session.insert(1_u32).is_none());
    assert_eq!(*session.insert(2_u32).unwrap(), 1);
    assert_eq!((session.get::<u32>().as_deref(), session.get::<u64>()), (Some(&2), None));

    let clone = session.clone();
    assert!(clone.insert_key("left", "text".to_owned()).is_none());
    assert!(clone.insert_key("right", "more".to_owned()).is_none());
    assert!(clone.insert_key("left", 7_u32).is_none(), "another type is another value");
    assert_eq!(session.get_key::<String>("left").as_deref().map(String::as_str), Some("text"));
    assert_eq!(session.get_key::<u32>("left").as_deref(), Some(&7));
    assert_eq!((session.get_key::<u64>("left"), session.get::<String>()), (None, None));
    assert_eq!(*session.get_or_insert_key_with("left", || 8_u32), 7);
    assert_eq!(*session.get_or_insert_key_with("middle", || 8_u32), 8);

    assert_eq!(session.remove::<u32>().as_deref(), Some(&2));
    assert_eq!((session.remove::<u32>(), session.get::<u32>()), (None, None));
    assert_eq!(session.remove_key::<u32>("left").as_deref(), Some(&7));
    assert!(session.get_key::<String>("left").is_some());
    assert_eq!(
        format!("{session:?}"),
        r#"Session { values: 3, types: ["alloc::string::String", "alloc::string::String", "u32"] }"#
    );
    for key in ["left", "right"] {
        session.remove_key::<String>(key);
    }
    session.remove_key::<u32>("middle");
    assert!(session.is_empty());
}

#[test]
fn of_many_threads_one_makes_the_value() {
    let (session, made, together) = (Session::default(), AtomicU32::new(0), Barrier::new(8));
    let values: BTreeMap<usize, usize> = std::thread::scope(|scope| {
        let threads = (0..8).map(|_| {
            scope.spawn(|| {
                together.wait();
                let value = session.get_or_insert_with(|| {
                    made.fetch_add(1, Ordering::SeqCst);
                    vec![1_u8]
                });
                Arc::as_ptr(&value) as usize
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| (thread.join().unwrap(), 0)).collect()
    });
    assert_eq!((values.len(), made.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn a_value_that_takes_time_is_made_once_and_again_only_if_that_failed() {
    let (session, tries) = (Session::default(), AtomicU32::new(0));
    let log_in = || async {
        let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
        tokio::task::yield_now().await;
        if first { Err(Error::msg("wrong password")) } else { Ok(7_u32) }
    };
    let (a, b, c) =
        join!(session.get_or_try_init(log_in), session.get_or_try_init(log_in), session.get_or_try_init(log_in));
    assert_eq!(a.unwrap_err().to_string(), "wrong password");
    let (b, c) = (b.unwrap(), c.unwrap());
    assert!(Arc::ptr_eq(&b, &c));
    assert_eq!((*b, tries.load(Ordering::SeqCst)), (7, 2));
    // The synchronous and asynchronous methods share values.
    assert!(Arc::ptr_eq(&b, &session.get_or_insert_with(|| 8)));
    session.insert(9_u64);
    assert_eq!(*session.get_or_try_init(async || Ok::<u64, Error>(0)).await.unwrap(), 9);
}

#[tokio::test]
async fn a_value_that_is_inserted_while_another_is_made_is_the_one() {
    let session = Session::default();
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let making = session.get_or_try_init(async || {
        wait.await.unwrap();
        Ok::<u32, Error>(1)
    });
    let inserting = async {
        tokio::task::yield_now().await;
        session.insert(2_u32);
        go.send(()).unwrap();
    };
    let (made, ()) = join!(making, inserting);
    assert_eq!(*made.as_deref().unwrap(), 2);
    assert!(Arc::ptr_eq(&made.unwrap(), &session.get::<u32>().unwrap()));
}

#[tokio::test]
async fn a_value_that_is_made_while_the_one_before_is_removed_is_the_one() {
    let session = Session::default();
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let making = session.get_or_try_init(async || {
        wait.await.unwrap();
        Ok::<u32, Error>(1)
    });
    let removing = async {
        tokio::task::yield_now().await;
        session.insert(2_u32);
        assert_eq!(session.remove::<u32>().as_deref(), Some(&2));
        go.send(()).unwrap();
    };
    let (made, ()) = join!(making, removing);
    assert!(Arc::ptr_eq(&made.unwrap(), &session.get_or_insert_with(|| 3_u32)));
}

/// A resource that records its drop, and one that is made from it.
struct Lower(Arc<Mutex<Vec<&'static str>>>);
struct Upper(Arc<Lower>);

impl Drop for Lower {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("lower");
    }
}

impl Drop for Upper {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push("upper");
        panic!("not now");
    }
}

#[step]
async fn climb(#[resource] _upper: &Upper) -> Result<()> {
    Ok(())
}

#[workflow(resources(Upper))]
async fn climbing(flow: &mut Flow) -> Result<()> {
    Ok(climb(flow).await?)
}

#[tokio::test]
async fn an_engine_that_stops_drops_its_resources_also_while_a_handle_of_a_run_lives() {
    for orderly in [true, false] {
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let lower = Lower(dropped.clone());
        let builder = Engine::builder().in_memory().workflow(climbing).resource(lower);
        let builder = builder.resource_with(async |lower: Arc<Lower>| Ok::<_, Error>(Upper(lower)));
        let engine = builder.start().await.unwrap();
        let run = engine.start(climbing, ()).await.unwrap();
        run.result().soon().await.unwrap();
        assert!(dropped.lock().unwrap().is_empty());
        if orderly {
            assert!(engine.shutdown(Duration::from_secs(5)).await.unwrap().finished);
        } else {
            drop((run, engine));
        }
        assert_eq!(*dropped.lock().unwrap(), ["upper", "lower"]);
    }
}
