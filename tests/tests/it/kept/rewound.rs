//! Runs that are rewound after their end.

use super::is;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;
use steadfast::{EngineError, ForkPoint, Message, Scope, Status};

#[derive(Message, Serialize, Deserialize)]
struct Go;

#[workflow]
async fn waits(flow: &mut Flow) -> Result<u32> {
    flow.receive::<Go>().await?;
    flow.receive::<Go>().await?;
    Ok(1)
}

#[workflow]
async fn starts(flow: &mut Flow) -> Result<u32> {
    Ok(flow.start(waits, ()).with(Scope::new().id("child").deduplication_key("child's")).await.await?)
}

#[tokio::test]
async fn a_rewound_run_gets_its_deduplication_key_back() {
    let engine = Engine::builder().in_memory().workflow(waits).workflow(starts).start().await.unwrap();
    engine.start(starts, ()).await.unwrap();
    let run = engine.start(waits, ()).id("r").deduplication_key("key").await.unwrap();
    is(&engine, "child", Status::Sleeping).await;
    for (id, key) in [("r", "key"), ("child", "child's")] {
        engine.run(id).await.unwrap().cancel("a mistake").await.unwrap();
        is(&engine, id, Status::Cancelled).await;
        // After its end another run may hold its key. A rewound run does not share it.
        let other = engine.start(waits, ()).id(format!("other {id}")).deduplication_key(key).await.unwrap();
        let held = engine.rewind(id, ForkPoint::after_entry(1)).await.unwrap_err();
        assert!(matches!(&held, EngineError::Held { holder, .. } if holder == other.id()), "{held}");
        other.cancel("make room").await.unwrap();
        is(&engine, other.id(), Status::Cancelled).await;

        engine.rewind(id, ForkPoint::after_entry(1)).await.unwrap();
        let refused = engine.start(waits, ()).id(format!("third {id}")).deduplication_key(key).await.unwrap_err();
        assert!(matches!(&refused, EngineError::Held { holder, .. } if holder == id), "{refused}");
    }
    drop(run);
}

/// Tests that a rewind does not give the key to a fork or a copy, which never had it.
#[tokio::test]
async fn a_fork_has_no_deduplication_key_also_when_it_is_rewound() {
    let engine = Engine::builder().in_memory().workflow(waits).start().await.unwrap();
    let run = engine.start(waits, ()).id("r").deduplication_key("key").await.unwrap();
    let fork = engine.fork("r", ForkPoint::after_entry(1)).id("fork").await.unwrap();
    for run in [&*run, &fork] {
        run.cancel("a mistake").await.unwrap();
        is(&engine, run.id(), Status::Cancelled).await;
    }
    engine.rewind(fork.id(), ForkPoint::after_entry(1)).await.unwrap();
    engine.start(waits, ()).id("another").deduplication_key("key").await.expect("the key is free");
}
