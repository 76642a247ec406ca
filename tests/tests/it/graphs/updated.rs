//! Steps of a graph that change the context by their return values.

use super::engine;
use limits::Soon as _;
use std::collections::BTreeSet;
use std::sync::Mutex;
use steadfast::prelude::*;
use steadfast::testing::crash_everywhere;

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Settings {
    #[context(default)]
    total: u32,
    #[context(default)]
    blob: Bytes,
    #[context(default)]
    names: Vec<String>,
}

#[derive(Event)]
struct Item(u32);

#[derive(Event)]
struct Added(u32);

#[derive(Event)]
struct Look(u32);

#[derive(Event)]
struct Seen(u32);

#[derive(Event)]
struct Piece(u32);

struct Adding;

/// A graph that adds each item to the context, in steps that could all run at once.
#[workflow(context = Settings)]
impl Adding {
    #[step]
    async fn begin(ctx: &Settings, items: Begin<u32>) -> Result<(Updated<Settings>, Vec<Item>)> {
        assert_eq!(ctx.total, 0);
        Ok((Updated::of(ctx, |c| c.names(vec!["begun".into()])), (1..=items.0).map(Item).collect()))
    }

    #[step]
    async fn add(ctx: &Settings, item: Item) -> Result<(Updated<Settings>, Added)> {
        let before = ctx.total;
        tokio::task::yield_now().await;
        assert_eq!(ctx.total, before, "a step sees one version of the context");
        let names = ctx.names.iter().cloned().chain([item.0.to_string()]).collect::<Vec<_>>();
        let blob = ctx.blob.iter().copied().chain([7]).collect::<Vec<u8>>();
        Ok((Updated::of(ctx, |c| c.total(c.total + item.0).names(names).blob(Bytes::from(blob))), Added(ctx.total)))
    }

    #[step]
    async fn end(
        ctx: &Settings,
        #[collect] added: Vec<Added>,
    ) -> Result<(Updated<Settings>, Stop<(u32, usize, usize)>)> {
        // Each step saw another total, so no change was lost.
        let seen: BTreeSet<u32> = added.iter().map(|added| added.0).collect();
        assert_eq!((seen.len(), ctx.names.len()), (added.len(), added.len() + 1));
        Ok((Updated::of(ctx, |c| c.total(1_000)), Stop((ctx.total, ctx.blob.len(), ctx.names.len()))))
    }
}

#[tokio::test]
async fn no_change_is_lost_however_many_steps_return_one() {
    let engine = engine(Adding).await;
    let run = engine.start(Adding, 40).id("adding").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (820, 40, 41));
    let context = run.context_at::<Settings>(u64::MAX).await.unwrap().expect("a context");
    assert_eq!(context.total, 1_000, "the step that ends the run has changed it too");
}

#[tokio::test]
async fn changes_of_the_context_survive_every_crash() {
    let report = crash_everywhere(Adding, 3).await;
    assert!(report.scenarios > 20, "{report:?}");
}

static IN_FLIGHT: Mutex<(u32, u32, u32)> = Mutex::new((0, 0, 0));

struct Readers;

/// A graph whose readers run together, but never beside a step that changes the context.
#[workflow(context = Settings)]
impl Readers {
    #[step]
    async fn begin(_: Begin<()>) -> Result<(Vec<Look>, Vec<Item>)> {
        Ok(((0..12).map(Look).collect(), (0..4).map(Item).collect()))
    }

    #[step]
    async fn look(ctx: &Settings, look: Look) -> Result<Seen> {
        {
            let mut counts = IN_FLIGHT.lock().unwrap();
            counts.0 += 1;
            counts.2 = counts.2.max(counts.0);
            assert_eq!(counts.1, 0, "a step reads while another changes");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        IN_FLIGHT.lock().unwrap().0 -= 1;
        Ok(Seen(look.0 + ctx.total))
    }

    #[step(workers = 3)]
    async fn change(ctx: &Settings, item: Item) -> Result<(Updated<Settings>, Seen)> {
        {
            let mut counts = IN_FLIGHT.lock().unwrap();
            counts.1 += 1;
            assert_eq!((counts.0, counts.1), (0, 1), "a step changes while another has the context");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        IN_FLIGHT.lock().unwrap().1 -= 1;
        Ok((Updated::of(ctx, |c| c.total(c.total + 100)), Seen(item.0)))
    }

    #[step]
    async fn end(ctx: &Settings, #[collect] seen: Vec<Seen>) -> Result<Stop<(usize, u32)>> {
        Ok(Stop((seen.len(), ctx.total)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_changes_the_context_has_it_for_itself() {
    let engine = engine(Readers).await;
    let run = engine.start(Readers, ()).await.unwrap();
    let result = tokio::time::timeout(Duration::from_secs(50), run.result()).await.expect("nobody waits for ever");
    assert_eq!(result.unwrap(), (16, 400));
    assert!(IN_FLIGHT.lock().unwrap().2 > 1, "steps that read run together");
}

struct Queue;

/// A graph that starts a reader, a step that changes the context, and another reader, all at once.
#[workflow(context = Settings)]
impl Queue {
    #[step]
    async fn begin(_: Begin<()>) -> Result<(Vec<Look>, Item, Vec<Piece>)> {
        Ok((vec![Look(1)], Item(2), vec![Piece(3)]))
    }

    #[step]
    async fn look(_ctx: &Settings, look: Look) -> Result<Seen> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(Seen(look.0))
    }

    #[step]
    async fn change(ctx: &Settings, item: Item) -> Result<(Updated<Settings>, Seen)> {
        Ok((Updated::of(ctx, |c| c.total(100)), Seen(item.0)))
    }

    #[step]
    async fn look_again(ctx: &Settings, piece: Piece) -> Result<Seen> {
        Ok(Seen(piece.0 + ctx.total))
    }

    #[step]
    async fn end(#[collect] seen: Vec<Seen>) -> Result<Stop<Vec<u32>>> {
        Ok(Stop(seen.iter().map(|seen| seen.0).collect()))
    }
}

#[tokio::test]
async fn no_reader_overtakes_a_step_that_waits_to_change_the_context() {
    let engine = engine(Queue).await;
    let run = engine.start(Queue, ()).await.unwrap();
    let mut seen = run.result().soon().await.unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 103], "the reader that came last sees the change");
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Limits {
    #[context(default, max_bytes = 20)]
    note: String,
    #[context(transient, restore = open)]
    handle: std::sync::Arc<u32>,
}

#[expect(clippy::unused_async, reason = "a hook is async")]
async fn open(_: &LimitsStored, _: &Resources) -> Result<std::sync::Arc<u32>> {
    Ok(std::sync::Arc::new(5))
}

struct Noting;

#[workflow(context = Limits)]
impl Noting {
    /// Reads a transient field, and returns a change only sometimes.
    #[step]
    async fn begin(ctx: &Limits, note: Begin<String>) -> Result<(Option<Updated<Limits>>, Look)> {
        let change = (!note.is_empty()).then(|| Updated::of(ctx, |c| c.note(note.0.clone())));
        Ok((change, Look(*ctx.handle)))
    }

    #[step]
    async fn end(ctx: &Limits, look: Look) -> Result<Stop<String>> {
        Ok(Stop(format!("{} {} {}", ctx.note, look.0, ctx.handle)))
    }
}

#[tokio::test]
async fn a_change_may_be_left_away_and_a_refused_one_is_an_error_of_its_step() {
    let engine = engine(Noting).await;
    assert_eq!(engine.start(Noting, "hello".into()).await.unwrap().result().soon().await.unwrap(), "hello 5 5");
    assert_eq!(engine.start(Noting, String::new()).await.unwrap().result().soon().await.unwrap(), " 5 5");
    let refused = engine.start(Noting, "x".repeat(100)).await.unwrap().result().soon().await.unwrap_err().to_string();
    assert!(refused.contains("`begin`") && refused.contains("`note`") && refused.contains("max_bytes"), "{refused}");
}

#[tokio::test]
async fn a_unit_test_sees_what_a_step_changes() {
    let ctx = Settings { total: 1, blob: Bytes::new(), names: Vec::new() };
    let (updated, added) = Adding::add(&ctx, Item(4)).await.unwrap();
    assert_eq!((updated.into_context().total, added.0, ctx.total), (5, 1, 1));
}

#[tokio::test]
async fn a_changed_context_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("adding.db");
    let first = Engine::builder().sqlite(&file).workflow(Adding).start().await.unwrap();
    let run = first.start(Adding, 9).id("adding").await.unwrap();
    assert_eq!(run.result().soon().await.unwrap(), (45, 9, 10));
    let before = run.context_at::<Settings>(u64::MAX).await.unwrap();
    first.shutdown(Duration::from_secs(10)).await.unwrap();
    let second = Engine::builder().sqlite(&file).workflow(Adding).start().await.unwrap();
    assert!(second.check().await.unwrap().is_ok());
    let run = second.run("adding").await.unwrap();
    assert_eq!(run.context_at::<Settings>(u64::MAX).await.unwrap(), before);
    assert_eq!(before.expect("a context").names.len(), 10);
}

/// A text that grows when it is decoded, and yet compares equal.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
struct Growing(String);

impl PartialEq for Growing {
    fn eq(&self, other: &Self) -> bool {
        self.0.trim_end_matches(" and more") == other.0.trim_end_matches(" and more")
    }
}

impl From<String> for Growing {
    fn from(text: String) -> Self {
        Self(format!("{} and more", text.trim_end_matches(" and more")))
    }
}

impl From<Growing> for String {
    fn from(growing: Growing) -> Self {
        growing.0
    }
}

#[derive(StepContext, Clone, Debug, PartialEq)]
struct Notes {
    #[context(default, max_bytes = 16)]
    note: Growing,
}

struct Outgrowing;

#[workflow(context = Notes)]
impl Outgrowing {
    #[step]
    async fn begin(ctx: &Notes, note: Begin<String>) -> Result<(Updated<Notes>, Look)> {
        Ok((Updated::of(ctx, |c| c.note(Growing(note.0.clone()))), Look(1)))
    }

    #[step]
    async fn end(ctx: &Notes, _: Look) -> Result<Stop<String>> {
        Ok(Stop(ctx.note.0.clone()))
    }
}

#[tokio::test]
async fn a_change_that_the_workflow_refuses_fails_the_run() {
    let engine = engine(Outgrowing).await;
    assert_eq!(engine.start(Outgrowing, "a".into()).await.unwrap().result().soon().await.unwrap(), "a and more");
    // The step may return it, but it is too long as the context of the run.
    let refused = engine.start(Outgrowing, "a longer one".into()).await.unwrap().result().soon().await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("`note`") && refused.contains("max_bytes"), "{refused}");
}
