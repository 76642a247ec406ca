//! The time of a scenario: it passes when nothing else can happen.

use super::scenario::{LONGEST, Scenario};
use crate::store::RunRow;
use std::collections::BTreeSet;
use std::time::Duration;

impl Scenario<'_> {
    /// Returns the clock of the database.
    pub(super) fn clock(&self) -> Result<i64, String> {
        self.store.clock().map_err(|error| error.to_string())
    }

    /// Lets time pass. That of the database passes by itself if its clock is real.
    pub(super) async fn pass(&mut self, due: i64, is_of_database: bool) -> Result<(), String> {
        let wait = due - self.now;
        self.now = self.now.max(due);
        if !self.store.set_clock(self.now) && is_of_database {
            let wait = Duration::from_millis(wait.unsigned_abs());
            if wait > LONGEST {
                return Err(format!(
                    "a task of a queue is due in {wait:?} by the clock of the file that `.sql(..)` makes, \
                                    which is that of the machine"
                ));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Returns when something is due next, with the run; `None` for the tasks of queues.
    pub(super) fn next_due(&self) -> Result<Option<(i64, Option<i64>)>, String> {
        let loaded = self.loaded.iter().filter_map(|(number, loaded)| Some((loaded.run.next_due()?, *number)));
        let runs = loaded.chain(self.next_evicted()?).map(|(due, number)| (due, Some(number)));
        Ok(runs.chain(self.next_in_queues()?.map(|due| (due, None))).min_by_key(|(due, _)| *due))
    }

    /// Returns when time alone lets something happen in queues, on the clock of the scenario.
    fn next_in_queues(&self) -> Result<Option<i64>, String> {
        if !self.places.is_used && !self.far.is_used {
            return Ok(None);
        }
        let clock = self.clock()?;
        let mut next = BTreeSet::new();
        for task in self.tasks()?.into_iter().filter(|task| task.state.waits()) {
            let is_due = task.due <= clock;
            next.extend([Some(task.due), task.expires, task.deadline].into_iter().flatten());
            if is_due && let Some(wait) = self.rated(&task.queue)? {
                next.insert(clock + wait);
            }
        }
        Ok(next.into_iter().find(|at| *at > clock).map(|at| self.now + (at - clock)))
    }

    /// Returns the time in which a queue with a rate gets one more start, in milliseconds.
    fn rated(&self, queue: &str) -> Result<Option<i64>, String> {
        let state = self.store.queue(queue).map_err(|error| error.to_string())?;
        let rate = state.and_then(|state| state.limits().rate);
        Ok(rate.map(|rate| i64::from(rate.millis.div_ceil(rate.starts)).max(1)))
    }

    /// Returns the run of this engine that is not loaded and has to be next, with the time.
    fn next_evicted(&self) -> Result<Option<(i64, i64)>, String> {
        if !self.places.is_used {
            return Ok(None);
        }
        let is_ours =
            |row: &RunRow| row.queue.is_some() && row.lease == Some(self.lease.number) && row.status.is_driven();
        let rows = self.rows()?.into_iter().filter(|row| is_ours(row) && !self.loaded.contains_key(&row.number));
        Ok(rows.filter_map(|row| Some((row.wake_at?, row.number))).min())
    }
}
