//! A file that is overwritten while it is imported.

use super::Desk;
use crate::garbage::Rig;
use limits::Soon as _;
use std::sync::atomic::Ordering;
use steadfast::prelude::*;

/// The size of a field that exceeds a database's cache.
const LONG: usize = 4 << 20;

#[derive(StepContext, Clone)]
struct Pages {
    #[context(default, store = "rig")]
    first: Bytes,
    #[context(default, store = "rig")]
    second: Bytes,
}

#[step]
async fn reads(pages: &Pages) -> Result<[bool; 2]> {
    Ok([pages.first == vec![1; LONG], pages.second == vec![2; LONG]])
}

#[workflow(context = Pages)]
async fn prints(flow: &mut Flow<Pages>) -> Result<[bool; 2]> {
    flow.update(|c| c.first(Bytes::from(vec![1; LONG])).second(Bytes::from(vec![2; LONG]))).await?;
    flow.sleep(Duration::ZERO).await?;
    Ok(reads(flow).await?)
}

#[tokio::test]
async fn a_file_that_is_written_over_during_its_import_is_imported_as_it_was() {
    let desk = Desk::new();
    let open = async |database: &str, rig: &Rig| {
        let builder = Engine::builder().sqlite(desk.path(database)).workflow(prints).field_store("rig", rig.clone());
        builder.start().await.unwrap()
    };
    let engine = open("a.db", &Rig::default()).await;
    let run = engine.start(prints, ()).id("run").await.unwrap();
    run.result().soon().await.unwrap();
    let file = desk.path("run.run");
    let history = run.history().await.unwrap();
    run.export(&file).await.unwrap();

    let rig = Rig::default();
    rig.0.hang_save.store(true, Ordering::SeqCst);
    let other = open("b.db", &rig).await;
    let importing = tokio::spawn({
        let (other, file) = (other.clone(), file.clone());
        async move { other.import(file).await.map(drop) }
    });
    limits::until(async || rig.0.saves.load(Ordering::SeqCst) > 0).await;
    let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
    std::fs::write(&file, vec![7; length]).unwrap();
    rig.0.hang_save.store(false, Ordering::SeqCst);
    rig.0.go_on.notify_one();
    importing.soon().await.unwrap().unwrap();
    assert_eq!(other.run("run").await.unwrap().history().await.unwrap(), history);
    // The fork reads both fields again.
    let fork = other.fork("run", steadfast::ForkPoint::before("reads")).id("fork").await.unwrap();
    assert_eq!(other.handle(prints, fork.id()).await.unwrap().result().soon().await.unwrap(), [true, true]);
}
