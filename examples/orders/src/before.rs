//! The results of earlier starts.

use crate::workflow::run_id;
use std::collections::HashSet;
use steadfast::{Engine, Result, RunFilter, Status};

/// The orders that the database held when this start began.
pub(crate) struct Before {
    ended: HashSet<String>,
    pub(crate) under_way: usize,
}

impl Before {
    /// Lists all runs of the database.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn look(engine: &Engine) -> Result<Self> {
        let mut before = Self { ended: HashSet::new(), under_way: 0 };
        let mut filter = RunFilter::all();
        loop {
            let page = engine.list(filter).await?;
            let Some(last) = page.last() else { return Ok(before) };
            filter = RunFilter::all().after(last.number);
            for run in page {
                if matches!(run.status, Status::Completed | Status::Failed | Status::Cancelled) {
                    before.ended.insert(run.id);
                } else {
                    before.under_way += 1;
                }
            }
        }
    }

    /// Returns whether an order had ended.
    pub(crate) fn has_ended(&self, order: u64) -> bool {
        self.ended.contains(&run_id(order))
    }

    /// Returns whether a ledger can belong to this database: an ended run has left entries, and entries come only from
    /// started runs.
    pub(crate) fn fits(&self, ledger_was_empty: bool) -> bool {
        if ledger_was_empty { self.ended.is_empty() } else { !self.ended.is_empty() || self.under_way > 0 }
    }
}
