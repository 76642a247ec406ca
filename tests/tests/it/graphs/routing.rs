//! Event routing: by type, to one step or to all, with limited workers; with context, state and resources.

use super::engine;
use limits::Soon as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use steadfast::prelude::*;

#[derive(Event)]
struct Page {
    number: u32,
    body: Bytes,
}

#[derive(Event)]
struct Chunk {
    page: u32,
    words: usize,
}

#[derive(Event)]
struct Skipped {
    page: u32,
}

#[derive(Events)]
enum Split {
    Chunk(Chunk),
    Skipped(Skipped),
}

/// An alias, which is the same type.
type Sheet = Page;

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(begin: Begin<Vec<String>>) -> Result<Vec<Page>> {
        let pages = begin.iter().zip(1..);
        Ok(pages.map(|(text, number)| Page { number, body: text.clone().into() }).collect())
    }

    #[step(workers = 4)]
    async fn split(page: Sheet) -> Result<Split> {
        let words = page.body.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
        if words == 0 {
            return Ok(Skipped { page: page.number }.into());
        }
        Ok(Chunk { page: page.number, words }.into())
    }

    #[step]
    async fn finish(#[collect] chunks: Vec<Chunk>, #[collect] skipped: Vec<Skipped>) -> Result<Stop<Vec<String>>> {
        let chunks = chunks.iter().map(|chunk| format!("{}: {}", chunk.page, chunk.words));
        let skipped = skipped.iter().map(|skipped| format!("{}: skipped", skipped.page));
        let mut lines: Vec<_> = chunks.chain(skipped).collect();
        lines.sort();
        Ok(Stop(lines))
    }
}

#[tokio::test]
async fn a_fan_out_is_collected_by_type_and_an_empty_one_gives_nothing() {
    let engine = engine(Ingest).await;
    let pages = ["one two", "", "three"].map(str::to_owned).to_vec();
    let run = engine.start(Ingest, pages).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ["1: 2", "2: skipped", "3: 1"]);
    let run = engine.start(Ingest, vec![]).await.unwrap();
    assert!(run.result().soon().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_payload_is_stored_once() {
    let engine = engine(Ingest).await;
    let run = engine.start(Ingest, vec!["a".repeat(10_000)]).await.unwrap();
    run.result().soon().await.unwrap();
    let history = run.history().await.unwrap();
    let large = history.iter().filter(|entry| entry.value.as_ref().is_some_and(|value| value.bytes.len() >= 10_000));
    let large: Vec<_> = large.map(|entry| entry.kind.as_str()).collect();
    assert_eq!(large, ["run_started", "step_completed"]);
}

static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static BODIES: AtomicUsize = AtomicUsize::new(0);

#[derive(Event)]
struct Job(u32);

#[derive(Event)]
struct Done(u32);

struct Twenty;

#[workflow]
impl Twenty {
    #[step]
    async fn begin(begin: Begin<u32>) -> Result<Vec<Job>> {
        Ok((0..begin.0).map(Job).collect())
    }

    #[step(workers = 4)]
    async fn work(job: Job) -> Result<Done> {
        BODIES.fetch_add(1, Ordering::SeqCst);
        MOST.fetch_max(AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2)).await;
        AT_ONCE.fetch_sub(1, Ordering::SeqCst);
        Ok(Done(job.0))
    }

    #[step]
    async fn end(#[collect] done: Vec<Done>) -> Result<Stop<u32>> {
        Ok(Stop(done.iter().map(|done| done.0).sum()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_events_with_four_workers_run_each_body_once() {
    let engine = engine(Twenty).await;
    assert_eq!(engine.start(Twenty, 20).await.unwrap().result().soon().await.unwrap(), 190);
    assert_eq!(BODIES.load(Ordering::SeqCst), 20);
    assert_eq!(MOST.load(Ordering::SeqCst), 4);
}

#[derive(Event)]
#[event(broadcast)]
struct News(String);

#[derive(Event)]
struct Read {
    by: String,
}

struct Spread;

#[workflow]
impl Spread {
    #[step]
    async fn begin(begin: Begin<String>) -> Result<(News, Option<Read>)> {
        Ok((News(begin.0.clone()), None))
    }

    #[step]
    async fn ann(news: News) -> Result<Read> {
        Ok(Read { by: format!("ann: {}", news.0) })
    }

    #[step]
    async fn bob(news: News) -> Result<OneOf<Read, Stop<Vec<String>>>> {
        Ok(OneOf::A(Read { by: format!("bob: {}", news.0) }))
    }

    /// Watches events, and returns none.
    #[step]
    async fn log(_: News) -> Result<()> {
        Ok(())
    }

    #[step]
    async fn end(#[collect] read: Vec<Read>) -> Result<Stop<Vec<String>>> {
        let mut all: Vec<_> = read.into_iter().map(|read| read.by).collect();
        all.sort();
        Ok(Stop(all))
    }
}

#[tokio::test]
async fn a_broadcast_goes_to_everybody_who_takes_it() {
    let engine = engine(Spread).await;
    let run = engine.start(Spread, "hi".to_owned()).await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), ["ann: hi", "bob: hi"]);
}

#[derive(StepContext, Clone)]
struct Settings {
    #[context(default)]
    greeting: String,
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Tally {
    #[context(default)]
    words: usize,
    #[context(default)]
    longest: String,
}

struct Suffix(&'static str);

#[derive(Event)]
struct Word(String);

#[derive(Event)]
struct Counted {
    words_then: usize,
}

struct Count;

#[workflow(context = Settings, state = Tally)]
impl Count {
    #[context]
    fn settings(input: &str) -> Settings {
        Settings::builder().greeting(format!("hello {}", input.len())).build()
    }

    #[step]
    async fn words(begin: Begin<String>) -> Result<Vec<Word>> {
        Ok(begin.split(' ').map(|word| Word(word.to_owned())).collect())
    }

    #[step(retry(attempts = 2))]
    async fn count(
        state: &State<Tally>,
        #[resource] suffix: &Suffix,
        word: Word,
        scope: &StepScope,
    ) -> Result<Counted> {
        let words_then = state
            .edit(move |tally| {
                tally.words += 1;
                let word = format!("{}{}", word.0, suffix.0);
                if word.len() > tally.longest.len() {
                    tally.longest = word;
                }
                tally.words
            })
            .await?;
        assert_eq!(scope.name, "count");
        Ok(Counted { words_then })
    }

    #[step]
    async fn end(
        ctx: &Settings,
        state: &State<Tally>,
        #[collect] counted: Vec<Counted>,
    ) -> Result<Stop<(String, usize, String, Vec<usize>)>> {
        let tally = state.read().await?;
        let mut then: Vec<_> = counted.iter().map(|counted| counted.words_then).collect();
        then.sort_unstable();
        Ok(Stop((ctx.greeting.clone(), tally.words, tally.longest.clone(), then)))
    }
}

#[tokio::test]
async fn steps_read_the_context_share_the_state_and_take_resources() {
    let without = Engine::builder().in_memory().workflow(Count).start().await.map(drop).unwrap_err().to_string();
    assert!(without.contains("Suffix"), "{without}");
    let engine = Engine::builder().in_memory().workflow(Count).resource(Suffix("!")).start().await.unwrap();
    let run = engine.start(Count, "to be or nothing".to_owned()).await.unwrap();
    let (greeting, words, longest, then) = run.result().soon().await.unwrap();
    assert_eq!((greeting.as_str(), words, longest.as_str(), then), ("hello 16", 4, "nothing!", vec![1, 2, 3, 4]));
}

#[test]
fn a_step_is_a_function_that_a_unit_test_can_call() {
    let split = futures_util::FutureExt::now_or_never(Ingest::split(Page { number: 7, body: "a b".into() }));
    let Some(Ok(Split::Chunk(chunk))) = split else { panic!("a page with words is a chunk") };
    assert_eq!((chunk.page, chunk.words), (7, 2));
}

#[test]
fn the_diagram_names_the_types_on_the_edges() {
    let mermaid = Ingest::diagram().mermaid();
    for line in [
        "begin -->|\"Vec<String>\"| step_fetch",
        "step_fetch -->|\"several Page\"| step_split",
        "step_split -->|\"Chunk, collected\"| step_finish",
        "step_finish -->|\"Vec<String>\"| stop",
    ] {
        assert!(mermaid.contains(line), "{line} in {mermaid}");
    }
    let dot = Ingest::diagram().graphviz();
    assert!(dot.contains("\"step_fetch\" -> \"step_split\" [label=\"several Page\"];"), "{dot}");
}

/// A graph that is visible in the whole crate, while its events are private.
pub(crate) struct Public;

#[derive(Event)]
struct Inner {
    twice: u32,
}

#[workflow]
impl Public {
    #[step]
    async fn begin(begin: Begin<u32>) -> Result<Inner> {
        Ok(Inner { twice: begin.0 * 2 })
    }

    #[step]
    async fn end(inner: Inner) -> Result<Stop<u32>> {
        Ok(Stop(inner.twice))
    }
}

#[workflow]
async fn starting(flow: &Flow, n: u32) -> Result<u32> {
    Ok(flow.start(Public, n).await.await?)
}

#[tokio::test]
async fn a_function_starts_a_graph() {
    let engine = Engine::builder().in_memory().workflow(Public).workflow(starting).start().await.unwrap();
    assert_eq!(engine.start(starting, 21).await.unwrap().result().soon().await.unwrap(), 42);
}
