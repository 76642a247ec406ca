//! The state that concurrent steps share, in the journal: edits are entries but no turns, and the workflow sees the
//! state as of the entry that is delivered to it.

use super::calls::RunJournal;
use super::outgoing::{Sent, index};
use super::replay::{LoadField, Rebuild};
use super::state::State;
use super::suspended::Deferred;
use super::turn::Turn;
use super::{Limits, Machine};
use crate::context::{ContextError, Schema};
use crate::fields::Coder;
use crate::journal::{AnyWorkflow, Journal};
use crate::panics::Held;
use crate::record::{FORMAT, Kind, ParkCause, ParkReason};
use crate::shared_state::{
    SharedState, StateDef, StateEdit, StateEvent, StateOpening, StateSnapshot, rows, rows::StateRow,
};
use crate::store::{EntryRow, FieldRow};
use crate::value::{Encoding, Pointer, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state as of the entry that is being delivered.
#[derive(Default)]
pub(super) struct StateNow {
    /// The declaration of the workflow.
    def: Option<StateDef>,
    /// The recorded state, up to the end of the replay.
    recorded: StateRecord,
    /// The state itself, decoded from the record when it is first read.
    view: Option<StateSnapshot>,
    /// The state in memory, which the steps edit.
    pub(super) steps: Arc<SharedState>,
}

/// The recorded state.
#[derive(Clone, Default)]
struct StateRecord {
    /// The version in which the fields are recorded; `None` if they are not.
    version: Option<u32>,
    /// The fields, by their names in that version.
    fields: BTreeMap<String, FieldRow>,
    keys: BTreeMap<String, Value>,
    /// The values of fields that are in stores, with the entry that wrote them.
    loaded: BTreeMap<String, (u64, Value)>,
}

/// The type and the rows that are recorded with the first turn of a run.
type FirstState = (StateDef, Vec<(String, Value)>);

/// The value of the entry with which a typed state begins.
#[derive(Deserialize)]
struct Set {
    #[serde(default = "first")]
    version: u32,
}

const fn first() -> u32 {
    1
}

impl StateRecord {
    fn write(&mut self, rows: impl IntoIterator<Item = FieldRow>) {
        for row in rows {
            match rows::parse(&row.name) {
                Some(StateRow::Field(name)) => {
                    let name = name.to_owned();
                    self.fields.insert(name.clone(), FieldRow { name, ..row });
                }
                Some(StateRow::Key(name)) if rows::is_gone(&row.value) => drop(self.keys.remove(name)),
                Some(StateRow::Key(name)) => drop(self.keys.insert(name.to_owned(), row.value)),
                None => {}
            }
        }
    }

    fn set(&mut self, version: Option<u32>, rows: impl IntoIterator<Item = FieldRow>) {
        if version.is_some() {
            self.fields.clear();
            self.version = version;
        }
        self.write(rows);
    }

    /// Decodes the state, and returns whether the next edit must write the whole typed part.
    fn load(self, coder: Coder<'_>, def: Option<StateDef>) -> Result<(StateSnapshot, bool), ContextError> {
        let mut snapshot = StateSnapshot { typed: None, keys: Arc::new(self.keys) };
        let Some(def) = def else { return Ok((snapshot, false)) };
        let version = self.version.unwrap_or(def.schema().version);
        let loaded = |row: FieldRow| match self.loaded.get(&row.name) {
            Some((seq, value)) if *seq == row.seq => FieldRow { value: value.clone(), ..row },
            _ => row,
        };
        let (typed, older) = def.load(coder, version, self.fields.into_values().map(loaded).collect())?;
        snapshot.typed = Some(Held::new(typed));
        Ok((snapshot, older || self.version.is_none()))
    }

    fn sizes(&self) -> BTreeMap<String, usize> {
        let fields = self.fields.iter().map(|(name, row)| (rows::of_field(name), row.value.bytes.len()));
        let keys = self.keys.iter().map(|(name, value)| (rows::of_key(name), value.bytes.len()));
        fields.chain(keys).collect()
    }
}

impl RunJournal {
    /// Returns the state as of the entry that is being delivered. Decoding it runs user code, which must not find the
    /// lock held.
    pub(super) fn state_as_of_now(&self) -> Result<StateSnapshot, ContextError> {
        let (def, recorded) = {
            let state = self.state();
            if let Some(view) = &state.shared.view {
                return Ok(view.clone());
            }
            (state.shared.def, state.shared.recorded.clone())
        };
        let (view, _) = recorded.load(self.fields().coder(), def)?;
        self.state().shared.view = Some(view.clone());
        Ok(view)
    }
}

impl StateNow {
    /// Returns the declaration of the workflow.
    pub(super) const fn definition(&self) -> Option<StateDef> {
        self.def
    }
}

impl State {
    /// Forgets the edits of a step that is over.
    pub(super) fn forget_edits(&self, position: u64) {
        self.shared.steps.forget(position);
    }
}

impl Machine {
    /// Sets the declaration of the workflow.
    pub(super) fn declare_state(&self, def: Option<StateDef>) {
        self.journal.state().shared.def = def;
    }

    /// Returns the steps that have no result yet, by name, with the shared state that they take.
    pub(crate) fn states_in_flight(&self) -> Vec<(&'static str, Option<StateDef>)> {
        self.journal.state().in_flight().map(|step| (step.call.name, step.call.run.body.state())).collect()
    }

    /// Returns the defaults with which a new run begins, to be recorded with its first turn.
    pub(super) fn first_state(&self, cause: u64) -> Result<Option<FirstState>, ParkReason> {
        let def = {
            let state = self.journal.state();
            state.shared.def.filter(|_| cause == 1 && state.shared.recorded.version.is_none())
        };
        let Some(def) = def else { return Ok(None) };
        let values = def.defaults(self.env.fields.coder()).map_err(|error| self.journal.missing_key(None).unwrap_or_else(|| {
            let run = self.journal.identity();
            let message = format!(
                "workflow `{}` (run `{}`) cannot begin: {error}. Fix the defaults of its shared state and retry the run",
                run.workflow, run.id
            );
            ParkReason::new(ParkCause::Unstorable, message)
        }))?;
        Ok(Some((def, values.into_iter().map(|(name, value)| (rows::of_field(name), value)).collect())))
    }

    /// Records the defaults of the state.
    pub(super) fn record_first_state(&self, first: Option<FirstState>) {
        let Some((def, values)) = first else { return };
        let mut guard = self.journal.state();
        let state = &mut *guard;
        let Some(turn) = state.turn.as_mut().and_then(Turn::live) else { return };
        let schema = def.schema();
        let seq = turn.record(Kind::StateSet, |entry| {
            entry.name = Some(schema.name.to_owned());
            entry.value = Some(Value::json(schema.to_json()));
            entry.context = Some(values.len() as u64);
        });
        turn.outgoing.extend(indexed(&self.journal.identity().workflow, schema, &values));
        let rows = field_rows(seq, values);
        turn.fields.extend(rows.iter().cloned());
        state.shared.recorded.set(Some(schema.version), rows);
    }

    /// Replays an entry of the state.
    pub(super) fn replay_state(&self, entry: &EntryRow, rows: Vec<FieldRow>) {
        for row in rows.iter().filter(|row| row.value.encoding == Encoding::Stored) {
            if let Ok(pointer) = Pointer::read(&row.value) {
                self.env.fields.note(&pointer);
            }
        }
        let mut guard = self.journal.state();
        let state = &mut *guard;
        let now = &mut state.shared;
        now.view = None;
        if entry.kind == Kind::StateSet {
            let version = entry.name.as_ref().map(|_| version(entry));
            return now.recorded.set(version, rows);
        }
        now.recorded.write(rows);
        let (Some(position), Some(key), Some(result)) = (entry.position, &entry.other, &entry.value) else { return };
        // A step that is over does not look up its edits again.
        if state.step(position).is_some() {
            state.shared.steps.is_recorded(position, key.clone(), result.clone());
        }
    }

    /// Loads the fields of the state that are in stores, as far as the next turn may read them.
    ///
    /// # Errors
    /// A store cannot load one.
    pub(super) fn load_stored_state(&self, workflow: &dyn AnyWorkflow, load: LoadField<'_>) -> Result<(), Rebuild> {
        let Some(def) = workflow.state() else { return Ok(()) };
        let missing: Vec<FieldRow> = {
            let state = self.journal.state();
            let record = &state.shared.recorded;
            let version = record.version.unwrap_or(1);
            let is_missing = |row: &&FieldRow| {
                row.value.encoding == Encoding::Stored
                    && def.schema().reads(&row.name, version)
                    && record.loaded.get(&row.name).is_none_or(|(seq, _)| *seq != row.seq)
            };
            record.fields.values().filter(is_missing).cloned().collect()
        };
        for row in missing {
            let name = row.name.clone();
            let row = FieldRow { name: rows::of_field(&name), ..row };
            let value = load(&row)?;
            self.journal.state().shared.recorded.loaded.insert(name, (row.seq, value));
        }
        Ok(())
    }

    /// Opens the state in memory for the steps, at the end of the history.
    ///
    /// # Errors
    /// The recorded state does not decode.
    pub(super) fn open_state(&self) -> Result<(), ParkReason> {
        let recorded = self.journal.state().shared.recorded.clone();
        let sizes = recorded.sizes();
        let def = self.journal.declared_state();
        let (now, is_older) = recorded.load(self.env.fields.coder(), def).map_err(|error| {
            self.journal.missing_key(None).unwrap_or_else(|| {
                let run = self.journal.identity();
                let what = format!("the shared state of run `{}` (workflow `{}`)", run.id, run.workflow);
                super::fault::unreadable(&what, &error.to_string())
            })
        })?;
        let limits: Limits = self.limits;
        self.env.state.open(StateOpening { def, now: now.clone(), is_older, sizes, limits });
        let mut state = self.journal.state();
        state.shared.view = Some(now);
        // Later entries come from the steps, each with the state after it.
        state.shared.recorded = StateRecord::default();
        Ok(())
    }

    /// Handles an event of the shared state.
    pub(crate) fn state_event(&mut self, event: StateEvent, now: i64) {
        if !self.is_open() {
            return;
        }
        if self.stands_still() {
            return self.deferred.push_back(Deferred::State(event));
        }
        match event {
            StateEvent::Edited(edit) => self.edited(*edit, now),
            StateEvent::Locked { position, fault } => {
                let reason = self.journal.locked(&fault, Some(position));
                self.park(reason);
            }
            StateEvent::Unreadable(reason) => self.park(*reason),
        }
    }

    /// Records an edit, even if its step has ended meanwhile, because it is published already.
    fn edited(&mut self, edit: StateEdit, now: i64) {
        let StateEdit { position, attempt, step, key, result, whole, rows, after, seq } = edit;
        if let (Some(whole), Some(def)) = (whole, self.journal.declared_state()) {
            let schema = def.schema();
            let entry = self.entry(Kind::StateSet, now, |entry| {
                entry.name = Some(schema.name.to_owned());
                entry.value = Some(Value::json(schema.to_json()));
                entry.context = Some(whole.len() as u64);
            });
            self.unwritten.outgoing.extend(indexed(&self.journal.identity().workflow, schema, &whole));
            self.unwritten.fields.extend(field_rows(entry.seq, whole));
            self.unwritten.entries.push(entry);
        }
        let entry = self.entry(Kind::StateEdited, now, |entry| {
            entry.position = Some(position);
            entry.name = Some(step);
            entry.attempt = Some(attempt);
            entry.other = Some(key);
            entry.value = Some(result);
            entry.context = Some(rows.len() as u64);
        });
        if let Some(def) = self.journal.declared_state() {
            self.unwritten.outgoing.extend(indexed(&self.journal.identity().workflow, def.schema(), &rows));
        }
        self.unwritten.fields.extend(field_rows(entry.seq, rows));
        self.unwritten.entries.push(entry);
        self.unwritten.edits = seq;
        self.journal.state().shared.view = Some(after);
    }
}

fn field_rows(seq: u64, values: Vec<(String, Value)>) -> Vec<FieldRow> {
    values.into_iter().map(|(name, value)| FieldRow { seq, format: FORMAT, name, value }).collect()
}

/// Returns the writes to the index of fields, for rows of the state.
fn indexed(workflow: &str, schema: &'static Schema, rows: &[(String, Value)]) -> Vec<Sent> {
    let fields = rows.iter().filter_map(|(row, value)| match rows::parse(row) {
        Some(StateRow::Field(name)) => Some((name, value)),
        _ => None,
    });
    index(workflow, &rows::of_field(""), schema, fields)
}

/// Returns the version in which an entry writes the whole typed state.
pub(crate) fn version(entry: &EntryRow) -> u32 {
    let set = entry.value.as_ref().and_then(|value| serde_json::from_slice::<Set>(&value.bytes).ok());
    set.map_or(1, |set| set.version)
}
