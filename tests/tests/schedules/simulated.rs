//! Schedules in simulated time: the clock jumps from one nominal time to the next.

use limits::{Soon as _, until};
use std::time::{SystemTime, UNIX_EPOCH};
use steadfast::prelude::*;
use steadfast::{
    Calendar, Engine, EngineBuilder, Firing, FiringOutcome, RunFilter, Schedule, ScheduleInfo, Status, Tick, Weekday,
};

/// The time with which a clock that skips sleeps begins: 2020-01-01 in UTC.
pub(crate) const BEGINNING: u64 = 1_577_836_800;

pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(BEGINNING + seconds)
}

/// Returns its nominal time, and the one before, in seconds since the beginning.
#[workflow]
async fn report(_flow: &mut Flow, tick: Tick, team: String) -> Result<(u64, Option<u64>, String, String)> {
    let since = |moment: SystemTime| moment.duration_since(at(0)).expect("later").as_secs();
    Ok((since(tick.nominal), tick.previous.map(since), tick.schedule, team))
}

#[workflow]
async fn ticked(_flow: &mut Flow, tick: Tick) -> Result<String> {
    Ok(tick.schedule)
}

#[workflow]
async fn plain(_flow: &mut Flow, team: String) -> Result<String> {
    Ok(team)
}

#[workflow]
async fn alone(_flow: &mut Flow) -> Result<()> {
    Ok(())
}

#[workflow]
async fn hour(flow: &mut Flow) -> Result<()> {
    Ok(flow.sleep(HOUR).await?)
}

pub(crate) fn builder() -> EngineBuilder {
    Engine::builder().in_memory().skip_sleeps()
}

/// Waits until a schedule has started so many runs.
pub(crate) async fn started(engine: &Engine, schedule: &str, count: u64) -> ScheduleInfo {
    let schedule = engine.schedule(schedule);
    until(async || schedule.info().await.expect("it is there").started >= count).await;
    schedule.info().await.expect("it is there")
}

/// Returns the ids of the runs that a schedule has started, of those that it remembers.
pub(crate) fn runs(info: &ScheduleInfo) -> Vec<String> {
    let run = |firing: &Firing| match &firing.outcome {
        FiringOutcome::Started { run } => Some(run.clone()),
        _ => None,
    };
    info.last.iter().filter_map(run).collect()
}

#[tokio::test]
async fn each_nominal_time_starts_a_run_with_its_tick() {
    let engine = builder().workflow(report).start().await.unwrap();
    let nightly = engine.schedule("nightly");
    let daily = || Schedule::cron("0 3 * * *").limit(3);
    assert!(nightly.set(daily(), report, "red".to_owned()).await.unwrap());
    let info = started(&engine, "nightly", 3).await;
    assert_eq!(
        runs(&info),
        ["nightly@2020-01-01T03:00:00Z", "nightly@2020-01-02T03:00:00Z", "nightly@2020-01-03T03:00:00Z"]
    );
    for (run, (nominal, previous)) in runs(&info).iter().zip([(3, None), (27, Some(3)), (51, Some(27))]) {
        let expected =
            (nominal * 3_600, previous.map(|hours: u64| hours * 3_600), "nightly".to_owned(), "red".to_owned());
        let handle = engine.handle(report, run).await.unwrap();
        assert_eq!(handle.result().soon().await.unwrap(), expected);
    }
    assert_eq!((info.next, info.started, &*info.times), (vec![], 3, "cron `0 3 * * *`"));
    // It is over, and the same declaration changes nothing.
    assert!(!nightly.set(daily(), report, "red".to_owned()).await.unwrap());
    assert_eq!(engine.list(RunFilter::all().label("schedule", "nightly")).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_workflow_takes_a_tick_or_a_value_or_both_or_neither() {
    let engine = builder().workflow(report).workflow(ticked).workflow(plain).workflow(alone).start().await.unwrap();
    let once = || Schedule::every(DAY).limit(1);
    engine.schedule("both").set(once(), report, "red".to_owned()).await.unwrap();
    engine.schedule("tick").set(once(), ticked, ()).await.unwrap();
    engine.schedule("value").set(once(), plain, "blue".to_owned()).await.unwrap();
    engine.schedule("neither").set(once(), alone, ()).await.unwrap();
    // One that takes a pair by itself gets it.
    let pair = (Tick { nominal: at(0), previous: None, schedule: "own".to_owned() }, "green".to_owned());
    engine.schedule("own").set(once(), report, pair).await.unwrap();
    let mut results = Vec::new();
    for name in ["both", "tick", "value", "neither", "own"] {
        let info = started(&engine, name, 1).await;
        let run = engine.run(&runs(&info)[0]).await.unwrap();
        until(async || run.status().await.unwrap().status == Status::Completed).await;
        let last = run.history().await.unwrap().pop().unwrap();
        results.push(last.value.expect("a result").to_string());
    }
    assert_eq!(results[1..4], ["\"tick\"", "\"blue\"", "null"]);
    assert!(results[0].ends_with(",null,\"both\",\"red\"]"), "{results:?}");
    assert_eq!(results[4], "[0,null,\"own\",\"green\"]");
}

#[tokio::test]
async fn a_time_in_the_skipped_hour_starts_its_run_after_it() {
    let engine = builder().workflow(report).start().await.unwrap();
    let nightly = Schedule::cron("30 2 * 3 *").zone("Europe/Berlin").start(at(60 * 86_400)).limit(31);
    engine.schedule("nightly").set(nightly, report, String::new()).await.unwrap();
    let info = started(&engine, "nightly", 31).await;
    let ids = runs(&info);
    assert_eq!(
        ids[7..],
        ["nightly@2020-03-29T01:00:00Z", "nightly@2020-03-30T00:30:00Z", "nightly@2020-03-31T00:30:00Z"]
    );
}

#[tokio::test]
async fn info_shows_what_comes_and_what_was() {
    let engine = builder().workflow(alone).start().await.unwrap();
    let weekly = Calendar::new().weekdays([Weekday::Monday]).at(9, 0);
    let schedule = engine.schedule("weekly");
    schedule.set(Schedule::calendar(weekly).zone("Europe/Paris").limit(12), alone, ()).await.unwrap();
    let info = started(&engine, "weekly", 12).await;
    assert_eq!(info.last.len(), 10, "the last ten");
    assert_eq!(info.last[9].nominal, at(5 * 86_400 + 8 * 3_600 + 11 * 7 * 86_400));
    assert_eq!((info.next.len(), info.waiting.len(), info.paused, info.blocked), (0, 0, None, None));
    assert_eq!((&*info.workflow, info.version), ("alone", 1));
    let json = serde_json::to_value(schedule.info().await.unwrap()).unwrap();
    assert_eq!(json["last"][9]["run"], "weekly@2020-03-23T08:00:00Z");
    // By the real clock, nothing of the year 2100 is due.
    let engine = Engine::builder().in_memory().workflow(alone).start().await.unwrap();
    let distant = engine.schedule("distant");
    let (start, end) = (at(2_524_608_000), at(2_524_608_000 + 12 * 86_400));
    let daily = Calendar::new().at(9, 30);
    distant.set(Schedule::calendar(daily).start(start).end(end), alone, ()).await.unwrap();
    let days = (0..10).map(|day| start + Duration::from_mins(9 * 60 + 30) + day * DAY);
    assert_eq!(distant.info().await.unwrap().next, days.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_backfill_has_the_time_before_each_of_its_times() {
    let engine = builder().workflow(report).start().await.unwrap();
    let schedule = engine.schedule("often");
    schedule.set(Schedule::cron("0 3 * * *").limit(3), report, String::new()).await.unwrap();
    started(&engine, "often", 3).await;
    // It is over, so nothing of the new times is due.
    schedule.set(Schedule::cron("0 * * * *").limit(3), report, String::new()).await.unwrap();
    assert_eq!(schedule.backfill(at(5 * 3_600)..at(8 * 3_600)).await.unwrap(), 3);
    let info = started(&engine, "often", 6).await;
    for (run, hour) in runs(&info)[3..].iter().zip(5..) {
        let (nominal, previous, ..) = engine.handle(report, run).await.unwrap().result().soon().await.unwrap();
        assert_eq!((nominal, previous), (hour * 3_600, Some((hour - 1) * 3_600)));
    }
}

#[tokio::test]
async fn a_trigger_is_none_of_the_times_that_others_have_before_them() {
    let engine = builder().workflow(report).workflow(hour).start().await.unwrap();
    let schedule = engine.schedule("daily");
    let daily = |limit| Schedule::every(DAY).limit(limit);
    schedule.set(daily(1), report, String::new()).await.unwrap();
    started(&engine, "daily", 1).await;
    engine.start(hour, ()).await.unwrap().result().soon().await.unwrap();
    schedule.trigger().await.unwrap().expect("it starts");
    schedule.set(daily(2), report, String::new()).await.unwrap();
    let mut ticks = Vec::new();
    for run in runs(&started(&engine, "daily", 2).await) {
        let (nominal, previous, ..) = engine.handle(report, &run).await.unwrap().result().soon().await.unwrap();
        ticks.push((nominal / 3_600, previous.map(|previous| previous / 3_600)));
    }
    assert_eq!(ticks, [(24, None), (25, Some(24)), (48, Some(24))]);
}

#[tokio::test]
async fn schedules_are_listed_in_pages() {
    let engine = builder().workflow(alone).start().await.unwrap();
    for n in 0..103 {
        let schedule = engine.schedule(format!("s-{n:03}"));
        schedule.set(Schedule::every(DAY).start(at(u64::from(u32::MAX))), alone, ()).await.unwrap();
        schedule.pause("not yet").await.unwrap();
    }
    let first = engine.schedules(None).await.unwrap();
    assert_eq!((first.len(), &*first[99].name), (100, "s-099"));
    let rest = engine.schedules(Some("s-099")).await.unwrap();
    assert_eq!(rest.iter().map(|info| &*info.name).collect::<Vec<_>>(), ["s-100", "s-101", "s-102"]);
    assert!(first.iter().all(|info| info.paused.as_deref() == Some("not yet") && info.next.is_empty()));
}

#[tokio::test]
async fn a_delay_by_jitter_is_no_part_of_the_nominal_time() {
    let engine = builder().workflow(ticked).start().await.unwrap();
    let spread = Schedule::every(HOUR).jitter(Duration::from_mins(30)).limit(2);
    engine.schedule("spread").set(spread, ticked, ()).await.unwrap();
    let info = started(&engine, "spread", 2).await;
    let delays: Vec<_> = info.last.iter().map(|firing| firing.at.duration_since(firing.nominal).unwrap()).collect();
    assert_eq!(delays[0], delays[1]);
    assert!(delays[0] > Duration::ZERO && delays[0] < Duration::from_mins(30), "{delays:?}");
    assert_eq!(runs(&info), ["spread@2020-01-01T01:00:00Z", "spread@2020-01-01T02:00:00Z"]);
}
