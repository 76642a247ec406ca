//! Needs of a batch that are not met: rows that were not read or not locked, or the exclusion of all other writers.

use super::Sheet;
use crate::store::decide::Related;
use crate::store::postgres::batch::keys::Keys;
use crate::store::{RunRow, StoreError, StoreErrorKind};

impl Sheet {
    /// Notes keys that are missing, and returns the error that ends the decision.
    pub(super) fn missing<T>(&self, note: impl FnOnce(&mut Keys)) -> Result<T, StoreError> {
        note(&mut self.missing.borrow_mut());
        Err(StoreError::new(StoreErrorKind::Io, "a row was not read yet"))
    }

    pub(in crate::store::postgres::batch) fn needs_all<T>(&self) -> Result<T, StoreError> {
        self.needs_all.set(true);
        Err(StoreError::new(StoreErrorKind::Io, "this excludes all other writers"))
    }

    pub(super) fn by_number(&self, run: i64) -> Result<Option<&RunRow>, StoreError> {
        match self.known.runs.get(&run) {
            Some(row) => Ok(row.as_ref()),
            None => self.missing(|keys| {
                keys.runs.insert(run);
            }),
        }
    }

    /// Requires that no other transaction writes to a run until the commit.
    pub(super) fn locked(&self, run: i64) -> Result<(), StoreError> {
        if self.known.locked.contains(&run) {
            Ok(())
        } else {
            self.missing(|keys| {
                keys.locked.insert(run);
            })
        }
    }

    pub(super) fn watchers(&self, run: i64) -> Result<impl Iterator<Item = Related> + '_, StoreError> {
        match self.known.watchers.get(&run) {
            Some(watchers) => self.locked(run).map(|()| watchers.iter().copied()),
            None => self.missing(|keys| {
                keys.locked.insert(run);
                keys.watchers.insert(run);
            }),
        }
    }

    /// Returns those of the runs that accept items, in order.
    pub(super) fn accepting(&self, related: impl Iterator<Item = Related>) -> Result<Vec<Related>, StoreError> {
        let mut accepting = Vec::new();
        let mut complete = Ok(());
        for related in related {
            match self.by_number(related.run) {
                Ok(row) if row.is_some_and(|row| row.status.accepts()) => accepting.push(related),
                Ok(_) => {}
                // The others are noted too, so that one more reading has all.
                Err(error) => complete = Err(error),
            }
        }
        complete?;
        accepting.sort_unstable();
        Ok(accepting)
    }
}
