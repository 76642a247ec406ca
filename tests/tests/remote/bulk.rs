//! Many runs that are started at once.

use limits::Soon as _;
use steadfast::prelude::*;
use steadfast::{EngineError, RunFilter, Status};

#[workflow]
async fn double(_flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(2 * n)
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_started_together_run_once_each_however_often_they_are_started() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let builder = || Engine::builder().sqlite(folder.path().join("many.db")).workflow(double).max_claimed(100);
    let engine = builder().start().await.unwrap();
    let inputs = |to: u64| (0..to).map(|n| (format!("double-{n}"), n));
    let first = engine.start_all(double, inputs(1_500)).soon().await.unwrap();
    assert_eq!((first.started, first.there), (1_500, 0));
    // The engine ends before all have run; the next one is given all of them again, and more.
    engine.shutdown(Duration::ZERO).await.unwrap();
    let engine = builder().start().await.unwrap();
    let again = engine.start_all(double, inputs(2_500)).soon().await.unwrap();
    assert_eq!((again.started, again.there), (1_000, 1_500));
    for n in [0, 1_499, 1_500, 2_499] {
        let run = engine.start(double, n).id(format!("double-{n}")).await.unwrap();
        assert!(!run.is_new());
        assert_eq!(run.result().soon().await.unwrap(), 2 * n);
    }
    limits::until(async || {
        let filter = RunFilter::all().status(Status::Running).limit(1);
        engine.list(filter).await.unwrap().is_empty()
    })
    .await;
    let other = engine.start_all(double, [("double-7", 8)]).soon().await.unwrap_err();
    assert!(matches!(other, EngineError::OtherInput { .. }), "{other}");
    engine.shutdown(Duration::from_secs(20)).await.unwrap();
}
