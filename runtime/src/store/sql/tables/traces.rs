//! The table of traces.

use super::Tables;
use crate::store::sql::traces::{END_TRACE, MARK_TRACE};
use crate::store::sql::{Cell, Session, read};
use crate::store::{StoreError, TraceMark};

impl<S: Session> Tables<'_, S> {
    pub(super) fn mark_trace_row(&self, mark: TraceMark) -> Result<(), StoreError> {
        match mark.seq {
            Some(seq) => self.execute(MARK_TRACE, &[Cell::Int(mark.run), read::clamped(seq)]),
            None => self.execute(END_TRACE, &[Cell::Int(mark.run)]),
        }
    }
}
