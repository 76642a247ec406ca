//! Navigates between a run, its origin, its successor and its forks.

use crate::engine::{error::EngineError, handle::Run};
use crate::store::{RunKey, RunQuery, successor};

impl Run {
    /// Returns the run with whose history this one began, or whose id it took, if it still exists.
    ///
    /// # Errors
    /// The database cannot be read, or this run was deleted.
    pub async fn forked_from(&self) -> Result<Option<Self>, EngineError> {
        self.other(self.row().await?.forked_from).await
    }

    /// Returns the run that has taken this one's id, by continue-as-new or by a rewind.
    ///
    /// # Errors
    /// The database cannot be read, or this run was deleted.
    pub async fn successor(&self) -> Result<Option<Self>, EngineError> {
        let row = self.row().await?;
        let next = self.core().ask(move |store| successor(store, &row)).await?;
        Ok(next.map(|next| Self::new(self.engine(), &next)))
    }

    /// Returns the runs that were forked from this one, in the order of the forks.
    ///
    /// # Errors
    /// The database cannot be read, or this run was deleted.
    pub async fn forks(&self) -> Result<Vec<Self>, EngineError> {
        let row = self.row().await?;
        let successor = self.successor().await?.map(|next| next.number());
        let (mut forks, mut after) = (Vec::new(), None);
        loop {
            let query = RunQuery { forked_from: Some(row.number), after, ..RunQuery::default() };
            let page = self.core().read(move |store| store.runs(&query)).await?;
            let others = page.runs.iter().filter(|other| Some(other.number) != successor);
            forks.extend(others.map(|other| Self::new(self.engine(), other)));
            after = page.next;
            if after.is_none() {
                return Ok(forks);
            }
        }
    }

    async fn other(&self, number: Option<i64>) -> Result<Option<Self>, EngineError> {
        let Some(number) = number else { return Ok(None) };
        let row = self.core().read(move |store| store.run(RunKey::Number(number))).await?;
        Ok(row.map(|row| Self::new(self.engine(), &row)))
    }
}
