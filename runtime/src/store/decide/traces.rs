//! The export of spans: how far it is, and who owes the rest.

use super::{Decided, Decision, Rows};
use crate::store::{Lease, TraceMark, Written};

impl<R: Rows> Decision<'_, R> {
    pub(super) fn mark_traces(&mut self, marks: &[TraceMark]) -> Decided<Written> {
        for mark in marks {
            self.rows.mark_trace(*mark)?;
        }
        Ok(Written::Done)
    }

    pub(super) fn claim_traces(&mut self, lease: Lease) -> Decided<Written> {
        self.held(lease)?;
        let claimed = self.rows.claim_traces(lease.number)?;
        Ok(Written::Number(i64::try_from(claimed).unwrap_or(i64::MAX)))
    }
}
