//! What a scenario reads of its database.

use super::scenario::Scenario;
use super::secrets;
use crate::store::{EntryRow, RunKey, RunQuery, RunRow, Status, TaskKey, TaskRow};

impl Scenario<'_> {
    /// Returns the run of the scenario, in its last execution.
    pub(super) fn main(&self) -> Result<RunRow, String> {
        let row = self.store.run(RunKey::Id(secrets::RUN)).map_err(|error| error.to_string())?;
        row.ok_or_else(|| "the run is gone".into())
    }

    pub(super) fn rows(&self) -> Result<Vec<RunRow>, String> {
        let page = self.store.runs(&RunQuery::default()).map_err(|error| error.to_string())?;
        let mut statuses = page.runs.iter().filter(|row| row.status == Status::Parked);
        if let Some(row) = statuses.next() {
            return Err(format!("run `{}` was parked: {:?}", row.id, row.parked));
        }
        Ok(page.runs)
    }

    /// Returns all that waits in queues, or has room there.
    pub(super) fn tasks(&self) -> Result<Vec<TaskRow>, String> {
        let mut tasks = Vec::new();
        for row in self.rows()? {
            tasks.extend(self.store.tasks(TaskKey::Run(row.number)).map_err(|error| error.to_string())?);
        }
        Ok(tasks)
    }

    pub(super) fn row(&self, number: i64) -> Result<RunRow, String> {
        let row = self.store.run(RunKey::Number(number)).map_err(|error| error.to_string())?;
        row.ok_or_else(|| format!("run number {number} is gone"))
    }

    pub(super) fn journal(&self, number: i64) -> Result<Vec<EntryRow>, String> {
        self.store.entries(number, 0, usize::MAX).map_err(|error| error.to_string())
    }
}
