//! The reports of what a run waits for, since when, and who can help.

mod answers;
mod calls;

use crate::steps::until;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;
use steadfast::prelude::*;
use steadfast::{Pause, Run, RunInfo, Status, Wait, WaitsFor};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

#[derive(Message, Serialize, Deserialize)]
struct Note(u64);

#[derive(Message, Serialize, Deserialize)]
struct Question;

#[step]
async fn hangs() -> Result<()> {
    std::future::pending().await
}

#[step(retry(attempts = 9, backoff = "1h"))]
async fn fails() -> Result<()> {
    Err(std::io::Error::other("no"))?
}

#[step]
async fn quick() -> Result<u64> {
    Ok(1)
}

static SOUND: AtomicBool = AtomicBool::new(false);

/// Panics until it is fixed.
#[workflow]
#[expect(clippy::unused_async, reason = "a workflow is async")]
async fn broken(_flow: &mut Flow) -> Result<u64> {
    assert!(SOUND.load(Ordering::SeqCst), "not yet");
    Ok(1)
}

/// Waits for things of every kind at once.
#[workflow]
async fn waits_for_all(flow: &mut Flow) -> Result<()> {
    quick(&*flow).await?;
    let child = flow.start(broken, ()).id("the child").await;
    let (at_work, again, timer) = (hangs(&*flow), fails(&*flow), flow.sleep(Duration::from_hours(5)));
    let (note, answer) = (flow.receive::<Note>(), flow.request::<Question, Note>(Question));
    let _ = try_join!(
        async { at_work.await.map_err(steadfast::Error::from) },
        async { again.await.map_err(steadfast::Error::from) },
        async { timer.await.map_err(steadfast::Error::from) },
        async { note.await.map_err(steadfast::Error::from) },
        async { answer.await.map_err(steadfast::Error::from) },
        async { child.await.map_err(steadfast::Error::from) },
    )?;
    Ok(())
}

/// Receives two messages, one after the other, with a step between.
#[workflow]
async fn listens(flow: &mut Flow) -> Result<u64> {
    let first = flow.receive::<Note>().await?.0;
    quick(&*flow).await?;
    Ok(first + flow.receive::<Note>().await?.0)
}

#[workflow]
async fn naps(flow: &mut Flow) -> Result<()> {
    flow.sleep(Duration::from_hours(5)).await?;
    Ok(())
}

async fn engine() -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let builder = Engine::builder().sqlite(folder.path().join("runs.db")).evict_after(Duration::from_millis(20));
    let builder = builder.workflow(waits_for_all).workflow(broken).workflow(listens).workflow(naps);
    (builder.start().await.unwrap(), folder)
}

/// Waits until the status satisfies a condition, and returns it.
async fn status(run: &Run, is: impl Fn(&RunInfo) -> bool) -> RunInfo {
    let status = async {
        loop {
            let info = run.status().await.unwrap();
            if is(&info) {
                return info;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if let Ok(info) = timeout(SOON, status).await {
        return info;
    }
    panic!("{:?}", run.status().await)
}

fn words(info: &RunInfo) -> Vec<String> {
    info.waits_for.iter().map(|wait| wait.for_what.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_says_what_a_run_waits_for_since_when_and_who_could_help() {
    let (engine, _folder) = engine().await;
    let begun = SystemTime::now() - Duration::from_millis(1);
    let run = engine.start(waits_for_all, ()).await.unwrap();
    let parked = |wait: &Wait| matches!(&wait.for_what, WaitsFor::Run { status: Some(Status::Parked), .. });
    let info = status(&run, |info| {
        info.waits_for.len() == 6
            && info.waits_for.iter().any(parked)
            && info.waits_for.iter().any(|wait| matches!(wait.for_what, WaitsFor::Retry { .. }))
    })
    .await;
    assert!(info.waits_for.iter().all(|wait| wait.since >= begun && wait.since <= SystemTime::now()), "{info:?}");
    let find =
        |is: &dyn Fn(&WaitsFor) -> bool| info.waits_for.iter().find(|wait| is(&wait.for_what)).expect("it waits");
    let step = find(&|what| matches!(what, WaitsFor::Step { name, attempt: 1 } if name == "hangs"));
    assert!(
        step.help().contains("time limit") && step.to_string().starts_with("waits for step `hangs`, for "),
        "{step}"
    );
    let retry = find(&|what| matches!(what, WaitsFor::Retry { step, failed: 1 } if step == "fails"));
    assert!(retry.until.is_some_and(|until| until > SystemTime::now() + Duration::from_mins(10)), "{retry:?}");
    let timer = find(&|what| matches!(what, WaitsFor::Timer));
    assert!(timer.until.is_some_and(|until| until > SystemTime::now() + Duration::from_hours(4)), "{timer:?}");
    let message = find(&|what| matches!(what, WaitsFor::Message(name) if name.ends_with("Note")));
    assert!(message.help().contains("engine.send"));
    let request = engine.requests().await.unwrap().remove(0).id;
    let answer = find(&|what| matches!(what, WaitsFor::Answer { request: id, .. } if *id == request));
    assert!(answer.help().contains(&request) && answer.help().contains("engine.answer"));
    let child = find(&|what| matches!(what, WaitsFor::Run { id, .. } if id == "the child"));
    assert!(
        child.to_string().contains("`the child`, which is parked") && child.to_string().contains("not yet"),
        "{child}"
    );
    assert!(child.help().contains("engine.retry"), "{}", child.help());

    let child = engine.run("the child").await.unwrap();
    assert_eq!(child.status().await.unwrap().waits_for[0].for_what, WaitsFor::Unpark);
    SOUND.store(true, Ordering::SeqCst);
    engine.retry("the child").await.unwrap();
    engine.answer(&request, Note(1)).await.unwrap();
    engine.send(run.id(), Note(1)).await.unwrap();
    status(&run, |info| info.waits_for.len() == 3).await;
    run.cancel("enough").await.unwrap();
    status(&run, |info| info.status == Status::Cancelled && info.waits_for.is_empty()).await;
    assert!(engine.list(steadfast::RunFilter::all()).await.unwrap().iter().all(|info| info.waits_for.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_came_is_waited_for_no_longer() {
    let (engine, _folder) = engine().await;
    let run = engine.start(listens, ()).await.unwrap();
    let info = status(&run, |info| info.waits_for.len() == 1).await;
    assert!(words(&info)[0].contains("Note"), "{info:?}");
    let before = info.waits_for[0].since;
    run.pause(Pause::Drain).await.unwrap();
    let info = status(&run, |info| info.status == Status::Paused).await;
    assert_eq!(
        (words(&info), info.waits_for[0].help()),
        (vec!["being resumed".to_owned()], "call `resume` on the run".to_owned())
    );
    run.resume().await.unwrap();
    engine.send(run.id(), Note(1)).await.unwrap();
    let info = status(&run, |info| info.waits_for.first().is_some_and(|wait| wait.since > before)).await;
    assert!(info.waits_for.len() == 1, "{info:?}");
    engine.send(run.id(), Note(2)).await.unwrap();
    assert_eq!(timeout(SOON, run.result()).await.unwrap().unwrap(), 3);
    assert!(run.status().await.unwrap().waits_for.is_empty());
}

/// Tests that a run whose engine does not exist reports it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_drives_waits_for_an_engine() {
    let (engine, folder) = engine().await;
    let run = engine.start(naps, ()).await.unwrap();
    status(&run, |info| info.status == Status::Sleeping).await;
    let file = rusqlite::Connection::open(folder.path().join("runs.db")).unwrap();
    until(|| file.execute("UPDATE steadfast_runs SET lease = 999", []).is_ok()).await;
    let info = run.status().await.unwrap();
    assert_eq!(words(&info), ["an engine that drives it", "a timer"]);
    assert!(info.waits_for[0].help().contains("the next engine"));
}
