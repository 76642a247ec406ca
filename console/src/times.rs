//! Times and lengths for people: relative, with the exact time at hand.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ZonedDateTime, civil};
use maud::{Markup, html};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns a time relative to another, with the exact one in its title and for machines. The script keeps it right.
pub(crate) fn when(now: SystemTime, time: SystemTime) -> Markup {
    html! {
        time datetime=(machine(time)) title=(exact(time)) data-ms=(millis(time)) { (relative(now, time)) }
    }
}

/// Returns a time in full, in UTC.
pub(crate) fn exact(time: SystemTime) -> String {
    format(time, "%Y-%m-%d %H:%M:%S%.3f UTC")
}

/// Returns the time of a day.
pub(crate) fn clock(time: SystemTime, fine: bool) -> String {
    format(time, if fine { "%H:%M:%S%.3f" } else { "%H:%M:%S" })
}

fn machine(time: SystemTime) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

fn format(time: SystemTime, form: &str) -> String {
    match Timestamp::try_from(time) {
        Ok(time) => time.strftime(form).to_string(),
        // Beyond the year 9999.
        Err(_) => format!("{} ms since 1970", millis(time)),
    }
}

pub(crate) fn millis(time: SystemTime) -> i128 {
    let to_i128 = |length: Duration| i128::try_from(length.as_millis()).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => to_i128(after),
        Err(before) => -to_i128(before.duration()),
    }
}

/// Returns the moment of a number of milliseconds since 1970.
pub(crate) fn moment(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

/// Reads a moment: `2h` or `3 days` ago, `2026-11-30` and `2026-11-30T12:00` in UTC, `2026-11-30T12:00:00Z`.
///
/// # Errors
/// It is none.
pub(crate) fn read(text: &str) -> Result<SystemTime, String> {
    let ago = |span: Span| ZonedDateTime::now().checked_sub(span.abs()).map(|time| time.timestamp());
    let civil = |text: &str| TimeZone::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok();
    let moment = text.parse::<Timestamp>().ok().or_else(|| civil(text)).or_else(|| ago(text.parse().ok()?).ok());
    moment.and_then(|moment| SystemTime::try_from(moment).ok()).ok_or_else(|| {
        "write how long ago (`90s`, `2h`, `3d`), or a moment in UTC (`2026-11-30`, `2026-11-30T12:00`)".to_owned()
    })
}

fn relative(now: SystemTime, time: SystemTime) -> String {
    match now.duration_since(time) {
        Ok(age) if age < Duration::from_secs(1) => "now".to_owned(),
        Ok(age) => format!("{} ago", coarse(age)),
        Err(ahead) if ahead.duration() < Duration::from_secs(1) => "now".to_owned(),
        Err(ahead) => format!("in {}", coarse(ahead.duration())),
    }
}

/// Returns a length by its largest unit.
pub(crate) fn coarse(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Returns a length by its two largest units.
pub(crate) fn length(length: Duration) -> String {
    let (seconds, millis) = (length.as_secs(), length.subsec_millis());
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{} s", millis / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// Returns the length between two times; 0 if the clock went back.
pub(crate) fn between(from: SystemTime, until: SystemTime) -> Duration {
    until.duration_since(from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{coarse, exact, length, moment, relative};
    use std::time::Duration;

    #[test]
    fn lengths_and_times_read_as_people_write_them() {
        for (millis, text) in [
            (7, "7 ms"),
            (1_250, "1.2 s"),
            (61_000, "1 min 1 s"),
            (3_600_000 * 5, "5 h 0 min"),
            (86_400_000 * 3 + 3_600_000, "3 d 1 h"),
        ] {
            assert_eq!(length(Duration::from_millis(millis)), text);
        }
        assert_eq!(coarse(Duration::from_hours(50)), "2 d");
        assert_eq!(exact(moment(1_780_000_000_123)), "2026-05-28 20:26:40.123 UTC");
        assert_eq!(relative(moment(10_000), moment(4_000)), "6 s ago");
        assert_eq!(relative(moment(10_000), moment(200_000)), "in 3 min");
        assert_eq!(relative(moment(10_000), moment(10_400)), "now");
    }
}
