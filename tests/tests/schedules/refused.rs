//! Bad input: each error names what, where, and what to do.

use crate::simulated::{DAY, at, builder};
use steadfast::prelude::*;
use steadfast::{Calendar, Engine, EngineError, Key, Schedule, Secret, StaticKeys, Tick};

#[workflow]
async fn report(_flow: &mut Flow, tick: Tick, team: String) -> Result<String> {
    Ok(format!("{} {team}", tick.schedule))
}

#[workflow]
async fn secretly(_flow: &mut Flow, _secret: Secret<String>) -> Result<()> {
    Ok(())
}

async fn refused(engine: &Engine, schedule: Schedule) -> String {
    let set = engine.schedule("nightly").set(schedule, report, String::new()).await;
    let message = set.expect_err("it is refused").to_string();
    assert!(message.starts_with("schedule `nightly`: "), "{message}");
    message
}

#[tokio::test]
async fn what_cannot_fire_is_refused_with_the_reason() {
    let engine = builder().workflow(report).start().await.unwrap();
    for (schedule, expected) in [
        (Schedule::cron("0 25 * * *"), "`25` is no hour. Allowed: 0 to 23, `*`, `,`, `-`, `/`"),
        (
            Schedule::cron("0 3 * *"),
            "has 4 fields. It has five: minute, hour, day of the month, month, day of the week",
        ),
        (
            Schedule::cron("0 3 * * *").zone("Europe/Berln"),
            "no time zone `Europe/Berln`; the nearest names are `Europe/Berlin`",
        ),
        (Schedule::every(Duration::ZERO), "the interval is shorter than 1 ms"),
        (Schedule::cron("0 3 * * *").start(at(9)).end(at(3)), "its start, 2020-01-01T00:00:09Z, is not before its end"),
        (Schedule::cron("0 0 30 2 *"), "it never fires: cron `0 0 30 2 *` has no time that is not excluded"),
        (Schedule::every(DAY).except(Calendar::new()), "it never fires: every 86400s has no time that is not excluded"),
        (Schedule::every(DAY).limit(0), "a limit of 0 runs"),
        (Schedule::calendar(Calendar::new().at(3, 60)), "a time is from 0:00 to 23:59, not 3:60"),
    ] {
        let message = refused(&engine, schedule).await;
        assert!(message.contains(expected), "{message}");
    }
    assert!(engine.schedules(None).await.unwrap().is_empty(), "nothing was created");
}

#[tokio::test]
async fn an_engine_with_a_schedule_that_is_wrong_or_declared_twice_does_not_start() {
    let with = |text: &str| builder().workflow(report).schedule("nightly", Schedule::cron(text), report, String::new());
    let wrong = with("0 25 * * *").start().await.expect_err("it can never fire");
    assert!(wrong.to_string().starts_with("schedule `nightly`: the cron text `0 25 * * *`"), "{wrong}");
    let twice = with("0 3 * * *").schedule("nightly", Schedule::every(DAY), report, String::new());
    let twice = twice.start().await.expect_err("twice").to_string();
    assert!(twice.contains("schedule `nightly` is declared twice: keep one `.schedule(\"nightly\", ..)`"), "{twice}");
    let missing = builder().schedule("nightly", Schedule::every(DAY), report, String::new());
    let missing = missing.start().await.expect_err("no such workflow");
    assert!(matches!(missing, EngineError::UnknownWorkflow { .. }), "{missing}");
}

#[tokio::test]
async fn a_schedule_that_does_not_exist_is_named() {
    let engine = builder().workflow(report).start().await.unwrap();
    let none = engine.schedule("none");
    let expected = "schedule `none`: there is none of this name: create it with `engine.schedule(\"none\").set(..)`";
    for error in [
        none.info().await.expect_err("none"),
        none.pause("").await.expect_err("none"),
        none.resume().await.expect_err("none"),
        none.trigger().await.expect_err("none"),
        none.backfill(at(0)..at(9)).await.expect_err("none"),
        none.delete().await.expect_err("none"),
    ] {
        assert_eq!(error.to_string(), expected);
    }
    for name in [String::new(), "n".repeat(401)] {
        let set = engine.schedule(name).set(Schedule::every(DAY), report, String::new()).await;
        assert!(set.expect_err("such a name").to_string().contains("bytes"));
    }
}

#[tokio::test]
async fn a_workflow_that_is_not_registered_is_refused_by_name() {
    let engine = builder().start().await.unwrap();
    let set = engine.schedule("nightly").set(Schedule::every(DAY), report, String::new()).await;
    let error = set.expect_err("it is not registered");
    assert!(matches!(&error, EngineError::UnknownWorkflow { name, version: 1 } if name == "report"), "{error}");
}

#[tokio::test]
async fn a_secret_is_no_value_of_a_schedule() {
    let keys = StaticKeys::new(Key::new("k", [7; 32]));
    let engine = builder().keys(keys).workflow(secretly).start().await.unwrap();
    let set = engine.schedule("nightly").set(Schedule::every(DAY), secretly, Secret::new("x".to_owned())).await;
    let message = set.expect_err("it would be in clear").to_string();
    assert!(message.contains("A schedule has no keys, so its value cannot have a `Secret`"), "{message}");
    assert!(engine.schedules(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_range_of_too_many_times_is_refused() {
    let engine = builder().workflow(report).start().await.unwrap();
    let often = engine.schedule("often");
    let rule = Schedule::every(Duration::from_secs(1)).start(at(1_000_000_000));
    often.set(rule, report, String::new()).await.unwrap();
    often.pause("its times would never end").await.unwrap();
    let refused = often.backfill(at(1_000_000_000)..at(1_000_100_000)).await.expect_err("too many");
    assert!(refused.to_string().contains("more than 1000 times wait"), "{refused}");
    assert!(often.info().await.unwrap().waiting.is_empty());
}
