//! Quarantined runs: those that were found to end their process.

use super::Engine;
use super::error::EngineError;
use super::handle::Run;
use super::info::{RunFilter, RunInfo};
use super::parked;
use crate::record::ParkCause;
use crate::store::Status;

impl RunInfo {
    /// Returns whether the run is quarantined, because it ends its process each time it is loaded: see
    /// [`max_loads`](crate::EngineBuilder::max_loads). `parked` has the reason. A start does not try it again.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.parked.as_ref().is_some_and(|reason| reason.cause == ParkCause::TooManyLoads)
    }
}

impl Engine {
    /// Returns the quarantined runs, in the order of their start. [`Run::revive`] gives a run another chance.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn dead(&self) -> Result<Vec<RunInfo>, EngineError> {
        let mut dead = Vec::new();
        let mut after = 0;
        loop {
            let page = self.list(RunFilter::all().status(Status::Parked).after(after)).await?;
            let Some(last) = page.last() else { return Ok(dead) };
            after = last.number;
            dead.extend(page.into_iter().filter(RunInfo::is_dead));
        }
    }
}

impl Run {
    /// Resumes a run that is quarantined or parked for another reason, now. Its count of deaths is cleared: as many
    /// processes as before may die with it at work.
    ///
    /// # Errors
    /// It is not parked, or the database does not work.
    pub async fn revive(&self) -> Result<(), EngineError> {
        parked::retry(self.core(), self.number(), self.id(), self.record()).await
    }
}
