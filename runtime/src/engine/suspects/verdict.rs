//! Judges what the death of a process says about a run at work in it.

use super::record::{PROOFS, Record};
use super::recorder::{Remains, Slot, Stage};

/// Returns the record of a run after the death of a process that had it at work.
///
/// If the code of a run on probation was being polled, that explains the death. A death while all suspects were held
/// back has nothing to do with them, so its cause came from outside.
pub(super) fn after_death(run: i64, record: Record, remains: &Remains) -> Record {
    let explained = remains.explained;
    let more_deaths = |rank: u16| rank.max(record.deaths.saturating_add(1));
    let more_proofs = |most: u8| record.proofs.saturating_add(1).min(most);
    let Some(slot) = remains.slots.get(&run) else {
        return if explained { record } else { Record { deaths: more_deaths(0), ..record } };
    };
    match *slot {
        Slot { stage: Stage::Held, .. } if remains.on_probation => record,
        Slot { stage: Stage::Held, .. } => Record::default(),
        Slot { stage: Stage::Alone, polled: true, rank, .. } => {
            Record { deaths: more_deaths(rank), proofs: more_proofs(PROOFS), ..record }
        }
        // Others of its group may have been polled at the same time, so it must be found alone.
        Slot { stage: Stage::Group, polled: true, rank, .. } => {
            Record { deaths: more_deaths(rank), proofs: more_proofs(PROOFS - 1), ..record }
        }
        Slot { stage: Stage::Alone, .. } if !explained => {
            Record { proofs: 0, unexplained: record.unexplained.saturating_add(1), ..record }
        }
        Slot { stage: Stage::Group, rank, .. } if !explained => {
            Record { deaths: more_deaths(rank), proofs: 0, ..record }
        }
        // Its probation was too short, or it happened to be polled.
        Slot { stage: Stage::Cleared, polled: true, .. } if !explained => {
            Record { proofs: more_proofs(PROOFS - 1), ..record }
        }
        Slot { .. } => Record { proofs: 0, ..record },
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Record;
    use super::super::recorder::{Remains, Slot, Stage};
    use super::after_death;
    use std::time::Duration;

    fn remains(slots: &[(i64, Stage, bool)]) -> Remains {
        let slot = |&(run, stage, polled): &(i64, Stage, bool)| {
            (run, Slot { stage, polled, rank: 9, loaded_at: Duration::ZERO })
        };
        Remains::new(Duration::ZERO, slots.iter().map(slot).collect())
    }

    const BEFORE: Record = Record { deaths: 5, proofs: 1, unexplained: 2 };

    #[test]
    fn an_end_while_all_suspects_were_held_back_clears_them() {
        let held = (1, Stage::Held, false);
        assert_eq!(after_death(1, BEFORE, &remains(&[held])), Record::default());
        assert_eq!(after_death(1, BEFORE, &remains(&[held, (2, Stage::Cleared, false)])), Record::default());
        assert_eq!(after_death(1, BEFORE, &remains(&[held, (2, Stage::Group, false)])), BEFORE);
    }

    #[test]
    fn an_end_counts_for_what_was_at_work_unless_a_polled_suspect_explains_it() {
        assert_eq!(after_death(1, BEFORE, &remains(&[])), Record { deaths: 6, ..BEFORE });
        assert_eq!(after_death(1, BEFORE, &remains(&[(2, Stage::Alone, true)])), BEFORE);
        assert_eq!(after_death(1, BEFORE, &remains(&[(2, Stage::Cleared, true)])), Record { deaths: 6, ..BEFORE });
    }

    #[test]
    fn a_run_is_found_alone_and_polled_only() {
        let almost = Record { proofs: 3, ..BEFORE };
        assert!(after_death(1, almost, &remains(&[(1, Stage::Alone, true)])).is_found());
        assert!(!after_death(1, almost, &remains(&[(1, Stage::Group, true)])).is_found());
        assert!(!after_death(1, almost, &remains(&[(1, Stage::Cleared, true)])).is_found());
        let pending = after_death(1, almost, &remains(&[(1, Stage::Alone, false)]));
        assert_eq!(pending, Record { proofs: 0, unexplained: 3, ..BEFORE });
    }

    #[test]
    fn a_group_that_dies_without_a_polled_run_becomes_more_suspect_than_all_others() {
        let of_group = remains(&[(1, Stage::Group, false), (2, Stage::Cleared, false)]);
        assert_eq!(after_death(1, BEFORE, &of_group), Record { deaths: 9, proofs: 0, ..BEFORE });
        assert_eq!(after_death(2, BEFORE, &of_group), Record { proofs: 0, ..BEFORE });
        let explained = remains(&[(1, Stage::Group, false), (2, Stage::Group, true)]);
        assert_eq!(after_death(1, BEFORE, &explained), Record { proofs: 0, ..BEFORE });
    }
}
