//! The state that the steps of a run share, at any entry.

use super::InspectError;
use super::context::FieldView;
use super::inspector::{Inspector, Source};
use super::recorded::{Recorded, changes};
use crate::shared_state::{rows, rows::StateRow};
use serde::Serialize;
use std::collections::BTreeMap;

/// The shared state of a run as it was after an entry.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StateView {
    /// The id of the run.
    pub run: String,
    /// The entry after which it was so.
    pub at: u64,
    /// The entry that last changed it; `None` if none has.
    pub version: Option<u64>,
    /// The recorded name of its type; `None` if it has keys only.
    pub state: Option<String>,
    /// The fields of the typed part, by their recorded names.
    pub fields: BTreeMap<String, FieldView>,
    /// The values of its keys.
    pub keys: BTreeMap<String, FieldView>,
}

impl Source {
    fn state(&self, run: &str, at: u64) -> Result<StateView, InspectError> {
        let row = self.run(run)?;
        let at = at.min(row.seq);
        let (mut recorded, mut version) = (Recorded::default(), None);
        for change in changes(&*self.store, row.number, at)? {
            version = Some(change.entry.seq);
            recorded.apply(&change);
        }
        let (mut fields, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for (name, row) in &recorded.rows {
            match rows::parse(name) {
                Some(StateRow::Field(name)) => drop(fields.insert(name.to_owned(), FieldView::of(row))),
                Some(StateRow::Key(name)) => drop(keys.insert(name.to_owned(), FieldView::of(row))),
                None => {}
            }
        }
        let state = recorded.set.and_then(|set| set.name);
        Ok(StateView { run: row.id, at, version, state, fields, keys })
    }
}

impl Inspector {
    /// Returns the state that the steps of a run share as it was after an entry. Pass `u64::MAX` for the latest.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn state(&self, run: &str, at: u64) -> Result<StateView, InspectError> {
        let run = run.to_owned();
        self.ask(move |source| source.state(&run, at)).await
    }
}
