//! Time zones by their names: the database of the system, or, where it has none, the one compiled in.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The most names that an error suggests.
const SUGGESTED: usize = 3;

/// Returns the time zone of this name.
///
/// # Errors
/// There is none. The message has the nearest names.
pub(super) fn find(name: &str) -> Result<TimeZone, String> {
    if let Ok(zone) = TimeZone::get(name) {
        return Ok(zone);
    }
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let mut near: Vec<_> = names.into_iter().map(|known| (distance(name, &known), known)).collect();
    near.sort();
    let near: Vec<String> = near.into_iter().take(SUGGESTED).map(|(_, name)| format!("`{name}`")).collect();
    let names = "names are those of the IANA database, such as `Europe/Berlin` and `UTC`";
    Err(format!("there is no time zone `{name}`; the nearest names are {}, and all {names}", near.join(", ")))
}

/// Returns how many letters differ between two names, whatever their case. A name that is the last part of the other
/// one, as in `Berlin`, is near.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase().replace(' ', "_"), b.to_lowercase());
    let city = b.rsplit('/').next().unwrap_or(&b);
    edits(&a, &b).min(edits(a.rsplit('/').next().unwrap_or(&a), city) + 1)
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = before + usize::from(letter != *other);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Returns when the wall clock of a zone shows this time for the first time. A time that it skips stands for the first
/// instant after the gap.
pub(super) fn first_instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            // By the offset from before, the skipped time lies after the change.
            let later = before.to_timestamp(local).ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
            zone.preceding(later).next().map(|change| change.timestamp())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn an_unknown_zone_is_answered_with_the_nearest_names() {
        for (name, near) in [
            ("Europe/Berln", "`Europe/Berlin`"),
            ("Berlin", "`Europe/Berlin`"),
            ("America/New York", "`America/New_York`"),
            ("Asia/Calcuta", "`Asia/Calcutta`"),
        ] {
            let message = find(name).expect_err(name);
            assert!(message.contains(&format!("no time zone `{name}`")) && message.contains(near), "{message}");
        }
        assert!(find("europe/berlin").is_ok() && find("UTC").is_ok());
    }
}
