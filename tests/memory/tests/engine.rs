//! An engine without SQLite.

use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineError, RunFilter, Status};
use steadfast_in_memory::{book, charge};

#[derive(Message, Serialize, Deserialize)]
struct Approved(bool);

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    charged: u64,
}

#[workflow(context = Order)]
async fn order(flow: &mut Flow<Order>, cents: u64) -> Result<u64> {
    let charged = charge(flow, cents).await?;
    flow.update(|order| order.charged(charged)).await?;
    flow.sleep(Duration::from_millis(1)).await?;
    let Approved(yes) = flow.receive::<Approved>().await?;
    Ok(if yes { flow.charged } else { 0 })
}

#[workflow]
async fn booking(flow: &mut Flow, cents: u64) -> Result<u64> {
    Ok(book(flow, cents).await?)
}

#[tokio::test]
async fn runs_are_driven_in_memory() {
    let engine = Engine::builder().in_memory().workflow(order).workflow(booking).start().await.unwrap();
    let run = engine.start(order, 7).id("order-7").await.unwrap();
    engine.send("order-7", Approved(true)).await.unwrap();
    assert_eq!(run.result().await.unwrap(), 7);
    assert_eq!(run.status().await.unwrap().status, Status::Completed);
    assert_eq!(engine.list(RunFilter::all()).await.unwrap().len(), 1);

    let refused = engine.start(booking, 7).await.unwrap().result().await.unwrap_err().to_string();
    assert!(refused.contains("has no tables of yours"), "{refused}");
    let refused = engine.transaction(|tx| Ok(tx.execute("SELECT 1", ())?)).await.unwrap_err().to_string();
    assert!(refused.contains("has no tables of yours"), "{refused}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn an_engine_without_a_database_says_what_there_is() {
    let error = Engine::builder().workflow(order).start().await.unwrap_err();
    assert!(matches!(&error, EngineError::Configuration { .. }), "{error:?}");
    assert!(error.to_string().contains("`.in_memory()`"), "{error}");
}

#[tokio::test]
async fn a_workflow_is_crashed_everywhere() {
    let report = crash_everywhere(order, 7).message(Approved(true)).await;
    assert_eq!(report.results, 1);
}
