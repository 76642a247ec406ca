//! Chooses the suspects to load next: the least suspect first, the most suspect by halves, and alone
//! a run that explains the last death.

use super::record::Record;
use std::time::Duration;

/// A suspect that is held back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) run: i64,
    pub(super) record: Record,
}

/// The runs to load together next, and how long they must have been held back before.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) struct Group {
    pub(in crate::engine) runs: Vec<i64>,
    pub(super) after: Duration,
    /// The count of deaths that each run gets if the process ends now.
    pub(super) rank: u16,
}

/// The longest time for which a run is held back after each start.
pub(super) const LONGEST: Duration = Duration::from_mins(5);

/// Returns the next group of the suspects held back; `None` if there are none. `window` is how long suspects are held
/// back and then watched: longer than the last process took to end. `threshold` is the count of deaths from which a run
/// is a suspect.
pub(super) fn next(held: &[Held], window: Duration, threshold: u32) -> Option<Group> {
    let rank = held.iter().map(|held| held.record.deaths).max()?.saturating_add(1);
    let is_plain = |held: &&Held| held.record.proofs == 0 && held.record.unexplained == 0;
    let plain: Vec<Held> = held.iter().filter(is_plain).copied().collect();
    if let (Some(least), Some(most)) =
        (plain.iter().map(|held| held.record.deaths).min(), plain.iter().map(|held| held.record.deaths).max())
    {
        let mut runs: Vec<i64> = plain.iter().filter(|held| held.record.deaths == least).map(|held| held.run).collect();
        runs.sort_unstable();
        // A group that has died before is never loaded as a whole again: with a culprit in each of two groups, the
        // groups would alternate forever. Among groups that have not, the last process died with one of those with the
        // most deaths.
        let died_before = u32::from(least) > threshold;
        if died_before || (least == most && plain.len() == held.len()) {
            runs.truncate(runs.len().div_ceil(2));
        }
        return Some(Group { runs, after: window, rank });
    }
    // A run that ends the process without a trace comes last, so that the others have had their time by then.
    let last = held.iter().min_by_key(|held| (held.record.unexplained, held.record.proofs, held.run))?;
    Some(Group { runs: vec![last.run], after: backoff(window, last.record.unexplained), rank })
}

/// Returns the wait of a run: an eighth longer after each unexplained end.
fn backoff(window: Duration, unexplained: u16) -> Duration {
    let mut wait = window;
    for _ in 0..unexplained {
        if wait >= LONGEST {
            return LONGEST;
        }
        wait += wait / 8;
    }
    wait.min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::super::record::{PROOFS, Record};
    use super::super::recorder::{Remains, Slot, Stage};
    use super::super::verdict::after_death;
    use super::{Group, Held, LONGEST, backoff, next};
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    const WINDOW: Duration = Duration::from_secs(1);
    const THRESHOLD: u16 = 5;

    /// Simulates starts until the process survives: the number of deaths, and the runs that were found.
    fn play(runs: i64, culprits: &BTreeSet<i64>, polled: bool) -> (u32, BTreeSet<i64>) {
        let mut records: BTreeMap<i64, Record> =
            (1..=runs).map(|run| (run, Record { deaths: THRESHOLD, ..Record::default() })).collect();
        let mut found = BTreeSet::new();
        for deaths in 0.. {
            assert!(deaths < 1_000, "it does not end");
            let mut held: Vec<Held> = records.iter().map(|(run, record)| Held { run: *run, record: *record }).collect();
            let mut slots: BTreeMap<i64, Slot> = BTreeMap::new();
            let slot = |stage, rank, polled| Slot { stage, polled, rank, loaded_at: Duration::ZERO };
            let mut died = false;
            while let Some(Group { runs, rank, .. }) = next(&held, WINDOW, u32::from(THRESHOLD)) {
                let stage = if runs.len() == 1 { Stage::Alone } else { Stage::Group };
                held.retain(|held| !runs.contains(&held.run));
                died = runs.iter().any(|run| culprits.contains(run));
                let stage = if died { stage } else { Stage::Cleared };
                slots
                    .extend(runs.iter().map(|run| (*run, slot(stage, rank, died && polled && culprits.contains(run)))));
                if died {
                    break;
                }
            }
            if !died {
                return (deaths, found);
            }
            slots.extend(held.iter().map(|held| (held.run, slot(Stage::Held, 0, false))));
            let remains = Remains::new(Duration::ZERO, slots.into_iter().collect());
            for (run, record) in &mut records {
                *record = after_death(*run, *record, &remains);
            }
            found.extend(records.iter().filter(|(_, record)| record.is_found()).map(|(run, _)| *run));
            if !polled && let Some(lone) = records.iter().find(|(_, record)| record.unexplained > 0) {
                found.insert(*lone.0);
            }
            records.retain(|run, _| !found.contains(run));
        }
        unreachable!("the loop returns")
    }

    #[test]
    fn one_of_many_is_found_in_a_number_of_starts_that_grows_as_the_logarithm() {
        for runs in [1_i64, 2, 3, 20, 100, 1_000] {
            let log = 64 - (runs.unsigned_abs() - 1).leading_zeros();
            for culprit in [1, runs / 2 + 1, runs] {
                let one = BTreeSet::from([culprit]);
                let (deaths, found) = play(runs, &one, true);
                assert_eq!((deaths, &found), (u32::from(PROOFS), &one), "{runs} runs, {culprit} is polled");
                let (deaths, found) = play(runs, &one, false);
                assert_eq!(found, one, "{runs} runs, {culprit} leaves no trace");
                assert!(deaths <= log + 1, "{deaths} deaths for {runs} runs");
            }
        }
    }

    #[test]
    fn several_are_found_and_none_but_them() {
        let culprits = BTreeSet::from([3, 40, 41, 99]);
        for polled in [true, false] {
            let (deaths, found) = play(100, &culprits, polled);
            assert_eq!(found, culprits);
            assert!(deaths <= 4 * (u32::from(PROOFS) + 7), "{deaths} deaths");
        }
    }

    #[test]
    fn a_run_that_ends_the_process_without_a_trace_comes_later_and_later() {
        let waits: Vec<Duration> = (0..100).map(|n| backoff(WINDOW, n)).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((waits[0], waits[99], backoff(LONGEST * 2, u16::MAX)), (WINDOW, LONGEST, LONGEST));
    }
}
