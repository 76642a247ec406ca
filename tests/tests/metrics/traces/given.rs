//! The span that causes a run is given, found, or ignored; no value of a user is in a span, and no replay exports one.

use super::collector::{Collected, Span};
use super::expected::assert_traced;
use limits::Soon as _;
use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{ForkPoint, Message, Pause, Queue, Scope, Status, scoped};

/// What is planted in every value.
const PLANTED: &str = "zq7";

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[derive(Message, Serialize, Deserialize)]
struct Word(String);

#[step]
async fn echo(text: String) -> Result<String> {
    Ok(text)
}

#[workflow]
async fn inner(flow: &mut Flow, text: String) -> Result<String> {
    Ok(echo(flow, text).await?)
}

#[workflow]
async fn outer(flow: &mut Flow, text: String) -> Result<String> {
    Ok(flow.start(inner, text).await.await?)
}

#[workflow]
async fn counts_down(flow: &mut Flow, n: u64) -> Result<String> {
    let text = echo(flow, n.to_string()).await?;
    if n == 0 { Ok(text) } else { flow.continue_as_new(counts_down, n - 1).await }
}

#[workflow]
async fn waits(flow: &mut Flow, text: String) -> Result<String> {
    let text = echo(flow, text).await?;
    let Word(word) = flow.receive::<Word>().await?;
    let word = echo(flow, word).await?;
    Err(Error::msg(format!("{text} {word}")))
}

async fn engine(collected: &Collected) -> Engine {
    let builder = Engine::builder().in_memory().workflow(outer).workflow(inner).workflow(counts_down).workflow(waits);
    let builder = builder.queue(Queue::new("traced").key(|text: &String| text.clone())).serve("traced", 2);
    builder.traces(collected.clone()).start().await.unwrap()
}

fn root(spans: &[Span]) -> &Span {
    spans.iter().find(|span| span.key().0 == "run").expect("the span of the run")
}

async fn stop(engine: Engine) {
    engine.shutdown(Duration::from_secs(5)).soon().await.unwrap();
}

#[tokio::test]
async fn a_run_joins_the_trace_of_its_caller_and_children_join_that_of_the_run() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let run = engine.start(outer, "a".to_owned()).id("given").traceparent(HEADER).await.unwrap();
    run.result().soon().await.unwrap();
    let inspector = engine.inspect();
    stop(engine).await;
    let (spans, _) = assert_traced(&collected, &inspector, "given").await;
    let of_run = root(&spans);
    assert_eq!((of_run.trace.as_str(), of_run.parent.as_str()), (TRACE, "00f067aa0ba902b7"));
    let call = spans.iter().find(|span| span.key().0 == "child").unwrap();
    let child = collected.all().into_iter().find(|span| span.parent == call.id).unwrap();
    assert_eq!((child.trace.as_str(), child.name.as_str()), (TRACE, "inner"));
    assert_eq!(call.links, [[TRACE.to_owned(), child.id, "child".to_owned()]]);
}

#[tokio::test]
async fn the_current_span_is_the_cause_unless_another_is_given() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let (trace, span) = (TraceId::from_bytes([5; 16]), SpanId::from_bytes([6; 8]));
    let current = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
    let start = async |id: &str, header: Option<&str>| {
        let start = engine.start(inner, "a".to_owned()).id(id);
        let start = if let Some(header) = header { start.traceparent(header) } else { start };
        let context = Context::new().with_remote_span_context(current.clone());
        start.into_future().with_context(context).soon().await.unwrap()
    };
    let (found, given) = (start("found", None).await, start("given", Some(HEADER)).await);
    found.result().soon().await.unwrap();
    given.result().soon().await.unwrap();
    stop(engine).await;
    let (found, given) = (collected.of("found"), collected.of("given"));
    assert_eq!((&root(&found).trace, &root(&found).parent), (&"05".repeat(16), &"06".repeat(8)));
    assert_eq!(root(&given).trace, TRACE);
}

#[tokio::test]
async fn a_header_that_is_not_valid_begins_a_new_trace() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let never = HEADER.replace("-01", "-00");
    for (id, header) in
        [("short", "00-12"), ("old", "nonsense"), ("zero", &HEADER.replace('4', "g")), ("never", &never)]
    {
        let run = engine.start(inner, "a".to_owned()).id(id).traceparent(header).await.unwrap();
        run.result().soon().await.unwrap();
    }
    stop(engine).await;
    for id in ["short", "old", "zero"] {
        let spans = collected.of(id);
        assert_eq!((spans.len(), root(&spans).parent.as_str()), (3, ""), "{id}");
        assert_ne!(root(&spans).trace, TRACE);
    }
    assert_eq!(collected.of("never"), [], "a caller that records nothing has nothing recorded");
}

#[tokio::test]
async fn a_run_that_continues_as_new_is_linked_to_the_one_before() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let run = engine.start(counts_down, 2).id("down").await.unwrap();
    run.result().soon().await.unwrap();
    stop(engine).await;
    let all = collected.all();
    let runs: Vec<&Span> = all.iter().filter(|span| span.key().0 == "run").collect();
    assert_eq!(runs.len(), 3);
    let linked: Vec<_> = runs.iter().flat_map(|span| &span.links).collect();
    assert_eq!(linked.len(), 2, "{runs:?}");
    for [trace, span, relation] in linked {
        assert_eq!(relation, "continue_as_new_of");
        assert!(runs.iter().any(|run| run.id == *span && run.trace == *trace));
    }
}

#[tokio::test]
async fn a_fork_exports_what_is_its_own_and_is_linked_to_the_original() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let run = engine.start(waits, "a".to_owned()).id("original").await.unwrap();
    engine.send("original", Word("b".to_owned())).await.unwrap();
    run.result().soon().await.unwrap_err();
    let fork = engine.fork("original", ForkPoint::before("echo").nth(2)).id("fork").await.unwrap();
    limits::until(async || fork.status().await.unwrap().status.is_final()).await;
    stop(engine).await;
    let (original, fork) = (collected.of("original"), collected.of("fork"));
    let names = |spans: &[Span]| {
        let mut names: Vec<String> = spans.iter().map(|span| span.name.clone()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&original), ["echo", "echo", "echo attempt", "echo attempt", "message", "waits"]);
    assert_eq!(names(&fork), ["echo", "echo attempt", "message", "waits"], "what was copied is the original's");
    let (of_original, of_fork) = (root(&original), root(&fork));
    assert_eq!(of_fork.links, [[of_original.trace.clone(), of_original.id.clone(), "fork_of".to_owned()]]);
}

#[tokio::test]
async fn a_run_that_is_rewound_ends_where_another_takes_its_place() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let run = engine.start(waits, "a".to_owned()).id("back").await.unwrap();
    limits::until(async || run.status().await.unwrap().waits_for.len() == 1).await;
    run.pause(Pause::Drain).soon().await.unwrap();
    limits::until(async || run.status().await.unwrap().status == Status::Paused).await;
    let again = engine.rewind("back", ForkPoint::before("echo")).soon().await.unwrap();
    engine.send("back", Word("b".to_owned())).await.unwrap();
    limits::until(async || again.status().await.unwrap().status.is_final()).await;
    stop(engine).await;
    let spans = collected.of("back");
    let of_runs = |status: &str| spans.iter().find(|span| span.is("steadfast.run.status") == status).expect("a span");
    let (before, after) = (of_runs("replaced"), of_runs("failed"));
    assert_eq!(after.links, [[before.trace.clone(), before.id.clone(), "rewind_of".to_owned()]]);
    let within = |run: &Span| spans.iter().filter(|span| span.parent == run.id).map(|span| span.name.clone()).collect();
    let [mut before, mut after]: [Vec<String>; 2] = [within(before), within(after)];
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(
        (before, after),
        (vec!["echo".into(), "message".into()], vec!["echo".into(), "echo".into(), "message".into()])
    );
}

#[tokio::test]
async fn no_value_of_a_user_is_in_a_span_and_a_wait_for_room_is_one() {
    let collected = Collected::default();
    let engine = engine(&collected).await;
    let planted = |what: &str| format!("{PLANTED}-{what}");
    let scope = Scope::new().queue("traced").label("team", planted("label")).deduplication_key(planted("dedup"));
    let run = scoped(scope, async { engine.start(waits, planted("input")).id("queued").await.unwrap() }).await;
    engine.send("queued", Word(planted("message"))).await.unwrap();
    run.result().soon().await.unwrap_err();
    stop(engine).await;
    let spans = collected.of("queued");
    let room = spans.iter().find(|span| span.key().0 == "queue").expect("a wait for room");
    assert_eq!((room.is("steadfast.queue"), &room.parent), ("traced", &root(&spans).id));
    assert_eq!((root(&spans).error.as_deref(), root(&spans).is("error.type")), (Some("failed"), "failed"));
    assert!(collected.texts().iter().all(|text| !text.contains(PLANTED)), "{:?}", collected.texts());
}

#[tokio::test]
async fn a_replay_exports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let collected = Collected::default();
    let begin = async || {
        let builder = Engine::builder().sqlite(folder.path().join("replayed.db")).workflow(waits);
        builder.traces(collected.clone()).start().await.unwrap()
    };
    let first = begin().await;
    first.start(waits, "a".to_owned()).id("replayed").await.unwrap();
    limits::until(async || first.run("replayed").await.unwrap().status().await.unwrap().waits_for.len() == 1).await;
    stop(first).await;
    let exported = collected.all().len();
    assert_eq!(exported, 2, "the step and its attempt, before the run has ended");
    let batches = collected.batches.load(Ordering::SeqCst);
    for _ in 0..3 {
        let again = begin().await;
        stop(again).await;
    }
    assert_eq!((collected.all().len(), collected.batches.load(Ordering::SeqCst)), (exported, batches));
    let last = begin().await;
    last.send("replayed", Word("b".to_owned())).await.unwrap();
    limits::until(async || last.run("replayed").await.unwrap().status().await.unwrap().status.is_final()).await;
    let inspector = last.inspect();
    stop(last).await;
    assert_traced(&collected, &inspector, "replayed").await;
    assert_eq!(collected.all().len(), 6, "each span once");
}
