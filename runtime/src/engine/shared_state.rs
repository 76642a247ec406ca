//! The shared state of a run's steps seen from outside: at any entry, and its history.

mod history;

pub use history::{StateEntry, StateHistory};

use super::error::EngineError;
use super::fields::attempt;
use super::handle::Run;
use crate::codec::Storable;
use crate::inspect::recorded::{Recorded, changes, recorded_in};
use crate::machine::{plain_entry, recorded_state_version};
use crate::record::{FORMAT, Kind};
use crate::shared_state::{StateDef, TypedState, rows, rows::StateRow};
use crate::state::read_key;
use crate::store::{EntryRow, FieldRow, RunRow};
use crate::value::{Encoding, Pointer};
use std::sync::Arc;

impl Recorded {
    /// Returns the part of the state with which a run of this workflow can begin: the keys, and the typed part if it is
    /// of the type that the workflow declares (`own`).
    ///
    /// # Errors
    /// The state is recorded in a newer version of that type than this build knows.
    pub(super) fn fitting(mut self, own: Option<&StateDef>, old: &RunRow) -> Result<Self, EngineError> {
        let Some(set) = &self.set else { return Ok(self) };
        let own = own.map(StateDef::schema);
        let version = recorded_state_version(set);
        match own.filter(|own| set.name.as_deref() == Some(own.name)) {
            Some(own) if own.version < version => {
                return Err(EngineError::value(format!(
                    "run `{}` cannot be continued: its shared state is recorded in version {version}, and this build knows \
                     versions up to {}: use a newer build",
                    old.id, own.version
                )));
            }
            Some(_) => {}
            None => {
                self.set = None;
                self.rows.retain(|name, _| matches!(rows::parse(name), Some(StateRow::Key(_))));
            }
        }
        Ok(self)
    }

    /// Returns the entry with which a run begins that continues with this state, and its rows.
    pub(super) fn carried(self, seq: u64, at: i64) -> Option<(EntryRow, Vec<FieldRow>)> {
        if self.rows.is_empty() && self.set.is_none() {
            return None;
        }
        let (name, value) = self.set.map_or((None, None), |set| (set.name, set.value));
        let context = Some(self.rows.len() as u64);
        let entry = EntryRow { name, context, value, ..plain_entry(seq, Kind::StateSet, at) };
        let rows = self.rows.into_values().map(|row| FieldRow { seq, format: FORMAT, ..row });
        Some((entry, rows.collect()))
    }
}

impl Run {
    /// Returns the committed state that the steps of the run share; `None` if it has not begun or declares none.
    ///
    /// # Errors
    /// The database cannot be read, or the recorded state does not decode to this type.
    pub async fn state<S: TypedState>(&self) -> Result<Option<S>, EngineError> {
        self.state_at(u64::MAX).await
    }

    /// Returns the state that the steps of the run share as it was after an entry; `None` if it had not begun.
    ///
    /// # Errors
    /// The database cannot be read, or the recorded state does not decode to this type.
    pub async fn state_at<S: TypedState>(&self, seq: u64) -> Result<Option<S>, EngineError> {
        let recorded = self.recorded_state(seq).await?;
        let Some(set) = &recorded.set else { return Ok(None) };
        let version = recorded_state_version(set);
        let mut rows = Vec::with_capacity(recorded.rows.len());
        for (name, row) in &recorded.rows {
            let Some(StateRow::Field(name)) = rows::parse(name) else { continue };
            let mut row = FieldRow { name: name.to_owned(), ..row.clone() };
            if row.value.encoding == Encoding::Stored && S::schema().reads(name, version) {
                let load = async { self.fields().load(&Pointer::read(&row.value)?).await };
                row.value = attempt(self.core(), load).await.map_err(|error| self.unreadable_state(&error))?;
            }
            rows.push(row);
        }
        let loaded = StateDef::of::<S>().load(self.fields().coder(), version, rows);
        let (state, _) = loaded.map_err(|error| self.unreadable_state(&error))?;
        Ok(state.downcast::<S>().ok().map(Arc::unwrap_or_clone))
    }

    /// Returns the committed value of a key of the shared state; `None` if there is none.
    ///
    /// # Errors
    /// The database cannot be read, or the value is of another type.
    pub async fn state_value<T: Storable>(&self, key: &str) -> Result<Option<T>, EngineError> {
        let recorded = self.recorded_state(u64::MAX).await?;
        let Some(value) = recorded.value(&rows::of_key(key)) else { return Ok(None) };
        read_key(self.fields().coder(), key, value).map(Some).map_err(|error| self.unreadable_state(&error))
    }

    /// Returns the history of the shared state: which step changed what, and when. Its `Display` is a text for people.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn state_history(&self) -> Result<StateHistory, EngineError> {
        let number = self.number();
        let changes = self.core().ask(move |store| changes(store, number, u64::MAX)).await?;
        let started_at = self.status().await?.started_at;
        Ok(StateHistory::new(self.id(), started_at, &changes))
    }

    async fn recorded_state(&self, seq: u64) -> Result<Recorded, EngineError> {
        let number = self.number();
        self.core().ask(move |store| recorded_in(store, number, seq)).await
    }

    fn unreadable_state(&self, why: &dyn std::fmt::Display) -> EngineError {
        EngineError::value(format!("the shared state of run `{}` cannot be read: {why}", self.id()))
    }
}
