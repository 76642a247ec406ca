//! Durations as text: `3d`, `12h`, `30m`, `10s`, `300ms`.

use std::time::Duration;

/// The units in milliseconds. `ms` stands before `s`, because a text in `ms` also ends with `s`.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Parses a duration. Returns `None` if the text is none.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (number, millis) = UNITS.iter().find_map(|(unit, millis)| Some((text.strip_suffix(unit)?, millis)))?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(*millis).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn a_number_and_a_unit() {
        assert_eq!(parse("2d"), Some(Duration::from_hours(48)));
        assert_eq!(parse("90m"), Some(Duration::from_mins(90)));
        assert_eq!(parse("300ms"), Some(Duration::from_millis(300)));
        for bad in ["", "3", "d", "3 d", "-3d", "+3d", "3.5h", "3w", "99999999999999999999s", "999999999999999999d"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
