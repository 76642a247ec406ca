//! Times as people write and read them.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ZonedDateTime, civil};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads a moment: `2h` or `3 days` ago, `2026-11-30`, `2026-11-30T12:00` here, `2026-11-30T12:00:00Z`.
pub(crate) fn moment(text: &str) -> Result<SystemTime, String> {
    let moment = written(text).or_else(|| ago(text)).and_then(|moment| SystemTime::try_from(moment).ok());
    moment.ok_or_else(|| {
        "it is no time; write how long ago (`90s`, `2h`, `3d`), or a moment (`2026-11-30`, `2026-11-30T12:00:00Z`)"
            .to_owned()
    })
}

/// Reads a moment with its offset, or a date and a time of day here.
fn written(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| TimeZone::system().to_timestamp(text.parse::<civil::DateTime>().ok()?).ok())
}

fn ago(text: &str) -> Option<Timestamp> {
    let ago = text.parse::<Span>().ok()?.abs();
    Some(ZonedDateTime::now().checked_sub(ago).ok()?.timestamp())
}

/// Reads a length of time: `500ms`, `1s`, `2 minutes`.
pub(crate) fn length(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|length| length.try_into().ok())
}

/// Writes a time in UTC: to the second for people, to the millisecond for programs.
pub(crate) fn shown(time: SystemTime, for_people: bool) -> String {
    let Ok(moment) = Timestamp::try_from(time) else {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        return format!("{} s after 1970", since.as_secs());
    };
    if for_people { moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string() } else { format!("{moment:.3}") }
}

#[cfg(test)]
mod tests {
    use super::{length, moment, shown};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[test]
    fn a_time_is_read_and_shown() {
        let read = moment("2026-11-30T12:00:00.25Z").expect("a moment");
        assert_eq!(shown(read, true), "2026-11-30 12:00:00Z");
        assert_eq!(shown(read, false), "2026-11-30T12:00:00.250Z");
        let before = moment("2h").expect("a moment");
        let ago = SystemTime::now().duration_since(before).expect("it is over");
        assert!(ago >= Duration::from_hours(2) && ago < Duration::from_hours(3), "{ago:?}");
        assert!(moment("3 days ago").is_ok() && moment("2026-11-30").is_ok() && moment("2026-11-30T12:00").is_ok());
        assert_eq!(
            (length("100ms"), length("1s"), length("-1s")),
            (Some(Duration::from_millis(100)), Some(Duration::from_secs(1)), None)
        );
        assert!(moment("soon").is_err() && moment("").is_err());
        assert_eq!(shown(UNIX_EPOCH, false), "1970-01-01T00:00:00.000Z");
    }
}
