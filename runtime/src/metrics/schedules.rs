//! Schedules: how late their runs start.

use super::names::{self, label, seconds};
use metrics::SharedString;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Records the start of a run of a schedule; both times are in milliseconds since 1970.
pub(crate) fn fired(schedule: &str, nominal: i64, now: i64) {
    if super::is_recording() {
        names::SCHEDULE_LAG.record(seconds(now.saturating_sub(nominal)), [schedule_label(schedule)]);
    }
}

/// The most schedules that have a label of their own: a program may make one for each of its customers.
const SCHEDULES: usize = 100;

/// The label of all others.
const OTHERS: &str = "others";

/// Returns the label of a schedule.
fn schedule_label(schedule: &str) -> SharedString {
    static NAMED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    bounded(&mut named, schedule, SCHEDULES)
}

/// Returns a name as a label, or the label of all others if it would be one too many.
fn bounded(named: &mut BTreeSet<String>, name: &str, most: usize) -> SharedString {
    if !named.contains(name) {
        if named.len() >= most {
            return OTHERS.into();
        }
        named.insert(name.to_owned());
    }
    label(name)
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, OTHERS, bounded};

    #[test]
    fn labels_are_bounded_in_number() {
        let mut named = BTreeSet::new();
        let labels = ["a", "b", "c", "a", "d"].map(|name| bounded(&mut named, name, 2).to_string());
        assert_eq!(labels, ["a", "b", OTHERS, "a", OTHERS]);
    }
}
