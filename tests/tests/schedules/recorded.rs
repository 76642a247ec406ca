//! Rows of schedules that earlier builds have written, which every later build must read and fire.
//!
//! `STEADFAST_RECORD=1` writes `fixtures/schedules-1.sql` anew; do that only for a new format, under a new name.

use crate::simulated::{DAY, HOUR, at, runs};
use limits::until;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::Path;
use steadfast::prelude::*;
use steadfast::{Calendar, Engine, EngineBuilder, FiringOutcome, Message, Missed, Overlap, Schedule, Tick, Weekday};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/schedules-1.sql");

#[workflow]
async fn report(_flow: &mut Flow, tick: Tick, team: String) -> Result<String> {
    Ok(format!("{} {team}", tick.schedule))
}

#[derive(Message, Serialize, Deserialize)]
struct End;

/// Ends with a message.
#[workflow]
async fn long(flow: &mut Flow) -> Result<()> {
    flow.receive::<End>().await?;
    Ok(())
}

fn builder(path: &Path) -> EngineBuilder {
    Engine::builder().sqlite(path).workflow(report).workflow(long).skip_sleeps()
}

/// Writes the rows of schedules that have fired, skipped, and wait, as statements.
async fn record(path: &Path) {
    let engine = builder(path).start().await.unwrap();
    let every = Schedule::every(HOUR).phase(HOUR / 2).start(at(60)).end(at(6 * 3_600)).overlap(Overlap::BufferAll);
    engine.schedule("every").set(every.missed(Missed::Skip), long, ()).await.unwrap();
    until(async || engine.schedule("every").info().await.unwrap().waiting.len() == 5).await;
    let calendar = Calendar::new().months([1, 6]).days([1, -1, 8]).nth_weekday(2, Weekday::Friday).at(9, 30);
    let calendar = Schedule::calendar(calendar).zone("America/New_York").except(Calendar::new().date(2020, 12, 25));
    engine.schedule("calendar").set(calendar, report, "blue".to_owned()).await.unwrap();
    let cron = Schedule::cron("30 2 * * MON-FRI").zone("Europe/Berlin").jitter(HOUR).limit(9);
    engine.schedule("cron").set(cron.missed(Missed::Within(DAY)), report, "red".to_owned()).await.unwrap();
    for name in ["calendar", "cron", "every"] {
        engine.schedule(name).pause("recorded").await.unwrap();
    }
    engine.shutdown(DAY).await.unwrap();
    let db = rusqlite::Connection::open(path).unwrap();
    let columns = "name, workflow, version, spec, revision, due, state, form, body";
    let quoted: Vec<String> = columns.split(", ").map(|column| format!("quote({column})")).collect();
    let query = format!("SELECT {} FROM steadfast_schedules ORDER BY name", quoted.join(" || ', ' || "));
    let mut text = String::new();
    let mut statement = db.prepare(&query).unwrap();
    for row in statement.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        writeln!(text, "INSERT INTO steadfast_schedules ({columns}) VALUES ({});", row.unwrap()).unwrap();
    }
    std::fs::write(FIXTURE, text).unwrap();
}

#[tokio::test]
async fn schedules_of_the_first_version_go_on() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    if std::env::var_os("STEADFAST_RECORD").is_some() {
        record(&folder.path().join("recorded.db")).await;
    }
    let path = folder.path().join("resumed.db");
    builder(&path).start().await.unwrap().shutdown(DAY).await.unwrap();
    let script = std::fs::read_to_string(FIXTURE).expect("the fixture is committed");
    rusqlite::Connection::open(&path).unwrap().execute_batch(&script).unwrap();
    let engine = builder(&path).start().await.unwrap();
    let infos = engine.schedules(None).await.unwrap();
    let all: Vec<_> = infos.iter().map(|info| (&*info.name, &*info.workflow, info.paused.as_deref())).collect();
    let paused = Some("recorded");
    assert_eq!(all, [("calendar", "report", paused), ("cron", "report", paused), ("every", "long", paused)]);
    assert_eq!(infos[1].times, "cron `30 2 * * MON-FRI` in Europe/Berlin");
    assert_eq!((infos[2].waiting[0], infos[2].started), (at(5_400), 1));
    assert_eq!(infos[2].last[0].outcome, FiringOutcome::Started { run: "every@2020-01-01T00:30:00Z".to_owned() });
    let cron = engine.schedule("cron");
    cron.resume().await.unwrap();
    until(async || cron.info().await.unwrap().started == 9).await;
    let fired = runs(&cron.info().await.unwrap());
    let run = engine.handle(report, &fired[8]).await.unwrap();
    assert_eq!(run.result().await.unwrap(), "cron red");
    let run = engine.schedule("calendar").trigger().await.unwrap().expect("it starts");
    until(async || run.status().await.unwrap().status.is_final()).await;
    assert_eq!(engine.handle(report, run.id()).await.unwrap().result().await.unwrap(), "calendar blue");
}
