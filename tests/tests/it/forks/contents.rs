//! Forks of runs with contexts: the context as of the fork point, contents of field stores, and secrets under the new
//! key.

use super::{act, done};
use crate::runs::wait_for;
use crate::steps::until_asked;
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use steadfast::field_store::MemoryFieldStore;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, ForkPoint, Key, Message, Secret, StaticKeys, Status};

#[derive(StepContext, Clone)]
struct Case {
    #[context(store = "blobs", default)]
    papers: Bytes,
    #[context(store = "blobs", default)]
    notes: Vec<Secret<String>>,
    #[context(default)]
    key: Option<Secret<String>>,
    #[context(default)]
    pages: u32,
}

#[derive(Message, Serialize, Deserialize)]
struct Told {
    key: Secret<String>,
}

#[derive(Message, Serialize, Deserialize)]
struct Ask {
    with: Secret<String>,
}

#[step]
async fn read(ctx: &Case, given: Secret<String>) -> Result<(usize, Vec<String>, Option<String>, u32, String)> {
    let notes = ctx.notes.iter().map(|note| note.expose().clone()).collect();
    let key = ctx.key.as_ref().map(|key| key.expose().clone());
    Ok((ctx.papers.len(), notes, key, ctx.pages, given.expose().clone()))
}

type Read = (usize, Vec<String>, Option<String>, u32, String);

#[workflow(context = Case)]
async fn case(flow: &mut Flow<Case>, given: Secret<String>) -> Result<Vec<Read>> {
    let secret = |text: &str| Secret::new(text.to_owned());
    flow.update(|c| c.papers(vec![1; 9_000].into()).notes(vec![secret("beach")]).key(Some(secret("k"))).pages(1))
        .await?;
    flow.stream("keys").write(&secret("shown"));
    let first = read(flow, given.clone()).await?;
    flow.update(|c| c.pages(2)).await?;
    let told: Told = flow.receive().await?;
    let answer: Told = flow.request(Ask { with: given.clone() }).await?;
    act(flow, "between".into()).await?;
    flow.update(|c| c.papers(vec![2; 500].into()).notes(vec![secret("winter"), secret("snow")]).pages(3)).await?;
    let more: Told = flow.receive().await?;
    let second = read(flow, told.key).await?;
    let third = read(flow, more.key).await?;
    Ok(vec![first, second, third, read(flow, answer.key).await?])
}

fn told(key: &str) -> Told {
    Told { key: Secret::new(key.to_owned()) }
}

fn expected() -> Vec<Read> {
    let before = |given: &str| (9_000, vec!["beach".to_owned()], Some("k".to_owned()), 1, given.to_owned());
    let notes = || vec!["winter".to_owned(), "snow".to_owned()];
    let after = |given: &str| (500, notes(), Some("k".to_owned()), 3, given.to_owned());
    vec![before("given"), after("told"), after("more"), after("answered")]
}

fn builder(path: &std::path::Path, blobs: &MemoryFieldStore) -> EngineBuilder {
    let keys = StaticKeys::new(Key::new("k1", [7; 32]));
    Engine::builder().sqlite(path).workflow(case).field_store("blobs", blobs.clone()).keys(keys)
}

/// Runs a case until it completes.
async fn ended(engine: &Engine, id: &str) -> steadfast::Run {
    let run = engine.start(case, Secret::new("given".into())).id(id).await.unwrap();
    engine.send(id, told("told")).await.unwrap();
    until_asked(async || !run.requests().await.unwrap().is_empty()).await;
    engine.answer(&run.requests().await.unwrap()[0].id, told("answered")).await.unwrap();
    engine.send(id, told("more")).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), expected());
    engine.run(id).await.unwrap()
}

#[tokio::test]
async fn fields_in_stores_and_secrets_are_sealed_for_the_fork() {
    let (folder, blobs) = (tempfile::tempdir().unwrap(), MemoryFieldStore::new());
    let engine = builder(&folder.path().join("runs.db"), &blobs).start().await.unwrap();
    let run = ended(&engine, "case").await;
    let points = [ForkPoint::before("act"), ForkPoint::before("read").nth(2), ForkPoint::before("read").nth(1)];
    for (n, point) in points.into_iter().enumerate() {
        let id = format!("case-{n}");
        let fork = engine.fork("case", point).id(&id).await.unwrap();
        let handle = engine.handle(case, &id).await.unwrap();
        if n == 2 {
            // The question comes after the fork point, so the fork asks its own.
            until_asked(async || !fork.requests().await.unwrap().is_empty()).await;
            let request = &fork.requests().await.unwrap()[0];
            assert_eq!(request.read::<Ask>().unwrap().with.expose(), "given");
            engine.answer(&request.id, told("answered")).await.unwrap();
        }
        assert_eq!(handle.result().soon().await.unwrap(), expected(), "point {n}");
        let (_, shown) = fork.stream::<Secret<String>>("keys").next().soon().await.unwrap().unwrap();
        assert_eq!(shown.expose(), "shown");
    }
    assert_eq!(done("case-1").len(), 0);
    // The forks have their own contents.
    run.delete().await.unwrap();
    engine.collect_garbage().await.unwrap();
    let fork = engine.fork("case-0", ForkPoint::before("act")).id("case-last").await.unwrap();
    wait_for(&fork, Status::Completed).await;
}

#[tokio::test]
async fn a_rewound_run_has_its_fields_and_secrets() {
    let (folder, blobs) = (tempfile::tempdir().unwrap(), MemoryFieldStore::new());
    let engine = builder(&folder.path().join("runs.db"), &blobs).start().await.unwrap();
    let was = ended(&engine, "back").await;
    let run = engine.rewind("back", ForkPoint::before("act")).await.unwrap();
    let handle = engine.handle(case, "back").await.unwrap();
    assert_eq!(handle.result().soon().await.unwrap(), expected());
    assert_eq!(run.forked_from().await.unwrap().unwrap().id(), format!("back~{}", was.number()));
    // The replaced run can still be read: its contents are found under its former id.
    let fork = engine.fork(format!("back~{}", was.number()), ForkPoint::before("act")).id("aside").await.unwrap();
    wait_for(&fork, Status::Completed).await;
    fork.delete().await.unwrap();
    let garbage = engine.collect_garbage().await.unwrap();
    assert_eq!((garbage.deleted, garbage.kept), (0, 8), "both have what they had: {garbage:?}");
}
