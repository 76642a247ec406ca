//! What a file seals and what it keeps in field stores, after the move: both are bound to the id of the database.

use super::{LONG, database};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::path::Path;
use steadfast::field_store::FolderStore;
use steadfast::prelude::*;
use steadfast::store::PgOptions;
use steadfast::{EngineBuilder, Key, Secret, StaticKeys, Status};

/// The text that must not be found anywhere.
const PLANTED: &str = "planted-hunter2-secret";

/// The size of contents, which is too large for a row.
const LARGE: usize = 100_000;

/// The number of contents of each run. All runs share one more: the default of `thick`.
const EACH: usize = 4;

#[derive(Serialize, Deserialize, Message)]
struct Word(Secret<String>);

#[derive(Serialize, Deserialize, Message)]
struct Question(Secret<String>);

#[derive(StepContext, Clone)]
struct Safe {
    password: Secret<String>,
    #[context(default = vec![7; LARGE], store = "blobs")]
    thick: Vec<u8>,
    #[context(default, store = "blobs")]
    cover: Bytes,
    #[context(default, store = "blobs")]
    scan: Lazy<Vec<u8>>,
    #[context(default, store = "blobs")]
    file: Lazy<Secret<String>>,
}

#[step(store = "blobs")]
async fn scanned(word: Secret<String>) -> Result<String> {
    Ok(word.expose().repeat(LARGE / PLANTED.len()).replace(PLANTED, &"x".repeat(PLANTED.len())))
}

/// Returns the sizes of all contents, and the texts of all secrets.
#[step]
async fn look(ctx: &Safe) -> Result<(usize, usize, usize, Secret<String>)> {
    let file = ctx.file.get().await?;
    assert_eq!(file.expose(), ctx.password.expose());
    Ok((ctx.thick.len(), ctx.cover.len(), ctx.scan.get().await?.len(), ctx.password.clone()))
}

/// Fills a safe, asks, receives two words, and looks at all of it.
#[workflow(context = Safe)]
async fn keeping(start: Start<Safe>, password: Secret<String>) -> Result<(usize, usize, usize, usize, Secret<String>)> {
    let mut flow = start.with(Safe::builder().password(password.clone()).build()).await?;
    let text = scanned(&flow, password.clone()).await?;
    let (cover, file) = (vec![1; LARGE].into(), Lazy::new(password.clone()));
    flow.update(|c| c.cover(cover).scan(Lazy::new(vec![2; LARGE])).file(file)).await?;
    let asked = flow.request::<Question, Word>(Question(password)).await?;
    let first = flow.receive::<Word>().await?.0;
    let second = flow.receive::<Word>().await?.0;
    let (thick, cover, scan, secret) = look(&flow).await?;
    let words = [&asked.0, &first, &second, &secret].map(|word| word.expose().as_str()).join(" ");
    Ok((thick, cover, scan, text.len(), Secret::new(words)))
}

fn complete(builder: EngineBuilder, blobs: &Path) -> EngineBuilder {
    let keys = StaticKeys::new(Key::new("k", [7; 32]));
    let store = FolderStore::new(blobs).expect("a folder");
    builder.keys(keys).field_store("blobs", store).workflow(keeping)
}

fn word(text: &str) -> Word {
    Word(Secret::new(format!("{PLANTED}-{text}")))
}

/// Returns what a run has returned whose words are `first` and `second`.
fn expected() -> (usize, usize, usize, usize, Secret<String>) {
    let words = format!("{PLANTED}-answer {PLANTED}-first {PLANTED}-second {PLANTED}");
    (LARGE, LARGE, LARGE, LARGE / PLANTED.len() * PLANTED.len(), Secret::new(words))
}

async fn answer(engine: &Engine, run: &str) {
    limits::until(async || engine.requests().await.expect("requests").iter().any(|request| request.run == run)).await;
    let requests = engine.requests().await.expect("requests");
    let request = requests.iter().find(|request| request.run == run).expect("it asks");
    assert_eq!(request.read::<Question>().expect("a question").0.expose(), PLANTED);
    engine.answer(&request.id, word("answer")).await.expect("answered");
}

/// Fills a file with a run that has ended, one that waits for an answer, and one whose words have come and are not
/// read.
async fn fill(file: &Path, blobs: &Path) {
    let engine = complete(Engine::builder().sqlite(file), blobs).start().await.expect("an engine");
    for id in ["done", "asking", "unread"] {
        engine.start(keeping, Secret::new(PLANTED.to_owned())).id(id).await.expect("a start");
    }
    let done = engine.handle(keeping, "done").await.expect("a handle");
    answer(&engine, "done").await;
    for text in ["first", "second"] {
        engine.send("done", word(text)).await.expect("sent");
    }
    assert_eq!(done.result().soon().await.expect("a result"), expected());
    answer(&engine, "unread").await;
    limits::until(async || engine.requests().await.expect("requests").len() == 1).await;
    engine.shutdown(LONG).await.expect("an orderly end");
    drop((engine, done));
    let client = complete(Engine::builder().sqlite(file), blobs).client().start().await.expect("a client");
    for text in ["first", "second"] {
        client.send("unread", word(text)).await.expect("sent");
    }
    client.shutdown(LONG).await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_open_and_contents_of_field_stores_are_found_after_the_move() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (file, blobs) = (folder.path().join("one.db"), folder.path().join("blobs"));
    fill(&file, &blobs).await;
    let options = PgOptions::new(database.url()).expect("a URL");
    assert_eq!(options.clone().import_all(&file).expect("moved"), 3);

    let engine = complete(Engine::builder().postgres(options), &blobs);
    let engine = engine.start().await.expect("an engine");
    let unread = engine.handle(keeping, "unread").await.expect("a handle");
    assert_eq!(unread.result().soon().await.expect("a result"), expected());
    answer(&engine, "asking").await;
    for text in ["first", "second"] {
        engine.send("asking", word(text)).await.expect("sent");
    }
    let asking = engine.handle(keeping, "asking").await.expect("a handle");
    assert_eq!(asking.result().soon().await.expect("a result"), expected());
    let done = engine.handle(keeping, "done").await.expect("a handle");
    assert_eq!(done.result().soon().await.expect("a result"), expected());
    let safe = done.context_at::<Safe>(u64::MAX).await.expect("read").expect("a context");
    assert_eq!((safe.password.expose().as_str(), safe.scan.get().await.expect("loaded").len()), (PLANTED, LARGE));
    assert!(engine.check().await.expect("checked").is_ok());

    // What the moved runs point to is no garbage; what a deleted one has left is gone with it.
    let garbage = engine.collect_garbage().await.expect("collected");
    assert_eq!((garbage.deleted, garbage.kept, garbage.failures.len()), (0, 3 * EACH + 1, 0), "{garbage:?}");
    steadfast::Run::clone(&done).delete().await.expect("deleted");
    let garbage = engine.collect_garbage().await.expect("collected");
    assert_eq!((garbage.deleted, garbage.kept), (0, 2 * EACH + 1), "{garbage:?}");
    // A new run shares the default that the file has saved, and has an identity of its own.
    let next = engine.start(keeping, Secret::new(PLANTED.to_owned())).id("next").await.expect("a start");
    answer(&engine, "next").await;
    for text in ["first", "second"] {
        engine.send("next", word(text)).await.expect("sent");
    }
    assert_eq!(next.result().soon().await.expect("a result"), expected());
    assert_eq!(engine.run("asking").await.expect("a run").status().await.expect("a status").status, Status::Completed);
    engine.shutdown(LONG).await.expect("an orderly end");
    let planted = format!(
        "SELECT (SELECT count(*) FROM steadfast_log WHERE position('{PLANTED}'::bytea IN bodies) > 0)
            + (SELECT count(*) FROM steadfast_fields WHERE position('{PLANTED}'::bytea IN body) > 0)
            + (SELECT count(*) FROM steadfast_inbox WHERE position('{PLANTED}'::bytea IN body) > 0)"
    );
    let rows = database.execute(&planted).expect("a count");
    assert_eq!(rows[0][0].as_deref(), Some("0"), "a secret is written in the open");
}
