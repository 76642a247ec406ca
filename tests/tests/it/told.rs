//! Events of steps, and the activity of the engine, as readers see them.

use crate::steps::until_asked;
use limits::Soon as _;
use std::sync::Arc;
use steadfast::prelude::*;
use steadfast::{ActivityKind, EngineError, Run, RunEvent, Status, Waited};
use tokio::sync::Semaphore;

#[derive(Event, Debug, PartialEq, Clone)]
struct Line {
    number: u32,
    bytes: Bytes,
}

#[derive(Event, Debug, PartialEq)]
struct Done;

/// A gate that a test opens to release the steps.
struct Gate(Semaphore);

impl Gate {
    fn shut() -> Arc<Self> {
        Arc::new(Self(Semaphore::new(0)))
    }

    async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

fn line(number: u32) -> Line {
    Line { number, bytes: Bytes::from(vec![0xff; number as usize]) }
}

/// Streams half of its lines, fails, and streams all of them in the next attempt.
#[step(retry(attempts = 2, backoff = "1ms"))]
async fn tells(scope: &StepScope, lines: u32) -> Result<u32> {
    for number in 0..lines {
        scope.stream(line(number)).await?;
        if scope.attempt == 1 && number == lines / 2 {
            return Err(Error::msg("half-way"));
        }
    }
    scope.stream(Done).await?;
    Ok(lines)
}

#[step]
async fn spawns(scope: &StepScope) -> Result<()> {
    let scope = scope.clone();
    tokio::spawn(async move { scope.stream(line(7)).await }).await?
}

#[step]
async fn works(#[resource] gate: &Arc<Gate>, scope: &StepScope, parts: u32) -> Result<()> {
    for part in 1..=parts {
        scope.progress_with(part, parts, format!("part {part}"));
        gate.pass().await;
    }
    Ok(())
}

#[step]
async fn fails() -> Result<()> {
    Err(Error::msg("no luck"))
}

#[transaction]
fn commits(_tx: &mut Tx<'_>) -> Result<String> {
    let scope = steadfast::step_scope().expect("a step");
    Ok(match futures_util::FutureExt::now_or_never(scope.stream(Done)) {
        Some(Err(error)) => error.to_string(),
        _ => "streamed".to_owned(),
    })
}

#[workflow]
async fn talks(flow: &mut Flow, lines: u32) -> Result<u32> {
    let told = tells(&*flow, lines).await?;
    spawns(&*flow).await?;
    Ok(told)
}

#[workflow(resources(Arc<Gate>))]
async fn labours(flow: &mut Flow, parts: u32) -> Result<()> {
    let (one, two) = join!(works(&*flow, parts), works(&*flow, 1));
    one?;
    Ok(two?)
}

#[workflow]
async fn tries(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_millis(1)).await?;
    Ok(fails(&*flow).await?)
}

#[workflow]
async fn transacts(flow: &mut Flow) -> Result<String> {
    Ok(commits(&*flow).await?)
}

async fn all_lines(run: Run) -> Vec<(u64, Line)> {
    let mut lines = run.events::<Line>();
    let mut read = Vec::new();
    while let Some(line) = lines.next().soon().await.unwrap() {
        read.push(line);
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_steps_are_read_once_each_by_every_reader_live_and_later() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(talks).start().await.unwrap();
    let run = engine.start(talks, 600).await.unwrap();
    let live = [tokio::spawn(all_lines((*run).clone())), tokio::spawn(all_lines((*run).clone()))];
    assert_eq!(run.result().soon().await.unwrap(), 600);
    let mut expected: Vec<_> = (0..600).map(line).collect();
    // The last one is from a task that the step has spawned.
    expected.push(line(7));
    let expected: Vec<_> = (1..).zip(expected).collect();
    for reader in live {
        assert_eq!(reader.await.unwrap(), expected);
    }
    assert_eq!(all_lines((*run).clone()).await, expected, "after the end");
    let mut late = run.events::<Line>().after(600);
    assert_eq!(late.try_next().await.unwrap(), Some((601, line(7))));
    assert_eq!(late.next().soon().await.unwrap(), None);
    assert_eq!(run.events::<Done>().next().soon().await.unwrap(), Some((1, Done)), "another type is another stream");
}

#[tokio::test]
async fn events_and_activity_come_in_the_order_of_the_journal() {
    let engine = Engine::builder().in_memory().workflow(talks).start().await.unwrap();
    let run = engine.start(talks, 4).await.unwrap();
    let mut all = run.events::<Line>().with_activity();
    let mut seen = Vec::new();
    while let Some((cursor, event)) = all.next().soon().await.unwrap() {
        seen.push((cursor, event));
    }
    let texts: Vec<String> = seen
        .iter()
        .map(|(_, event)| match event {
            RunEvent::Event(line) => format!("line {}", line.number),
            RunEvent::Activity(activity) => activity.kind.to_string(),
        })
        .collect();
    let expected = [
        "a run of workflow `talks` was started",
        "step `tells` @1 started",
        "line 0",
        "line 1",
        "line 2",
        "step `tells` @1 failed in attempt 1 and is tried again: half-way",
        "step `tells` @1 started, attempt 2",
        "line 3",
        "step `tells` @1 finished",
        "step `spawns` @2 started",
        "line 7",
        "step `spawns` @2 finished",
        "the run is completed",
    ];
    assert_eq!(texts, expected);
    assert!(seen.is_sorted_by(|one, other| one.0 < other.0));
    for (index, (cursor, _)) in seen.iter().enumerate() {
        let mut rest = run.events::<Line>().with_activity().after(*cursor);
        for expected in &seen[index + 1..] {
            assert_eq!(rest.try_next().await.unwrap().as_ref(), Some(expected));
        }
        assert_eq!(rest.next().soon().await.unwrap(), None);
    }
}

#[tokio::test]
async fn activity_tells_waits_failures_and_the_end() {
    let engine = Engine::builder().in_memory().workflow(tries).start().await.unwrap();
    let run = engine.start(tries, ()).await.unwrap();
    let mut activity = run.activity();
    let mut seen = Vec::new();
    while let Some(one) = activity.next().soon().await.unwrap() {
        seen.push(one);
    }
    let step = "fails".to_owned();
    let kinds: Vec<&ActivityKind> = seen.iter().map(|activity| &activity.kind).collect();
    assert!(matches!(kinds[1], ActivityKind::Waiting { for_what: Waited::Timer, position: 1, until: Some(_), .. }));
    assert_eq!(*kinds[2], ActivityKind::Came { what: Waited::Timer, position: Some(1) });
    assert_eq!(*kinds[3], ActivityKind::StepStarted { step: step.clone(), position: 2, attempt: 1 });
    let message = "no luck".to_owned();
    assert_eq!(*kinds[4], ActivityKind::StepFailed { step, position: 2, attempt: 1, message });
    let ActivityKind::RunEnded { status: Status::Failed, message: Some(message) } = kinds[5] else {
        panic!("{kinds:?}")
    };
    assert_eq!(message, "step `fails` failed: no luck");
    let mut later = run.activity().after(seen[3].seq);
    assert_eq!(later.next().soon().await.unwrap().as_ref(), Some(&seen[4]));
}

#[tokio::test]
async fn progress_is_the_last_word_of_each_running_step() {
    let gate = Gate::shut();
    let engine = Engine::builder().in_memory().workflow(labours).resource(gate.clone()).start().await.unwrap();
    let run = engine.start(labours, 3).await.unwrap();
    until_asked(async || run.progress().await.unwrap().len() == 2).await;
    let progress = run.progress().await.unwrap();
    let words: Vec<_> = progress.iter().map(|step| (step.position, step.done, step.total)).collect();
    assert_eq!(words, [(1, 1, 3), (2, 1, 1)]);
    assert_eq!((progress[0].step.as_str(), progress[0].message.as_deref()), ("works", Some("part 1")));
    let entries = run.history().await.unwrap().len();
    gate.0.add_permits(2);
    // Both steps have advanced, or one of them twice.
    until_asked(async || {
        let progress = run.progress().await.unwrap();
        progress[0].done == 3 || (progress.len() == 1 && progress[0].done == 2)
    })
    .await;
    assert!(run.history().await.unwrap().len() <= entries + 1, "progress writes nothing");
    gate.0.add_permits(2);
    run.result().soon().await.unwrap();
    until_asked(async || run.progress().await.unwrap().is_empty()).await;
}

#[tokio::test]
async fn what_cannot_be_told_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::builder().sqlite(folder.path().join("runs.db")).workflow(transacts).start().await.unwrap();
    let error = engine.start(transacts, ()).await.unwrap().result().soon().await.unwrap();
    assert_eq!(error, "event `Done` cannot be streamed: step `commits` is a transaction");
    // A unit test of a step has no run, and no readers.
    let scope = StepScope::for_tests("tells");
    scope.stream(line(1)).await.unwrap();
    scope.progress(1, 2);
    let run = engine.start(transacts, ()).id("gone").await.unwrap();
    run.result().soon().await.unwrap();
    let mut activity = run.activity();
    (*run).clone().delete().await.unwrap();
    assert!(matches!(activity.next().soon().await, Err(EngineError::NoSuchRun { .. })));
}
