//! Runs at the same time, each of which sees its own scope, also in tasks and threads that carry it.

use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{Scope, current, propagate, propagate_fn, scoped};

#[step]
async fn spread(id: u64) -> Result<Vec<Option<String>>> {
    let run = || current().map(|current| current.run_id().to_owned());
    let mut answers = vec![run()];
    for round in 0..4 {
        tokio::task::yield_now().await;
        let carried = tokio::spawn(propagate(async move {
            tokio::time::sleep(Duration::from_millis((id + round) % 3)).await;
            run()
        }));
        let lost = tokio::spawn(async move { run() });
        let thread = tokio::task::spawn_blocking(propagate_fn(run));
        let (carried, lost, thread) = tokio::join!(carried, lost, thread);
        answers.extend([carried?, lost?, thread?, tokio::task::spawn_blocking(run).await?, run()]);
    }
    Ok(answers)
}

#[workflow]
async fn spreading(flow: &mut Flow, id: u64) -> Result<Vec<Option<String>>> {
    let (a, b) = try_join!(spread(flow, id), spread(flow, id + 1))?;
    Ok([a, b, vec![current().map(|current| current.run_id().to_owned())]].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_ever_sees_the_scope_of_another_run() {
    let engine = Engine::builder().in_memory().workflow(spreading).start().await.unwrap();
    let runs = (0..64).map(|id| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let run = scoped(Scope::new().id(format!("run-{id}")), engine.start(spreading, id)).await.unwrap();
            assert_eq!(run.id(), format!("run-{id}"));
            (run.id().to_owned(), run.result().soon().await.unwrap())
        })
    });
    for run in runs.collect::<Vec<_>>() {
        let (id, answers) = run.await.unwrap();
        let own = |answer: &Option<String>| answer.as_deref() == Some(id.as_str());
        assert!(answers.iter().all(|answer| answer.is_none() || own(answer)), "{id}: {answers:?}");
        let lost = answers.iter().filter(|answer| answer.is_none()).count();
        assert_eq!((answers.len(), lost), (2 * 21 + 1, 2 * 4 * 2), "{id}: {answers:?}");
    }
    assert!(current().is_none());
}
