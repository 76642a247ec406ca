//! The state that the concurrent steps of one run share, in memory, and how much of it is durable.
//!
//! An edit is made here under the writers' lock: it is published by a swap and at the same moment sent to the run's
//! driver, so that the journal has the edits in the order in which they were made. Reads wait until the journal has
//! what they return.

use super::StateDef;
use super::{rows::StateRow, rows::parse};
use crate::panics::Held;
use crate::record::{Limits, ParkReason};
use crate::resources::Anything;
use crate::value::Value;
use crate::vault::VaultFault;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;

/// The state at one moment.
#[derive(Clone, Default)]
pub struct StateSnapshot {
    /// The typed part, if the workflow declares one.
    pub(crate) typed: Option<Held<Anything>>,
    /// The values that have keys instead of fields.
    pub(crate) keys: Arc<BTreeMap<String, Value>>,
}

/// An edit to be recorded.
pub(crate) struct StateEdit {
    pub(crate) position: u64,
    pub(crate) attempt: u32,
    /// The step's name.
    pub(crate) step: String,
    /// The place of the edit and how often it was reached: the same for all attempts.
    pub(crate) key: String,
    /// The result of the closure.
    pub(crate) result: Value,
    /// Every field of the state before the edit, if the typed part is not recorded yet in the current version.
    pub(crate) whole: Option<Vec<(String, Value)>>,
    /// The rows that the edit writes.
    pub(crate) rows: Vec<(String, Value)>,
    /// The state after it.
    pub(crate) after: StateSnapshot,
    /// The number of edits including this one since the run was loaded.
    pub(crate) seq: u64,
}

/// An event from a step body to the driver of its run.
pub(crate) enum StateEvent {
    Edited(Box<StateEdit>),
    /// A secret of the state could not be written or read.
    Locked {
        position: u64,
        fault: VaultFault,
    },
    /// A recorded value cannot be read: the run cannot continue.
    Unreadable(Box<ParkReason>),
}

/// The result of an edit that was made before.
#[derive(Clone)]
pub(crate) struct KnownEdit {
    pub(crate) result: Value,
    pub(crate) seq: u64,
}

/// The step is no longer waited for, so it cannot edit the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepIsOver;

/// The shared state of one loaded run.
pub(crate) struct SharedState {
    inner: Mutex<Inner>,
    /// Held while one edit is made.
    pub(crate) writer: tokio::sync::Mutex<()>,
    shown: watch::Sender<Committed>,
    observer: OnceLock<Box<Way>>,
}

type Way = dyn Fn(StateEvent) + Send + Sync;

#[derive(Clone, Copy, Default)]
struct Committed {
    /// The number of durable edits.
    durable: u64,
    closed: bool,
}

#[derive(Default)]
struct Inner {
    now: StateSnapshot,
    def: Option<StateDef>,
    /// Whether the typed part is not recorded in the current version.
    is_older: bool,
    sizes: BTreeMap<String, usize>,
    limits: Limits,
    /// The edits of the steps in flight, by command index and key.
    steps: BTreeMap<u64, HashMap<String, KnownEdit>>,
    last_seq: u64,
    /// The edits made since the run was loaded, and how many of them an observer has seen.
    #[cfg(feature = "testing")]
    made: (Vec<(u64, String)>, usize),
}

impl Inner {
    /// Returns the sizes of all rows after an edit.
    fn sizes_with(&self, whole: Option<&[(String, Value)]>, rows: &[(String, Value)]) -> BTreeMap<String, usize> {
        let mut sizes = self.sizes.clone();
        if whole.is_some() {
            sizes.retain(|name, _| !matches!(parse(name), Some(StateRow::Field(_))));
        }
        sizes.extend(whole.into_iter().flatten().chain(rows).map(|(name, value)| (name.clone(), value.bytes.len())));
        sizes
    }
}

/// The initial state of a run that was just loaded.
pub(crate) struct StateOpening {
    pub(crate) def: Option<StateDef>,
    pub(crate) now: StateSnapshot,
    pub(crate) is_older: bool,
    /// The size of each row, by the name of the row.
    pub(crate) sizes: BTreeMap<String, usize>,
    pub(crate) limits: Limits,
}

impl SharedState {
    /// Sets the declared and recorded state.
    pub(crate) fn open(&self, opening: StateOpening) {
        let StateOpening { def, now, is_older, sizes, limits } = opening;
        let mut inner = self.inner();
        (inner.def, inner.now, inner.is_older) = (def, now, is_older);
        (inner.sizes, inner.limits) = (sizes, limits);
    }

    /// Sets the state of a unit test.
    pub(crate) fn begin_test(&self, def: Option<StateDef>, typed: Option<Anything>) {
        let now = StateSnapshot { typed: typed.map(Held::new), keys: Arc::default() };
        let (sizes, limits) = (BTreeMap::new(), Limits::default());
        self.open(StateOpening { def, now, is_older: false, sizes, limits });
    }

    /// Sets the receiver of events.
    pub(crate) fn set_observer(&self, observer: impl Fn(StateEvent) + Send + Sync + 'static) {
        // A run is driven once per load.
        let _ = self.observer.set(Box::new(observer));
    }

    /// Returns whether edits go to a journal; in a unit test they do not.
    pub(crate) fn is_recorded_anywhere(&self) -> bool {
        self.observer.get().is_some()
    }

    /// Returns the declaration of the workflow.
    pub(crate) fn definition(&self) -> Option<StateDef> {
        self.inner().def
    }

    /// Registers a step whose attempt starts.
    pub(crate) fn enter(&self, position: u64) {
        self.inner().steps.entry(position).or_default();
    }

    /// Forgets a step that is over: its edits are not looked up again.
    pub(crate) fn forget(&self, position: u64) {
        self.inner().steps.remove(&position);
    }

    /// Adds a recorded edit of a step in flight.
    pub(crate) fn is_recorded(&self, position: u64, key: String, result: Value) {
        self.inner().steps.entry(position).or_default().insert(key, KnownEdit { result, seq: 0 });
    }

    /// Returns the result of this edit, if it was made before.
    pub(crate) fn known(&self, position: u64, key: &str) -> Result<Option<KnownEdit>, StepIsOver> {
        Ok(self.inner().steps.get(&position).ok_or(StepIsOver)?.get(key).cloned())
    }

    /// Returns the current state, and the number of its edits.
    pub(crate) fn now(&self) -> (StateSnapshot, u64) {
        let inner = self.inner();
        (inner.now.clone(), inner.last_seq)
    }

    /// Returns whether the next edit must write every field first.
    pub(crate) fn is_older(&self) -> bool {
        self.inner().is_older
    }

    /// Returns why an edit is too large, if it is.
    pub(crate) fn refuses(
        &self,
        whole: Option<&[(String, Value)]>,
        rows: &[(String, Value)],
        result: &Value,
    ) -> Option<String> {
        let inner = self.inner();
        let limit = inner.limits.value;
        if result.bytes.len() > limit {
            return Some(format!("the result of the edit has {} bytes, the limit is {limit}", result.bytes.len()));
        }
        let (before, after) = (inner.sizes.values().sum::<usize>(), inner.sizes_with(whole, rows));
        let (total, limit) = (after.values().sum::<usize>(), inner.limits.context);
        if total <= limit || total <= before {
            return None;
        }
        let (name, size) = after.iter().max_by_key(|(_, size)| **size)?;
        Some(format!(
            "the shared state would take {total} bytes, the limit is {limit}; `{name}` has {size} of them. The state is copied \
             and compared with each edit, so keep it small: large values are results of steps, or fields of the context \
             with a store"
        ))
    }

    /// Publishes an edit and sends it to the driver. Called under the writers' lock.
    pub(crate) fn publish(&self, mut edit: StateEdit) -> Result<u64, StepIsOver> {
        let seq = {
            let mut guard = self.inner();
            let inner = &mut *guard;
            let known = inner.steps.get_mut(&edit.position).ok_or(StepIsOver)?;
            inner.last_seq += 1;
            #[cfg(feature = "testing")]
            inner.made.0.push((edit.position, edit.key.clone()));
            edit.seq = inner.last_seq;
            known.insert(edit.key.clone(), KnownEdit { result: edit.result.clone(), seq: edit.seq });
            inner.now = edit.after.clone();
            inner.is_older &= edit.whole.is_none();
            inner.sizes = inner.sizes_with(edit.whole.as_deref(), &edit.rows);
            edit.seq
        };
        // Still under the writers' lock, so that the driver receives the edits in their order.
        match self.observer.get() {
            Some(observer) => observer(StateEvent::Edited(Box::new(edit))),
            // In a unit test nothing is recorded.
            None => self.is_durable(seq),
        }
        Ok(seq)
    }

    /// Reports that the run cannot continue.
    pub(crate) fn notify(&self, event: StateEvent) {
        if let Some(observer) = self.observer.get() {
            observer(event);
        }
    }

    /// Marks this number of edits as durable.
    pub(crate) fn is_durable(&self, edits: u64) {
        self.shown.send_if_modified(|shown| {
            let more = edits > shown.durable;
            shown.durable = shown.durable.max(edits);
            more
        });
    }

    /// Closes the state of an evicted run: edits that are not durable by now will not be.
    pub(crate) fn close(&self) {
        self.shown.send_modify(|shown| shown.closed = true);
    }

    /// Waits until this number of edits is durable; an error if the run is evicted first.
    pub(crate) async fn durable(&self, edits: u64) -> Result<(), StepIsOver> {
        let mut shown = self.shown.subscribe();
        let told = shown.wait_for(|shown| shown.closed || shown.durable >= edits).await;
        let is_durable = told.ok().is_some_and(|shown| shown.durable >= edits);
        #[cfg(feature = "testing")]
        if is_durable {
            let mut inner = self.inner();
            inner.made.1 = inner.made.1.max(usize::try_from(edits).unwrap_or(usize::MAX));
        }
        if is_durable { Ok(()) } else { Err(StepIsOver) }
    }

    /// Returns the edits that an observer has seen, by the places at which they were made.
    #[cfg(feature = "testing")]
    pub(crate) fn shown(&self) -> Vec<(u64, String)> {
        let inner = self.inner();
        inner.made.0.iter().take(inner.made.1).cloned().collect()
    }

    /// Returns the number of bodies that wait for an edit to be durable.
    #[cfg(feature = "testing")]
    pub(crate) fn waiting(&self) -> usize {
        self.shown.receiver_count()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SharedState {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            writer: tokio::sync::Mutex::default(),
            shown: watch::Sender::new(Committed::default()),
            observer: OnceLock::new(),
        }
    }
}

/// Omits the values, which may be private.
impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").finish_non_exhaustive()
    }
}
