//! Requests with a time limit, of runs that continue as new, and of their copies.

use super::{is, soon};
use serde::{Deserialize, Serialize};
use steadfast::history::Kind;
use steadfast::prelude::*;
use steadfast::store::MemoryStore;
use steadfast::testing::crash_everywhere;
use steadfast::{EngineError, ForkPoint, Message, RequestError, Status};

#[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Number(u32);

#[derive(Message, Serialize, Deserialize)]
struct Go;

/// Asks with a time limit in milliseconds, continues as new `times` times, and waits for the answer.
#[workflow]
async fn asks(flow: &mut Flow, (limit, times, id): (u64, u32, Option<String>)) -> Result<String> {
    if let Some(id) = id {
        if times > 0 {
            flow.receive::<Go>().await?;
            return flow.continue_as_new(asks, (limit, times - 1, Some(id))).await;
        }
        return Ok(match flow.answer_to::<Number>(id).await {
            Ok(Number(n)) => n.to_string(),
            Err(RequestError::Expired { .. }) => "expired".to_owned(),
            Err(error) => error.to_string(),
        });
    }
    let request = flow.request::<Number, Number>(Number(1));
    let id = request.id();
    let (mut request, mut go) = (request.within(Duration::from_millis(limit)), flow.receive::<Go>());
    select_biased! { answer = request => return Ok(format!("{answer:?}")), go = go => go? };
    flow.continue_as_new(asks, (limit, times, Some(id))).await
}

fn builder() -> steadfast::EngineBuilder {
    Engine::builder().workflow(asks).evict_after(Duration::ZERO)
}

async fn open(engine: &Engine) -> steadfast::OpenRequest {
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

async fn went_on(engine: &Engine, id: &str, from: i64) -> i64 {
    let gone = async {
        loop {
            let now = engine.run(id).await.unwrap().number();
            if now != from {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the fresh journal", gone).await
}

#[tokio::test]
async fn a_time_limit_holds_for_the_run_with_a_fresh_journal() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(asks, (300, 0, None)).id("r").await.unwrap();
    let id = open(&engine).await.id;
    engine.send("r", Go).await.unwrap();
    went_on(&engine, "r", run.number()).await;
    assert_eq!(soon("the end", run.result()).await.unwrap(), "expired");
    assert!(engine.requests().await.unwrap().is_empty());
    let late = engine.answer(&id, Number(2)).await.unwrap_err();
    assert!(matches!(late, EngineError::NoSuchRequest { .. }), "{late}");
    let history = engine.run("r").await.unwrap().history().await.unwrap();
    assert!(history.iter().any(|entry| entry.kind == Kind::RequestExpired), "{history:?}");
}

/// Tests a request that no execution awaits in between. The engine is another one, and the limit passes before the
/// answer is awaited.
#[tokio::test]
async fn a_time_limit_ends_a_request_that_nobody_waits_for() {
    let store = MemoryStore::new();
    let engine = builder().store(store.clone()).start().await.unwrap();
    let run = engine.start(asks, (400, 2, None)).id("r").await.unwrap();
    let id = open(&engine).await.id;
    let mut number = run.number();
    for _ in 0..2 {
        engine.send("r", Go).await.unwrap();
        number = went_on(&engine, "r", number).await;
    }
    is(&engine, "r", Status::Sleeping).await;
    engine.shutdown(super::LONG).await.unwrap();
    let engine = builder().store(store).start().await.unwrap();
    soon("the end of its time", async {
        while !engine.requests().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(engine.answer(&id, Number(2)).await.is_err());
    engine.send("r", Go).await.unwrap();
    let run = engine.handle(asks, "r").await.unwrap();
    assert_eq!(soon("the end", run.result()).await.unwrap(), "expired");
}

#[tokio::test]
async fn an_answer_in_time_is_the_answer_after_any_number_of_fresh_journals() {
    let engine = builder().in_memory().start().await.unwrap();
    for times in 0..3 {
        let id = format!("r{times}");
        let run = engine.start(asks, (3_600_000, times, None)).id(&id).await.unwrap();
        let request = open(&engine).await;
        let mut number = run.number();
        for _ in 0..=times {
            engine.send(&id, Go).await.unwrap();
            number = went_on(&engine, &id, number).await;
        }
        let still = open(&engine).await;
        assert_eq!((&still.id, still.due), (&request.id, request.due));
        engine.answer(&request.id, Number(times)).await.unwrap();
        assert_eq!(soon("the end", run.result()).await.unwrap(), times.to_string());
    }
}

/// Tests that forks and copies of a run with a kept request ask it again under a new id, and a rewound run under the
/// same id.
#[tokio::test]
async fn a_kept_request_is_asked_again_by_forks_and_copies() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(asks, (3_600_000, 1, None)).id("r").await.unwrap();
    let request = open(&engine).await;
    engine.send("r", Go).await.unwrap();
    went_on(&engine, "r", run.number()).await;
    is(&engine, "r", Status::Sleeping).await;

    engine.fork("r", ForkPoint::after_entry(1)).id("fork").await.unwrap();
    engine.fork("fork", ForkPoint::after_entry(1)).id("second").await.unwrap();
    let file = folder.path().join("r.run");
    engine.run("fork").await.unwrap().export(&file).await.unwrap();
    engine.import(&file).id("copy").await.unwrap();
    let mut ids = vec![request.id.clone()];
    for (n, id) in [(1, "fork"), (2, "second"), (3, "copy")] {
        let open = engine.run(id).await.unwrap().requests().await.unwrap().pop().expect("it is asked again");
        assert!(!ids.contains(&open.id), "{ids:?}");
        assert_eq!(open.due, request.due);
        engine.answer(&open.id, Number(n)).await.unwrap();
        engine.send(id, Go).await.unwrap();
        let run = engine.handle(asks, id).await.unwrap();
        assert_eq!(soon("the end", run.result()).await.unwrap(), n.to_string(), "{id}");
        ids.push(open.id);
    }

    let run = engine.run("r").await.unwrap();
    run.pause(steadfast::Pause::Drain).await.unwrap();
    is(&engine, "r", Status::Paused).await;
    engine.rewind("r", ForkPoint::after_entry(1)).await.unwrap();
    assert_eq!(open(&engine).await.id, request.id, "who was to answer knows this id");
    engine.answer(&request.id, Number(9)).await.unwrap();
    engine.send("r", Go).await.unwrap();
    let run = engine.handle(asks, "r").await.unwrap();
    assert_eq!(soon("the end", run.result()).await.unwrap(), "9");
}

/// Tests a fork of a run whose kept request ended with it: the fork learns that no answer can arrive.
#[tokio::test]
async fn a_kept_request_that_nobody_can_answer_expires_in_a_fork() {
    let engine = builder().in_memory().start().await.unwrap();
    let run = engine.start(asks, (3_600_000, 1, None)).id("r").await.unwrap();
    open(&engine).await;
    engine.send("r", Go).await.unwrap();
    went_on(&engine, "r", run.number()).await;
    engine.run("r").await.unwrap().cancel("enough").await.unwrap();
    is(&engine, "r", Status::Cancelled).await;
    let fork = engine.fork("r", ForkPoint::after_entry(1)).id("fork").await.unwrap();
    engine.send(fork.id(), Go).await.unwrap();
    let fork = engine.handle(asks, "fork").await.unwrap();
    assert_eq!(soon("the end", fork.result()).await.unwrap(), "expired");
}

#[tokio::test]
async fn a_kept_time_limit_survives_a_crash_at_every_point() {
    #[workflow]
    async fn limited(flow: &mut Flow, id: Option<String>) -> Result<String> {
        let Some(id) = id else {
            let request = flow.request::<Number, Number>(Number(1));
            let id = request.id();
            let (mut request, mut nap) =
                (request.within(Duration::from_millis(500)), flow.sleep(Duration::from_millis(50)));
            select_biased! { answer = request => return Ok(format!("{answer:?}")), nap = nap => nap? };
            return flow.continue_as_new(limited, Some(id)).await;
        };
        Ok(match flow.answer_to::<Number>(id).await {
            Ok(answer) => format!("{answer:?}"),
            Err(expired) => expired.to_string().split_whitespace().next().unwrap_or_default().to_owned(),
        })
    }
    crash_everywhere(limited, None).orders(1).await;
}
