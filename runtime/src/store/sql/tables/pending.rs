//! Changes of queues that a transaction writes at its end: the tasks of a batch change the same rows again and again.

use super::Tables;
use crate::store::decide::{KeyChange, Served};
use crate::store::sql::Session;
use crate::store::{QueueState, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::take;

/// What a transaction knows of queues, and has not written yet.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Pending {
    /// The states of queues that it has read; `None` if there is none.
    queues: BTreeMap<String, Option<QueueState>>,
    /// The states that it has changed.
    pub(in crate::store) changed: BTreeMap<String, QueueState>,
    /// The changes of how many tasks of a key wait and run, by queue and key.
    pub(in crate::store) keys: BTreeMap<(String, String), KeyChange>,
    /// The keys of which tasks were claimed, by queue.
    pub(in crate::store) served: BTreeMap<String, Vec<Served>>,
}

impl<'a, S: Session> Tables<'a, S> {
    /// Returns the tables for a transaction that ends with [`flush`](Self::flush), unless it is rolled back.
    pub(in crate::store) fn until_flushed(session: &'a S, database: &'a str) -> Self {
        Self { pending: Some(RefCell::default()), ..Self::new(session, database) }
    }

    /// Writes the changes of queues that were not written yet.
    pub(in crate::store) fn flush(&self) -> Result<(), StoreError> {
        let Some(pending) = &self.pending else { return Ok(()) };
        let (changed, served, keys) = {
            let Pending { changed, served, keys, .. } = &mut *pending.borrow_mut();
            (take(changed), take(served), take(keys))
        };
        // A new key has the last turn of its queue.
        changed.values().try_for_each(|state| self.write_queue(state))?;
        served.iter().try_for_each(|(queue, keys)| self.write_served(queue, keys))?;
        keys.iter().try_for_each(|((queue, key), change)| self.write_key(queue, key, *change))
    }

    /// Returns what was not written yet.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn into_pending(self) -> Pending {
        self.pending.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Notes the states of queues that this transaction has read, and locked.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn know_queues(&mut self, states: impl Iterator<Item = (String, Option<QueueState>)>) {
        if let Some(pending) = &mut self.pending {
            pending.get_mut().queues.extend(states);
        }
    }

    /// Returns the state of a queue, which no other transaction changes.
    pub(super) fn queue_state(&self, name: &str) -> Result<Option<QueueState>, StoreError> {
        let Some(pending) = &self.pending else { return self.reader().queue(name) };
        if let Some(state) = pending.borrow().queues.get(name) {
            return Ok(state.clone());
        }
        let state = self.reader().queue(name)?;
        pending.borrow_mut().queues.insert(name.to_owned(), state.clone());
        Ok(state)
    }

    pub(super) fn change_queue(&mut self, state: &QueueState) -> Result<(), StoreError> {
        let Some(pending) = &mut self.pending else { return self.write_queue(state) };
        let Pending { queues, changed, .. } = pending.get_mut();
        queues.insert(state.queue.clone(), Some(state.clone()));
        changed.insert(state.queue.clone(), state.clone());
        Ok(())
    }

    pub(super) fn change_key(&mut self, queue: &str, key: &str, change: KeyChange) -> Result<(), StoreError> {
        let Some(pending) = &mut self.pending else { return self.write_key(queue, key, change) };
        let counted = pending.get_mut().keys.entry((queue.to_owned(), key.to_owned())).or_default();
        *counted = counted.and(change);
        Ok(())
    }

    pub(super) fn change_served(&mut self, queue: &str, keys: &[Served]) -> Result<(), StoreError> {
        let Some(pending) = &mut self.pending else { return self.write_served(queue, keys) };
        pending.get_mut().served.entry(queue.to_owned()).or_default().extend_from_slice(keys);
        Ok(())
    }
}
