//! Runs that are moved to another database, or copied, with all their belongings.

use super::{LONG, is, soon};
use limits::Soon as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::{EngineError, Key, Message, Secret, StaticKeys, Status};

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note(u64);

#[derive(Message, Serialize, Deserialize)]
struct Question {
    text: Secret<String>,
}

#[derive(Message, Serialize, Deserialize)]
struct Reply {
    text: Secret<String>,
}

/// Publishes values, receives a note, continues as new, publishes more, and asks a question.
#[workflow]
async fn traveller(flow: &mut Flow, leg: u32) -> Result<String> {
    flow.publish("leg", &leg);
    flow.stream::<Secret<String>>("words").write(&Secret::new(format!("leg {leg}")));
    if leg == 1 {
        let note = flow.receive::<Note>().await?;
        flow.publish("note", &note.0);
        return flow.continue_as_new(traveller, 2).await;
    }
    let question = Question { text: Secret::new("where to".to_owned()) };
    let reply = flow.request::<Question, Reply>(question).within(Duration::from_hours(1)).await?;
    Ok(reply.map_or_else(|| "nobody answered".to_owned(), |reply| reply.text.expose().clone()))
}

#[workflow]
async fn two_notes(flow: &mut Flow) -> Result<(u64, u64)> {
    let one = flow.receive::<Note>().await?;
    let two = flow.receive::<Note>().await?;
    Ok((one.0, two.0))
}

fn builder() -> steadfast::EngineBuilder {
    let builder = Engine::builder().workflow(traveller).workflow(two_notes).evict_after(Duration::ZERO);
    builder.keys(StaticKeys::new(Key::new("k", [7; 32])))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    async fn engine(&self, name: &str) -> Engine {
        builder().sqlite(self.path(name)).start().await.unwrap()
    }
}

async fn request_of(engine: &Engine) -> steadfast::OpenRequest {
    let asked = async {
        loop {
            if let Some(request) = engine.requests().await.unwrap().pop() {
                return request;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the request", asked).await
}

/// Starts a traveller and brings it to its second leg, where it waits for an answer.
async fn on_the_way(engine: &Engine) -> steadfast::OpenRequest {
    let run = engine.start(traveller, 1).id("t").label("line", "7").deduplication_key("one").await.unwrap();
    run.send(Note(41)).await.unwrap();
    let request = request_of(engine).await;
    is(engine, "t", Status::Sleeping).await;
    request
}

async fn words(run: &steadfast::Run, count: usize) -> Vec<(u64, String)> {
    let mut stream = run.stream::<Secret<String>>("words");
    let mut words = Vec::new();
    for _ in 0..count {
        let (item, word) = soon("an item", stream.next()).await.unwrap().expect("it is there");
        words.push((item, word.expose().clone()));
    }
    words
}

async fn has_all(engine: &Engine, id: &str) {
    let run = engine.run(id).await.unwrap();
    assert_eq!(soon("the leg", run.published::<u32>("leg")).await.unwrap(), 2);
    assert_eq!(soon("the note", run.published::<u64>("note")).await.unwrap(), 41);
    assert_eq!(words(&run, 2).await, [(1, "leg 1".to_owned()), (2, "leg 2".to_owned())]);
    assert_eq!(run.labels().await.unwrap()["line"], "7");
}

fn reply(text: &str) -> Reply {
    Reply { text: Secret::new(text.to_owned()) }
}

#[tokio::test]
async fn a_moved_run_has_its_outputs_requests_labels_and_keys() {
    let folder = Folder::new();
    let (a, b) = (folder.engine("a.db").await, folder.engine("b.db").await);
    let asked = on_the_way(&a).await;
    let info = a.run("t").await.unwrap().export_and_end(folder.path("t.run")).await.unwrap();
    assert_eq!(info.status, Status::Sleeping);
    assert!(a.requests().await.unwrap().is_empty(), "it is not asked here any longer");
    assert!(matches!(a.answer(&asked.id, reply("x")).await, Err(EngineError::NoSuchRequest { .. })));
    assert!(matches!(a.request(&asked.id).await, Err(EngineError::NoSuchRequest { .. })));

    // The import is refused where another run holds the deduplication key.
    let holder = b.start(two_notes, ()).id("holder").deduplication_key("one").await.unwrap();
    let refused = b.import(folder.path("t.run")).await.unwrap_err();
    assert!(matches!(&refused, EngineError::Held { holder, .. } if holder == "holder"), "{refused}");
    holder.cancel("make room").await.unwrap();
    is(&b, "holder", Status::Cancelled).await;

    b.import(folder.path("t.run")).await.unwrap();
    has_all(&b, "t").await;
    let again = b.start(two_notes, ()).id("other").deduplication_key("one").await.unwrap_err();
    assert!(matches!(&again, EngineError::Held { holder, .. } if holder == "t"), "{again}");
    let open = request_of(&b).await;
    assert_eq!((&open.id, open.asked_at, open.due), (&asked.id, asked.asked_at, asked.due));
    assert_eq!(open.read::<Question>().unwrap().text.expose(), "where to");

    // The run is moved once more.
    let c = folder.engine("c.db").await;
    b.run("t").await.unwrap().export_and_end(folder.path("t2.run")).await.unwrap();
    c.import(folder.path("t2.run")).await.unwrap();
    has_all(&c, "t").await;
    c.answer(&asked.id, reply("home")).await.unwrap();
    let run = c.handle(traveller, "t").await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), "home");
    c.answer(&asked.id, reply("home")).await.expect("the same answer again");
    assert!(matches!(c.answer(&asked.id, reply("away")).await, Err(EngineError::Answered { .. })));
}

#[tokio::test]
async fn a_copy_has_its_outputs_and_labels_and_asks_under_its_own_id() {
    let folder = Folder::new();
    let (a, b) = (folder.engine("a.db").await, folder.engine("b.db").await);
    let asked = on_the_way(&a).await;
    a.run("t").await.unwrap().export(folder.path("t.run")).await.unwrap();
    b.import(folder.path("t.run")).id("copy").await.unwrap();
    b.import(folder.path("t.run")).id("another").await.expect("a copy has no deduplication key");
    has_all(&b, "copy").await;
    let open = b.run("copy").await.unwrap().requests().await.unwrap().pop().expect("it is asked");
    assert_ne!(open.id, asked.id);
    assert_eq!(open.due, asked.due);
    b.answer(&open.id, reply("there")).await.unwrap();
    let copy = b.handle(traveller, "copy").await.unwrap();
    assert_eq!(soon("the result", copy.result()).await.unwrap(), "there");

    // Copies a paused run with the answer in its inbox.
    a.run("t").await.unwrap().pause(steadfast::Pause::Drain).await.unwrap();
    is(&a, "t", Status::Paused).await;
    a.answer(&asked.id, reply("later")).await.unwrap();
    a.run("t").await.unwrap().export(folder.path("answered.run")).await.unwrap();
    b.import(folder.path("answered.run")).id("answered").await.unwrap();
    b.run("answered").await.unwrap().resume().await.unwrap();
    let copy = b.handle(traveller, "answered").await.unwrap();
    assert_eq!(soon("the result of the copy", copy.result()).await.unwrap(), "later");

    // A fork has the same outputs, also a fork of a fork.
    let first = a.fork("t", steadfast::ForkPoint::after_entry(1)).id("fork").await.unwrap();
    let second = a.fork("fork", steadfast::ForkPoint::after_entry(1)).id("second").await.unwrap();
    for fork in [first, second] {
        assert_eq!(fork.published::<u64>("note").soon().await.unwrap(), 41);
        assert_eq!(words(&fork, 1).await, [(1, "leg 1".to_owned())]);
    }
}

/// Tests that a message whose key was received is not received again, also where the run continues.
#[tokio::test]
async fn a_taken_key_moves_along() {
    let folder = Folder::new();
    let (a, b) = (folder.engine("a.db").await, folder.engine("b.db").await);
    let run = a.start(two_notes, ()).id("r").await.unwrap();
    a.send("r", Note(1)).key("first").await.unwrap();
    soon("the note", async {
        while run.history().await.unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    run.export_and_end(folder.path("r.run")).soon().await.unwrap();
    a.send("r", Note(1)).key("first").await.expect("it has arrived");
    assert!(a.send("r", Note(2)).key("second").await.is_err());
    b.import(folder.path("r.run")).await.unwrap();
    b.send("r", Note(7)).key("first").await.expect("it has arrived");
    b.send("r", Note(2)).key("second").await.unwrap();
    let run = b.handle(two_notes, "r").await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), (1, 2));
}

/// Tests that a copy is another run, which has not received any key yet.
#[tokio::test]
async fn a_key_that_was_taken_may_be_sent_to_a_copy() {
    let folder = Folder::new();
    let (a, b) = (folder.engine("a.db").await, folder.engine("b.db").await);
    let run = a.start(two_notes, ()).id("r").await.unwrap();
    a.send("r", Note(1)).key("first").await.unwrap();
    limits::until(async || run.history().await.unwrap().len() >= 3).await;
    run.export(folder.path("r.run")).await.unwrap();
    b.import(folder.path("r.run")).await.unwrap();
    b.send("r", Note(7)).key("first").await.unwrap();
    let copy = b.handle(two_notes, "r").await.unwrap();
    assert_eq!(copy.result().soon().await.unwrap(), (1, 7));
}

/// Tests that a copy has no deduplication key, even after a rewind.
#[tokio::test]
async fn a_copy_never_holds_the_deduplication_key() {
    let folder = Folder::new();
    let (a, b) = (folder.engine("a.db").await, folder.engine("b.db").await);
    a.start(two_notes, ()).id("r").deduplication_key("one").await.unwrap().export(folder.path("r.run")).await.unwrap();
    let copy = b.import(folder.path("r.run")).await.unwrap();
    copy.cancel("a mistake").await.unwrap();
    is(&b, "r", Status::Cancelled).await;
    b.rewind("r", steadfast::ForkPoint::after_entry(1)).await.unwrap();
    b.start(two_notes, ()).id("other").deduplication_key("one").await.expect("nobody holds it");
}

/// Tests a label that a rewind has set, so that the journal lacks it.
#[tokio::test]
async fn labels_that_were_given_after_the_start_move_along() {
    let folder = Folder::new();
    let (a, b) = (folder.engine("a.db").await, folder.engine("b.db").await);
    let run = a.start(two_notes, ()).id("r").label("line", "7").await.unwrap();
    run.pause(steadfast::Pause::Drain).await.unwrap();
    is(&a, "r", Status::Paused).await;
    let run = a.rewind("r", steadfast::ForkPoint::after_entry(1)).label("mended", "yes").await.unwrap();
    run.export_and_end(folder.path("r.run")).soon().await.unwrap();
    let labels = b.import(folder.path("r.run")).await.unwrap().labels().await.unwrap();
    assert_eq!((labels["line"].as_str(), labels.get("mended").map(String::as_str)), ("7", Some("yes")));
}

#[tokio::test]
async fn a_run_of_an_unknown_workflow_is_not_moved() {
    let store = MemoryStore::new();
    let folder = Folder::new();
    let engine = builder().store(store.clone()).start().await.unwrap();
    engine.start(two_notes, ()).id("waits").await.unwrap();
    engine.shutdown(LONG).await.unwrap();
    let stranger = Engine::builder().store(store.clone()).start().await.unwrap();
    let run = stranger.run("waits").await.unwrap();
    let moving = soon("an answer", run.export_and_end(folder.path("r.run"))).await.unwrap_err();
    assert!(matches!(&moving, EngineError::UnknownWorkflow { name, .. } if name == "two_notes"), "{moving}");
    assert!(!Path::new(&folder.path("r.run")).exists());
    stranger.shutdown(LONG).await.unwrap();
    let engine = builder().store(store).start().await.unwrap();
    let run = engine.handle(two_notes, "waits").await.unwrap();
    for n in [1, 2] {
        engine.send("waits", Note(n)).await.unwrap();
    }
    assert_eq!(soon("the result", run.result()).await.unwrap(), (1, 2));
}

#[derive(Message, Serialize, Deserialize)]
struct Postcard(String);

#[derive(StepContext, Clone)]
struct Journey {
    #[context(default)]
    stations: Vec<String>,
}

#[step]
async fn board(station: String) -> Result<String> {
    Ok(station.to_uppercase())
}

#[workflow(context = Journey)]
async fn recorded_journey(flow: &mut Flow<Journey>, from: String) -> Result<(Vec<String>, String)> {
    let station = board(&*flow, from).await?;
    flow.update(|c| c.stations(vec![station])).await?;
    flow.sleep(Duration::from_millis(400)).await?;
    let card = flow.receive::<Postcard>().await?;
    Ok((flow.stations.clone(), card.0))
}

/// Tests that `fixtures/run-1.steadfast` is read. It was written in format 1: paused, with a label and a message in its
/// inbox.
#[tokio::test]
async fn a_file_of_format_1_is_read() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/run-1.steadfast");
    let engine = Engine::builder().in_memory().workflow(recorded_journey).start().await.unwrap();
    let run = engine.import(file).await.unwrap();
    assert_eq!(run.status().await.unwrap().status, Status::Paused);
    assert_eq!(run.labels().await.unwrap()["line"], "7");
    run.resume().await.unwrap();
    let run = engine.handle(recorded_journey, "journey").await.unwrap();
    let result = soon("the result", run.result()).await.unwrap();
    assert_eq!(result, (vec!["BERN".to_owned()], "wish you were here".to_owned()));
}

#[derive(StepContext, Clone)]
struct Trunk {
    #[context(default, store = "blobs")]
    things: Bytes,
}

#[workflow(context = Trunk)]
async fn recorded_trunk(flow: &mut Flow<Trunk>, things: Bytes) -> Result<Bytes> {
    flow.update(|c| c.things(things)).await?;
    flow.sleep(Duration::from_millis(400)).await?;
    Ok(flow.things.clone())
}

/// Tests that two files in format 2 are read. `fixtures/run-2-moved.steadfast` is a traveller on its second leg which
/// waits for an answer for 60 years, and `fixtures/run-2-contents.steadfast` a copy of a run with a field in a store.
#[tokio::test]
async fn files_of_format_2_are_read() {
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    let blobs = steadfast::field_store::MemoryFieldStore::new();
    let builder = builder().in_memory().workflow(recorded_trunk).field_store("blobs", blobs);
    let engine = builder.start().await.unwrap();
    engine.import(file("run-2-moved.steadfast")).await.unwrap();
    has_all(&engine, "t").await;
    let again = engine.start(two_notes, ()).id("other").deduplication_key("one").await.unwrap_err();
    assert!(matches!(&again, EngineError::Held { holder, .. } if holder == "t"), "{again}");
    engine.send("t", Note(7)).key("first").await.expect("it has arrived");
    let open = request_of(&engine).await;
    assert_eq!(open.read::<Question>().unwrap().text.expose(), "where to");
    engine.answer(&open.id, reply("home")).await.unwrap();
    let run = engine.handle(traveller, "t").await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), "home");

    engine.import(file("run-2-contents.steadfast")).await.unwrap();
    let run = engine.handle(recorded_trunk, "trunk").await.unwrap();
    assert_eq!(soon("the result", run.result()).await.unwrap(), b"hat\ncoat\n\xff\0{".as_slice());
}
