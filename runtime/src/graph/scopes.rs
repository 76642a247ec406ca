//! The open fan-outs of a run: the events and steps that belong to each, so that fan-ins know when no more can come.

use super::dispatch::Node;
use super::plan::Taker;
use std::collections::BTreeMap;

/// A fan-out, or the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScopeId(u64);

impl ScopeId {
    pub(super) const RUN: Self = Self(0);
}

/// An open fan-out.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) parent: ScopeId,
    /// The step whose result opened it; `None` for the run itself.
    pub(super) opener: Option<usize>,
    /// The number of events that wait for a worker, running steps, open requests, and fan-outs inside.
    activities: usize,
    /// Collected events that wait for the others, by their taker.
    pub(super) pending: BTreeMap<Taker, Vec<Node>>,
    /// Steps that have taken some of its events already.
    pub(super) served: Vec<usize>,
    /// Whether the step that opened it failed; otherwise, if it is empty, the step returned no events.
    pub(super) failed: bool,
}

/// All open fan-outs of a run.
#[derive(Debug)]
pub(super) struct Scopes {
    open: BTreeMap<ScopeId, Open>,
    last: u64,
}

impl Scopes {
    pub(super) fn new() -> Self {
        let run = Open::new(ScopeId::RUN, None);
        Self { open: BTreeMap::from([(ScopeId::RUN, run)]), last: 0 }
    }

    /// Opens a fan-out of a step within another.
    pub(super) fn open(&mut self, parent: ScopeId, opener: usize) -> ScopeId {
        self.last += 1;
        self.enter(parent);
        let id = ScopeId(self.last);
        self.open.insert(id, Open::new(parent, Some(opener)));
        id
    }

    pub(super) fn get(&mut self, id: ScopeId) -> &mut Open {
        self.open.get_mut(&id).expect("an event belongs to a fan-out that is open")
    }

    /// Counts one more activity of a fan-out.
    pub(super) fn enter(&mut self, id: ScopeId) {
        self.get(id).activities += 1;
    }

    /// Ends one activity of a fan-out; returns whether it was the last.
    pub(super) fn leave(&mut self, id: ScopeId) -> bool {
        let open = self.get(id);
        open.activities -= 1;
        open.activities == 0
    }

    /// Closes a fan-out; that of the run itself stays open.
    pub(super) fn close(&mut self, id: ScopeId) -> Open {
        if id == ScopeId::RUN {
            let run = self.get(id);
            let (pending, served) = (std::mem::take(&mut run.pending), std::mem::take(&mut run.served));
            return Open { pending, served, ..Open::new(id, None) };
        }
        self.open.remove(&id).expect("a fan-out is closed once")
    }

    /// Returns the nearest fan-out of a step, seen from one inside; otherwise the run itself.
    pub(super) fn of_step(&mut self, from: ScopeId, opener: usize) -> ScopeId {
        let mut id = from;
        while id != ScopeId::RUN && self.get(id).opener != Some(opener) {
            id = self.get(id).parent;
        }
        id
    }
}

impl Open {
    fn new(parent: ScopeId, opener: Option<usize>) -> Self {
        Self { parent, opener, activities: 0, pending: BTreeMap::new(), served: Vec::new(), failed: false }
    }
}
