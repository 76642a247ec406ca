//! The way that a run has taken, as a diagram.

use super::InspectError;
use super::inspector::{Inspector, Source};
use crate::graph::{Diagram, Path};
use crate::store::RunRow;

/// The number of entries read at a time, and in all.
const PAGE: usize = 4_096;
const MOST: usize = 100_000;

impl Source {
    fn diagram(&self, row: &RunRow) -> Result<Diagram, InspectError> {
        let (mut path, mut after, mut read) = (Path::new(&row.workflow), 0, 0);
        while read < MOST {
            let entries = self.store.entries(row.number, after, PAGE)?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
            read += entries.len();
            for entry in &entries {
                path.read(entry);
            }
        }
        Ok(path.diagram(None))
    }
}

impl Inspector {
    /// Returns a diagram of the way that a run has taken, as [`Run::diagram`](crate::Run::diagram) does, from the first
    /// 100,000 entries of its journal. In JSON it has its nodes with counts, its edges, and whether the workflow is
    /// event-driven, as far as the journal says.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn diagram(&self, run: &str) -> Result<Diagram, InspectError> {
        let run = run.to_owned();
        self.ask(move |source| {
            let row = source.run(&run)?;
            source.diagram(&row)
        })
        .await
    }
}
