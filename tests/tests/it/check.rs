//! Asked before a deployment: can this build go on with every unfinished run? (`EngineBuilder::check`, cases V3 to V5.)

use crate::changed_code::held_at;
use steadfast::prelude::*;
use steadfast::store::{MemoryStore, RunQuery, Store};
use steadfast::{CheckReport, ParkCause, Status};

#[step]
async fn counted(n: u64) -> Result<u64> {
    Ok(n)
}

#[step]
async fn hold() -> Result<()> {
    std::future::pending().await
}

mod then {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Cart")]
    pub(super) struct Cart {
        pub(super) items: Vec<String>,
        #[context(default)]
        pub(super) cents: u64,
    }

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let mut flow = start.with(Cart::builder().items(vec!["tea".into()]).build()).await?;
        let n = counted(&flow, n).await?;
        flow.update(|c| c.cents(n * 100)).await?;
        hold(&flow).await?;
        Ok(flow.cents)
    }

    #[workflow]
    pub(super) async fn gone(flow: &mut Flow) -> Result<()> {
        hold(flow).await?;
        Ok(())
    }
}

mod now {
    use super::*;

    #[derive(StepContext, Clone)]
    #[context(name = "Cart")]
    pub(super) struct Cart {
        pub(super) items: Vec<u64>,
        #[context(default)]
        pub(super) cents: u64,
    }

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let mut flow = start.with(Cart::builder().items(vec![]).build()).await?;
        let n = counted(&flow, n).await?;
        flow.update(|c| c.cents(n * 100)).await?;
        hold(&flow).await?;
        Ok(flow.cents)
    }
}

mod shorter {
    use super::*;
    use then::Cart;

    #[workflow(context = Cart)]
    pub(super) async fn shop(start: Start<Cart>, n: u64) -> Result<u64> {
        let flow = start.with(Cart::builder().items(vec![]).build()).await?;
        hold(&flow).await?;
        Ok(n)
    }
}

/// Two held runs of one workflow and one of another; the engine has stopped.
async fn recorded() -> MemoryStore {
    let store = MemoryStore::new();
    let engine =
        Engine::builder().store(store.clone()).workflow(then::shop).workflow(then::gone).start().await.unwrap();
    for id in ["a", "b"] {
        let run = engine.start(then::shop, 3).id(id).await.unwrap();
        held_at(&run, 6).await;
    }
    held_at(&engine.start(then::gone, ()).id("g").await.unwrap(), 2).await;
    engine.shutdown(Duration::ZERO).await.unwrap();
    store
}

fn rows(store: &MemoryStore) -> Vec<steadfast::store::RunRow> {
    store.runs(&RunQuery::default()).unwrap().runs
}

fn causes(report: &CheckReport) -> Vec<(&str, ParkCause)> {
    report.problems().iter().map(|problem| (problem.run.as_str(), problem.reason.cause)).collect()
}

#[tokio::test]
async fn the_build_that_recorded_them_can_go_on_with_all_runs_and_the_check_changes_nothing() {
    let store = recorded().await;
    let before = rows(&store);
    let builder = || Engine::builder().store(store.clone()).workflow(then::shop).workflow(then::gone);
    let report = builder().check().await.unwrap();
    assert!(report.is_ok());
    assert_eq!(report.checked(), 3);
    assert_eq!(report.to_string(), "all 3 unfinished runs can go on with this build");
    assert_eq!(report.to_json(), r#"{"checked":3,"problems":[]}"#);
    assert_eq!(rows(&store), before);
    // A started engine drives them, and can be asked too.
    let engine = builder().start().await.unwrap();
    assert!(engine.check().await.unwrap().is_ok());
    let history = engine.run("a").await.unwrap().history().await.unwrap();
    let counted = history.iter().filter(|entry| entry.name.as_deref() == Some("counted"));
    assert!(counted.clone().count() > 0 && counted.map(|entry| entry.attempt).all(|attempt| attempt == Some(1)));
}

#[tokio::test]
async fn what_a_build_cannot_go_on_with_is_said_by_workflow_and_reason() {
    let store = recorded().await;
    let before = rows(&store);
    let report = Engine::builder().store(store.clone()).workflow(now::shop).check().await.unwrap();
    assert_eq!(
        causes(&report),
        [("a", ParkCause::Unreadable), ("b", ParkCause::Unreadable), ("g", ParkCause::UnknownWorkflow)]
    );
    let text = report.to_string();
    assert!(
        text.starts_with("3 of 3 unfinished runs cannot go on with this build\n\nworkflow `gone`\n  1 run: `g`"),
        "{text}"
    );
    assert!(text.contains("workflow `shop`\n  2 runs: `a`, `b`"), "{text}");
    assert!(text.contains("field `items` of context `Cart`: expected `Vec<u64>`"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["problems"][0]["reason"]["cause"], "unreadable");
    assert_eq!(json["problems"][2]["workflow"], "gone");
    assert_eq!(rows(&store), before, "a check writes nothing");

    let report = Engine::builder().store(store.clone()).workflow(shorter::shop).workflow(then::gone).check().await;
    let report = report.unwrap();
    assert_eq!(causes(&report), [("a", ParkCause::Diverged), ("b", ParkCause::Diverged)]);
    assert_eq!(report.problems()[0].status, Status::Running);
    assert!(report.to_string().contains("step `counted` called with [3]"), "{report}");
}

#[tokio::test]
async fn a_check_needs_a_database_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    let error = Engine::builder().sqlite(&path).workflow(then::gone).check().await.unwrap_err();
    assert!(error.to_string().ends_with("there is no such database to check"), "{error}");
    assert!(!path.exists());
}
