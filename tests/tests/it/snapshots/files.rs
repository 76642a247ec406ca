//! The content of run files, and files that are invalid.

use super::{Desk, napper};
use crate::runs::wait_for;
use limits::Soon as _;
use rusqlite::{Connection, OpenFlags};
use steadfast::prelude::*;
use steadfast::{EngineError, Key, Pause, RunFilter, Secret, StaticKeys, Status};

#[tokio::test]
async fn a_file_that_was_changed_or_cut_anywhere_is_refused_and_nothing_is_written() {
    let desk = Desk::new();
    let engine = Engine::builder().in_memory().workflow(napper).start().await.unwrap();
    let run = engine.start(napper, 0).id("trip").await.unwrap();
    run.result().soon().await.unwrap();
    run.export(desk.path("trip.run")).await.unwrap();
    let whole = std::fs::read(desk.path("trip.run")).unwrap();
    engine.import(desk.path("trip.run")).id("good").await.unwrap();
    let refused = async |bytes: &[u8], what: &str| {
        std::fs::write(desk.path("bad.run"), bytes).unwrap();
        match engine.import(desk.path("bad.run")).id("bad").await {
            Err(EngineError::File { message, .. }) => message,
            other => panic!("{what}: {other:?}"),
        }
    };
    // All of the header and the end, and enough places between that each page of the file has several.
    let (end, mut changed) = (whole.len(), whole.clone());
    let places = (0..128).chain((128..end - 64).step_by(53)).chain(end - 64..end);
    for place in places {
        changed[place] ^= 1 << (place % 8);
        refused(&changed, &format!("byte {place} changed")).await;
        changed[place] = whole[place];
        refused(&whole[..place], &format!("cut to {place} bytes")).await;
    }
    assert!(refused(&[&whole[..], b"x"].concat(), "longer").await.contains("damaged"));
    assert!(refused(&whole[..whole.len() - 1], "shorter").await.contains("damaged"));
    assert!(refused(b"Buy milk.\n", "notes").await.contains("is not the file of a run"));
    let mut newer = whole.clone();
    newer[63] += 1;
    assert!(refused(&newer, "newer").await.contains("newer version"));
    let error = engine.import(desk.path("nothing.run")).await.unwrap_err();
    assert!(error.to_string().contains("nothing.run"), "{error}");
    assert_eq!(engine.list(RunFilter::all()).await.unwrap().len(), 2, "nothing was written");
    let left: Vec<_> = std::fs::read_dir(desk.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no drafts are left: {left:?}");
}

#[tokio::test]
async fn a_file_can_be_read_with_sql_and_is_no_database_of_an_engine() {
    let desk = Desk::new();
    let engine = Engine::builder().in_memory().workflow(napper).start().await.unwrap();
    let run = engine.start(napper, 0).id("trip").label("line", "7").await.unwrap();
    run.result().soon().await.unwrap();
    let path = desk.path("trip.run");
    let info = run.export(&path).await.unwrap();
    assert_eq!(info.bytes, path.metadata().unwrap().len());
    let whole = std::fs::read(&path).unwrap();
    let one = |query: &str| {
        let file = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        file.query_row(query, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(one("SELECT workflow FROM steadfast_runs"), "napper");
    assert_eq!(one("SELECT kind FROM steadfast_history WHERE seq = 1"), "run_started");
    assert_eq!(one("SELECT name || value FROM steadfast_labels"), "line7");

    let refused = Engine::builder().sqlite(&path).workflow(napper).start().await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("trip.run") && refused.contains("`Engine::import`"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), whole, "it is left as it was");
    engine.import(&path).id("copy").await.unwrap();
    let mut left: Vec<_> = std::fs::read_dir(desk.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.retain(|name| name != "trip.run");
    assert!(left.is_empty(), "{left:?}");
}

#[derive(StepContext, Clone)]
struct Login {
    #[context(default)]
    password: Option<Secret<String>>,
}

#[step]
async fn hide(times: usize, word: Secret<String>) -> Result<Secret<String>> {
    Ok(Secret::new(word.expose().to_uppercase().repeat(times)))
}

/// Returns whether the secrets are as expected, and the number of bytes that came with them.
#[step]
async fn seen(ctx: &Login, data: Bytes, word: Secret<String>) -> Result<(bool, usize)> {
    let password = ctx.password.as_ref().map(|password| password.expose().as_str());
    Ok((password == Some("SWORDFISH") && word.expose() == "swordfish", data.len()))
}

#[workflow(context = Login)]
async fn login(flow: &mut Flow<Login>, word: Secret<String>) -> Result<Vec<(bool, usize)>> {
    let hidden = hide(&*flow, 1, word.clone()).await?;
    flow.update(|c| c.password(Some(hidden))).await?;
    let first = seen(&*flow, Bytes::from_static(&[1, 2, 3]), word.clone()).await?;
    flow.sleep(Duration::from_millis(600)).await?;
    let second = seen(&*flow, Bytes::from_static(&[1, 2]), word).await?;
    Ok(vec![first, second])
}

fn keys(first: &str) -> StaticKeys {
    StaticKeys::new(Key::new(first, [7; 32]))
}

#[tokio::test]
async fn secrets_travel_sealed_and_need_their_keys() {
    let desk = Desk::new();
    let open = async |database: &str, keys: StaticKeys| {
        let builder = Engine::builder().sqlite(desk.path(database)).evict_after(Duration::ZERO);
        builder.workflow(login).keys(keys).start().await.unwrap()
    };
    let engine = open("a.db", keys("k1")).await;
    let run = engine.start(login, Secret::new("swordfish".to_owned())).id("login").await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    run.export(desk.path("copy.run")).await.unwrap();
    run.export_and_end(desk.path("moved.run")).soon().await.unwrap();
    for file in ["copy.run", "moved.run"] {
        let text = String::from_utf8_lossy(&std::fs::read(desk.path(file)).unwrap()).to_lowercase();
        assert!(text.contains("sealed1:k1:") && !text.contains("swordfish"), "{text}");
    }

    let without = Engine::builder().in_memory().start().await.unwrap();
    let stranger = Engine::builder().in_memory().keys(keys("k2")).start().await.unwrap();
    for engine in [without, stranger] {
        let error = engine.import(desk.path("copy.run")).await.unwrap_err();
        assert!(error.to_string().contains("`k1`") && error.to_string().contains("`login`"), "{error}");
        assert!(engine.list(RunFilter::all()).await.unwrap().is_empty());
    }

    let other = open("b.db", keys("k1")).await;
    other.import(desk.path("copy.run")).id("copy").await.unwrap();
    other.import(desk.path("moved.run")).await.unwrap();
    for id in ["copy", "login"] {
        let result = other.handle(login, id).await.unwrap().result().soon().await.unwrap();
        assert_eq!(result, [(true, 3), (true, 2)]);
    }
}

#[derive(steadfast::Message, serde::Serialize, serde::Deserialize)]
struct Go;

#[workflow]
async fn hushed(flow: &mut Flow) -> Result<Secret<String>> {
    flow.receive::<Go>().await?;
    Ok(Secret::new("swordfish".to_owned()))
}

#[workflow]
async fn hears(flow: &mut Flow) -> Result<usize> {
    let word = flow.start(hushed, ()).id("child").await.await?;
    Ok(word.expose().len())
}

#[tokio::test]
async fn what_a_child_has_ended_with_opens_in_the_copy_although_the_child_is_here() {
    let desk = Desk::new();
    let builder = Engine::builder().sqlite(desk.path("a.db")).evict_after(Duration::ZERO);
    let engine = builder.workflow(hushed).workflow(hears).keys(keys("k1")).start().await.unwrap();
    let run = engine.start(hears, ()).id("parent").await.unwrap();
    limits::until(async || engine.run("child").await.is_ok()).await;
    run.pause(Pause::Drain).await.unwrap();
    wait_for(&run, Status::Paused).await;
    engine.send("child", Go).await.unwrap();
    wait_for(&engine.run("child").await.unwrap(), Status::Completed).await;
    // The result waits in the inbox of the paused run, sealed for the child.
    run.export(desk.path("copy.run")).await.unwrap();
    let copy = engine.import(desk.path("copy.run")).id("copy").await.unwrap();
    for waiting in [copy, engine.run("parent").await.unwrap()] {
        waiting.resume().await.unwrap();
        assert_eq!(engine.handle(hears, waiting.id()).await.unwrap().result().soon().await.unwrap(), 9);
    }
}
