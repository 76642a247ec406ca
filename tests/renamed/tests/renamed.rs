//! Tests that the generated code of every macro compiles and runs where steadfast has another name.

use durable::prelude::*;
use renamed::{Count, Go, process};

#[tokio::test]
async fn every_macro_finds_steadfast_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(process).workflow(Count);
    let engine = engine.start().await.unwrap();
    let order = engine.start(process, 5).await.unwrap();
    order.send(Go).await.unwrap();
    let count = engine.start(Count, 1).await.unwrap();
    let results = async { (order.result().await.unwrap(), count.result().await.unwrap()) };
    let results = tokio::time::timeout(Duration::from_mins(1), results).await.expect("both end");
    assert_eq!(results, (15, 3));
}
