//! What the spans of a run must be, by its journal.

use super::collector::{Collected, Span};
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;
use steadfast::history::Kind;
use steadfast::inspect::{Entry, Inspector, Paging};

/// Kind, command index and attempt of a span.
type Key = (String, u64, u32);

/// Its beginning, its end, and whether it was lost.
type Times = (i64, i64, bool);

fn at(entry: &Entry) -> i64 {
    i64::try_from(entry.at.duration_since(UNIX_EPOCH).expect("a time").as_millis()).expect("a time")
}

pub(crate) async fn history(inspector: &Inspector, run: &str) -> Vec<Entry> {
    let (mut entries, mut paging) = (Vec::new(), Paging::first(1_000));
    loop {
        let page = inspector.history(run, &paging).await.expect("a history");
        entries.extend(page.items);
        let Some(next) = page.next else { return entries };
        paging = Paging::first(1_000).after(next);
    }
}

/// Returns what each span of a run must be.
fn expected(history: &[Entry]) -> BTreeMap<Key, Times> {
    let mut spans = BTreeMap::new();
    let mut calls: BTreeMap<u64, (&str, i64)> = BTreeMap::new();
    let mut attempts: BTreeMap<u64, (u32, i64)> = BTreeMap::new();
    let mut end = |key: (&str, u64, u32), start, entry: &Entry, lost| {
        spans.insert((key.0.to_owned(), key.1, key.2), (start, at(entry), lost));
    };
    for entry in history {
        let position = entry.position.unwrap_or(0);
        match entry.kind {
            Kind::RunCompleted | Kind::RunFailed => end(("run", 0, 0), at(&history[0]), entry, false),
            Kind::StepStarted => {
                calls.insert(position, ("step", at(entry)));
                attempts.insert(position, (entry.attempt.unwrap_or(1), at(entry)));
            }
            Kind::TimerSet => drop(calls.insert(position, ("sleep", at(entry)))),
            Kind::ChildStarted => drop(calls.insert(position, ("child", at(entry)))),
            // A message that has come before ends the wait at once.
            Kind::ReceiveStarted => {
                let came = history.iter().find(|other| other.kind == Kind::MessageReceived).expect("one message");
                let until = if came.seq < entry.seq { entry } else { came };
                end(("message", position, 0), at(entry), until, false);
            }
            Kind::AttemptStarted => {
                if let Some((attempt, start)) = attempts.insert(position, (entry.attempt.unwrap_or(1), at(entry))) {
                    end(("attempt", position, attempt), start, entry, true);
                }
            }
            Kind::AttemptFailed => {
                let (attempt, start) = attempts.remove(&position).expect("an attempt");
                end(("attempt", position, attempt), start, entry, false);
            }
            Kind::StepCompleted | Kind::StepFailed | Kind::TimerFired | Kind::ChildEnded => {
                if let Some((attempt, start)) = attempts.remove(&position) {
                    end(("attempt", position, attempt), start, entry, false);
                }
                let (kind, start) = calls.remove(&position).expect("a call");
                end((kind, position, 0), start, entry, false);
            }
            _ => {}
        }
    }
    assert!(calls.is_empty() && attempts.is_empty(), "nothing is open: {calls:?}");
    spans
}

/// Asserts that each span of a run was collected with the times of the journal, and has the right parent. Returns the
/// spans, and how many attempts were lost.
pub(crate) async fn assert_traced(collected: &Collected, inspector: &Inspector, run: &str) -> (Vec<Span>, usize) {
    let history = history(inspector, run).await;
    let (expected, spans) = (expected(&history), collected.of(run));
    let found: BTreeMap<Key, Times> =
        spans.iter().map(|span| (span.key(), (span.start, span.end, span.is("steadfast.outcome") == "lost"))).collect();
    assert_eq!(found, expected, "the spans of {run}");
    assert_eq!(spans.len(), expected.len(), "no two spans of {run} are of the same thing");
    let root = spans.iter().find(|span| span.key().0 == "run").expect("the span of the run");
    for span in &spans {
        assert_eq!(span.trace, root.trace);
        let (kind, position, _) = span.key();
        let parent = match kind.as_str() {
            "run" => continue,
            "attempt" => spans.iter().find(|step| step.key() == ("step".to_owned(), position, 0)).expect("its step"),
            _ => root,
        };
        assert_eq!(span.parent, parent.id, "{span:?}");
        assert_eq!(span.error.as_deref() == Some("lost"), span.is("steadfast.outcome") == "lost");
        if ["step", "attempt"].contains(&kind.as_str()) {
            let started =
                history.iter().find(|entry| entry.kind == Kind::StepStarted && entry.position == Some(position));
            let version = started.expect("a step").context.map(|version| version.to_string());
            assert_eq!(span.attributes.get("steadfast.context.version"), version.as_ref(), "{span:?}");
        }
    }
    let lost = found.values().filter(|(_, _, lost)| *lost).count();
    (spans, lost)
}
