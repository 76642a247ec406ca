//! Daily times over both changes of daylight saving, exclusions, and rules that never fire.

use crate::schedule::{Calendar, Schedule, Spec, Times, Weekday, shown};
use jiff::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn times(schedule: &Schedule) -> Times {
    schedule.spec.times("nightly").expect("a sound schedule")
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a moment").as_millisecond()
}

fn moment(text: &str) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at(text).unsigned_abs())
}

/// Returns the times after a moment and up to another.
fn between(times: &Times, from: &str, until: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = at(from);
    while let Some(next) = times.after(after).filter(|next| *next <= at(until)) {
        found.push(shown(next));
        after = next;
    }
    found
}

/// Zone, cron text, from, until, and the instants.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

/// A fixed time in the skipped hour is the first instant after it, and one in the repeated hour is once.
const FIXED: &[Row] = &[
    (
        "Europe/Berlin",
        "30 2 * * *",
        "2026-03-28T00:00:00Z",
        "2026-03-30T12:00:00Z",
        &["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    ),
    (
        "Europe/Berlin",
        "30 2 * * *",
        "2026-10-24T00:00:00Z",
        "2026-10-26T12:00:00Z",
        &["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    ),
    ("Europe/Berlin", "15,45 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", &["2026-03-29T01:00:00Z"]),
    (
        "America/New_York",
        "30 2 * * *",
        "2026-03-07T00:00:00Z",
        "2026-03-09T12:00:00Z",
        &["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
    ),
    (
        "America/New_York",
        "30 1 * * *",
        "2026-10-31T00:00:00Z",
        "2026-11-02T12:00:00Z",
        &["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
    ),
    // Its clocks change by half an hour.
    (
        "Australia/Lord_Howe",
        "15 2 * * *",
        "2026-10-02T00:00:00Z",
        "2026-10-05T00:00:00Z",
        &["2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    ),
    (
        "Australia/Lord_Howe",
        "45 1 * * *",
        "2026-04-03T00:00:00Z",
        "2026-04-06T00:00:00Z",
        &["2026-04-03T14:45:00Z", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
    ),
    // Midnight is skipped, and the hour before it repeated.
    (
        "America/Sao_Paulo",
        "0 0 * * *",
        "2018-11-03T00:00:00Z",
        "2018-11-05T12:00:00Z",
        &["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"],
    ),
    (
        "America/Sao_Paulo",
        "30 23 * * *",
        "2018-02-17T00:00:00Z",
        "2018-02-19T12:00:00Z",
        &["2018-02-17T01:30:00Z", "2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"],
    ),
    (
        "Asia/Beirut",
        "0 0 * * *",
        "2026-03-27T12:00:00Z",
        "2026-03-30T00:00:00Z",
        &["2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"],
    ),
    (
        "Asia/Beirut",
        "30 23 * * *",
        "2026-10-23T00:00:00Z",
        "2026-10-26T00:00:00Z",
        &["2026-10-23T20:30:00Z", "2026-10-24T20:30:00Z", "2026-10-25T21:30:00Z"],
    ),
    (
        "Africa/Cairo",
        "0 0 * * *",
        "2026-04-22T12:00:00Z",
        "2026-04-25T00:00:00Z",
        &["2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"],
    ),
    (
        "Africa/Cairo",
        "30 23 * * *",
        "2026-10-28T00:00:00Z",
        "2026-10-31T00:00:00Z",
        &["2026-10-28T20:30:00Z", "2026-10-29T20:30:00Z", "2026-10-30T21:30:00Z"],
    ),
    // A whole day is skipped.
    (
        "Pacific/Apia",
        "0 10 * * *",
        "2011-12-29T12:00:00Z",
        "2011-12-31T12:00:00Z",
        &["2011-12-29T20:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T20:00:00Z"],
    ),
];

/// Times with wildcards are left out in the gap, and are there in both passes.
const WILDCARDS: &[Row] = &[
    (
        "Europe/Berlin",
        "*/30 2 * * *",
        "2026-03-28T00:00:00Z",
        "2026-03-30T12:00:00Z",
        &["2026-03-28T01:00:00Z", "2026-03-28T01:30:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z"],
    ),
    (
        "Europe/Berlin",
        "*/30 2 * * *",
        "2026-10-25T00:00:00Z",
        "2026-10-25T12:00:00Z",
        &["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"],
    ),
    (
        "America/New_York",
        "0 * * * *",
        "2026-03-08T05:00:00Z",
        "2026-03-08T08:00:00Z",
        &["2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"],
    ),
    (
        "Australia/Lord_Howe",
        "*/15 1 * * *",
        "2026-04-04T13:00:00Z",
        "2026-04-04T20:00:00Z",
        &[
            "2026-04-04T14:00:00Z",
            "2026-04-04T14:15:00Z",
            "2026-04-04T14:30:00Z",
            "2026-04-04T14:45:00Z",
            "2026-04-04T15:00:00Z",
            "2026-04-04T15:15:00Z",
        ],
    ),
    (
        "Australia/Lord_Howe",
        "*/15 2 * * *",
        "2026-10-03T12:00:00Z",
        "2026-10-03T20:00:00Z",
        &["2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z"],
    ),
    (
        "America/Sao_Paulo",
        "*/30 0 * * *",
        "2018-11-04T00:00:00Z",
        "2018-11-05T12:00:00Z",
        &["2018-11-05T02:00:00Z", "2018-11-05T02:30:00Z"],
    ),
];

#[test]
fn a_daily_time_over_both_changes_of_daylight_saving() {
    for (zone, text, from, until, expected) in FIXED.iter().chain(WILDCARDS) {
        let times = times(&Schedule::cron(*text).zone(*zone));
        assert_eq!(between(&times, from, until), *expected, "{text} in {zone}");
    }
}

#[test]
fn a_calendar_has_the_fixed_times_of_its_days() {
    for (zone, text, from, until, expected) in FIXED {
        let fields: Vec<&str> = text.split(' ').collect();
        let minutes = fields[0].split(',').map(|minute| minute.parse().expect("a minute"));
        let hour = fields[1].parse().expect("an hour");
        let calendar = minutes.fold(Calendar::new(), |calendar, minute| calendar.at(hour, minute));
        let times = times(&Schedule::calendar(calendar).zone(*zone));
        assert_eq!(between(&times, from, until), *expected, "{text} in {zone}");
    }
}

#[test]
fn days_are_counted_from_both_ends_of_a_month() {
    let days = |calendar: Calendar| {
        between(&times(&Schedule::calendar(calendar)), "2026-01-31T12:00:00Z", "2026-05-01T00:00:00Z")
    };
    assert_eq!(
        days(Calendar::new().days([-1])),
        ["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"]
    );
    assert_eq!(
        days(Calendar::new().nth_weekday(2, Weekday::Tuesday).at(10, 30)),
        ["2026-02-10T10:30:00Z", "2026-03-10T10:30:00Z", "2026-04-14T10:30:00Z"]
    );
    assert_eq!(
        days(Calendar::new().nth_weekday(-1, Weekday::Friday)),
        ["2026-02-27T00:00:00Z", "2026-03-27T00:00:00Z", "2026-04-24T00:00:00Z"]
    );
    assert_eq!(days(Calendar::new().months([3]).days([1]).weekdays([Weekday::Sunday])), ["2026-03-01T00:00:00Z"]);
    assert_eq!(
        days(Calendar::new().date(2026, 4, 3).date(2026, 2, 3)),
        ["2026-02-03T00:00:00Z", "2026-04-03T00:00:00Z"]
    );
    // The same as cron texts.
    for (text, expected) in [
        ("0 0 L * *", ["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"]),
        ("30 10 * * TUE#2", ["2026-02-10T10:30:00Z", "2026-03-10T10:30:00Z", "2026-04-14T10:30:00Z"]),
        ("0 0 * * FRI#L", ["2026-02-27T00:00:00Z", "2026-03-27T00:00:00Z", "2026-04-24T00:00:00Z"]),
    ] {
        let times = times(&Schedule::cron(text));
        assert_eq!(between(&times, "2026-01-31T12:00:00Z", "2026-05-01T00:00:00Z"), expected, "{text}");
    }
}

#[test]
fn intervals_start_and_end_limits_and_exclusions() {
    let every = Schedule::every(Duration::from_mins(90)).phase(Duration::from_mins(10));
    let of = |schedule| between(&times(&schedule), "2026-03-29T00:00:00Z", "2026-03-29T04:00:00Z");
    assert_eq!(of(every.clone()), ["2026-03-29T00:10:00Z", "2026-03-29T01:40:00Z", "2026-03-29T03:10:00Z"]);
    let within = every.clone().start(moment("2026-03-29T01:40:00Z")).end(moment("2026-03-29T03:10:00Z"));
    assert_eq!(of(within), ["2026-03-29T01:40:00Z"]);
    assert_eq!(of(every.except(Calendar::new().at(1, 40))), ["2026-03-29T00:10:00Z", "2026-03-29T03:10:00Z"]);
    // The day that is left out is one of the zone.
    let hourly = Schedule::cron("0 */6 * * *").zone("America/New_York").except(Calendar::new().date(2026, 3, 8));
    assert_eq!(
        between(&times(&hourly), "2026-03-07T20:00:00Z", "2026-03-09T11:00:00Z"),
        ["2026-03-07T23:00:00Z", "2026-03-09T04:00:00Z", "2026-03-09T10:00:00Z"]
    );
}

/// Zone, cron text, the hour and minute that are left out, from, until, and the instants.
type Excluded = (&'static str, &'static str, (u8, u8), &'static str, &'static str, &'static [&'static str]);

/// A fixed time is left out by what the wall clock shows, whatever instant it stands for.
const EXCLUDED: &[Excluded] = &[
    ("Europe/Berlin", "30 2 * * *", (2, 30), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", &[]),
    (
        "Europe/Berlin",
        "30 2 * * *",
        (3, 0),
        "2026-03-28T12:00:00Z",
        "2026-03-30T12:00:00Z",
        &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    ),
    // Two times of the gap are one instant: one of them is left out.
    (
        "Europe/Berlin",
        "15,45 2 * * *",
        (2, 15),
        "2026-03-29T00:00:00Z",
        "2026-03-29T12:00:00Z",
        &["2026-03-29T01:00:00Z"],
    ),
    (
        "Europe/Berlin",
        "15,45 2 * * *",
        (2, 45),
        "2026-03-29T00:00:00Z",
        "2026-03-29T12:00:00Z",
        &["2026-03-29T01:00:00Z"],
    ),
    (
        "Europe/Berlin",
        "30 2,3 * * *",
        (2, 30),
        "2026-10-25T00:00:00Z",
        "2026-10-26T12:00:00Z",
        &["2026-10-25T02:30:00Z", "2026-10-26T02:30:00Z"],
    ),
    ("America/Sao_Paulo", "0 0 * * *", (0, 0), "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z", &[]),
    ("Pacific/Apia", "0 10 * * *", (10, 0), "2011-12-29T21:00:00Z", "2011-12-31T12:00:00Z", &[]),
    // With wildcards, both passes show it.
    (
        "Europe/Berlin",
        "*/30 2 * * *",
        (2, 30),
        "2026-10-25T00:00:00Z",
        "2026-10-25T12:00:00Z",
        &["2026-10-25T01:00:00Z"],
    ),
];

#[test]
fn a_time_is_left_out_by_what_the_wall_clock_shows() {
    for (zone, text, (hour, minute), from, until, expected) in EXCLUDED {
        let schedule = Schedule::cron(*text).zone(*zone).except(Calendar::new().at(*hour, *minute));
        assert_eq!(between(&times(&schedule), from, until), *expected, "{text} in {zone} but {hour}:{minute:02}");
    }
    // A day that the zone skips is left out by its own date.
    let daily = Schedule::cron("0 10 * * *").zone("Pacific/Apia").except(Calendar::new().date(2011, 12, 30));
    let found = between(&times(&daily), "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z");
    assert_eq!(found, ["2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z"]);
}

#[test]
fn the_last_time_and_the_number_of_times_are_found_without_visiting_all() {
    let daily = times(&Schedule::cron("30 2 * * *").zone("Europe/Berlin"));
    assert_eq!(daily.last_due(0, at("2026-10-25T12:00:00Z")).map(shown).as_deref(), Some("2026-10-25T00:30:00Z"));
    assert_eq!(daily.last_due(at("2026-10-25T00:30:00Z"), at("2026-10-25T12:00:00Z")), None);
    let often = times(&Schedule::every(Duration::from_millis(1)));
    assert_eq!(often.last_due(0, 1_000_000_000_000), Some(1_000_000_000_000));
    assert_eq!(
        (often.count(0, 1_000_000, 1_000), daily.count(at("2026-01-01T00:00:00Z"), at("2026-01-11T00:00:00Z"), 1_000)),
        (1_000, 10)
    );
}

#[test]
fn jitter_is_the_same_for_a_name_and_differs_between_names() {
    let spread = Schedule::cron("0 3 * * *").jitter(Duration::from_mins(10));
    let delay = |name: &str| spread.spec.times(name).expect("sound").due(0);
    assert_eq!(delay("nightly"), delay("nightly"));
    let delays: std::collections::BTreeSet<i64> = (0..100).map(|n| delay(&format!("nightly-{n}"))).collect();
    assert!(delays.len() > 90 && delays.iter().all(|delay| (0..600_000).contains(delay)), "{delays:?}");
}

#[test]
fn what_can_never_fire_is_refused() {
    let refused =
        |schedule: Schedule| schedule.spec.check("nightly", at("2026-01-01T00:00:00Z")).map(drop).expect_err("refused");
    let daily = || Schedule::cron("0 3 * * *");
    for (schedule, why) in [
        (Schedule::cron("0 0 30 2 *"), "it never fires: cron `0 0 30 2 *` has no time"),
        (Schedule::calendar(Calendar::new().date(2025, 12, 24)), "it never fires: calendar"),
        (daily().except(Calendar::new()), "that is not excluded"),
        (daily().except(Calendar::new().at(3, 0)), "that is not excluded"),
        (daily().end(moment("2026-01-01T02:00:00Z")), "no time before its end, 2026-01-01T02:00:00Z"),
        (
            daily().start(moment("2026-03-01T00:00:00Z")).end(moment("2026-02-01T00:00:00Z")),
            "is not before its end, 2026-02-01",
        ),
        (Schedule::every(Duration::ZERO), "shorter than 1 ms"),
        (Schedule::every(Duration::from_micros(900)), "shorter than 1 ms"),
        (daily().limit(0), "a limit of 0 runs"),
        (daily().zone("Europe/Berln"), "`Europe/Berlin`"),
        (Schedule::calendar(Calendar::new().at(24, 0)), "a time is from 0:00 to 23:59, not 24:00"),
        (Schedule::calendar(Calendar::new().days([0])), "from 1 to 31 or from -1 to -31, not 0"),
        (Schedule::calendar(Calendar::new().months([13])), "a month is from 1 to 12, not 13"),
        (daily().except(Calendar::new().date(2026, 2, 29)), "there is no date 2026-02-29"),
        (Schedule::calendar(Calendar::new().nth_weekday(6, Weekday::Monday)), "from 1 to 5 or from -1 to -5, not 6"),
    ] {
        let message = refused(schedule);
        assert!(message.contains(why), "{message}");
    }
    // A day that comes once in 28 years does fire.
    assert!(Schedule::cron("0 0 29 2 +MON").spec.check("rare", at("2026-01-01T00:00:00Z")).is_ok());
}

#[test]
fn a_schedule_is_stored_and_read_back() {
    let calendar = Calendar::new().months([1]).days([-1]).nth_weekday(2, Weekday::Friday).at(9, 30);
    for schedule in [
        Schedule::cron("0 3 * * *").zone("Europe/Berlin").jitter(Duration::from_secs(3)).limit(7),
        Schedule::calendar(calendar)
            .except(Calendar::new().date(2026, 12, 25))
            .missed(crate::Missed::Within(Duration::from_secs(9))),
        Schedule::every(Duration::from_mins(1))
            .phase(Duration::from_secs(5))
            .start(UNIX_EPOCH)
            .overlap(crate::Overlap::Allow),
    ] {
        let read: Spec = serde_json::from_str(&schedule.spec.to_json()).expect("it is read");
        assert_eq!(read, schedule.spec);
    }
}
