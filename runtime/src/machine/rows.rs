//! Checks that the rows which an entry wrote exist.

use super::{Machine, ParkReason};
use crate::command::missing_rows;
use crate::store::{EntryRow, FieldRow};
use std::borrow::Borrow;
use std::collections::VecDeque;

impl Machine {
    /// Checks that no value of an entry is missing: without it the context would be another.
    pub(super) fn check_rows(&self, entry: &EntryRow, rows: &VecDeque<FieldRow>) -> Result<(), ParkReason> {
        let written: Vec<&FieldRow> = rows.iter().rev().take_while(|row| row.seq == entry.seq).collect();
        self.check_written(entry, &written)
    }

    /// Checks the rows of this entry alone.
    pub(super) fn check_written(&self, entry: &EntryRow, written: &[impl Borrow<FieldRow>]) -> Result<(), ParkReason> {
        missing_rows(entry, written).map_or(Ok(()), |missing| Err(self.damaged(&missing)))
    }
}
