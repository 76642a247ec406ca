//! The open fan-outs of a run: which events and steps belong to which, so that fan-ins know when nothing more can come.

use super::dispatch::Node;
use super::plan::Taker;
use std::collections::{BTreeMap, HashMap};

/// A fan-out, or the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ScopeId(u64);

impl ScopeId {
    pub(super) const RUN: Self = Self(0);
}

/// A fan-out that is not at its end.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) parent: ScopeId,
    /// The step whose result it is; `None` for the run itself.
    pub(super) opener: Option<usize>,
    /// Events that wait for a worker, steps that run, questions that are asked and fan-outs inside.
    pending: usize,
    /// Events that wait for the others, by who collects them.
    pub(super) parked: BTreeMap<Taker, Vec<Node>>,
    /// Steps that have taken some of its events already.
    pub(super) served: Vec<usize>,
    /// The step that opened it failed: it is no fan-out that happens to be empty.
    pub(super) failed: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Scopes {
    open: HashMap<ScopeId, Open>,
    last: u64,
}

impl Scopes {
    pub(super) fn new() -> Self {
        let run = Open::new(ScopeId::RUN, None);
        Self { open: HashMap::from([(ScopeId::RUN, run)]), last: 0 }
    }

    /// A fan-out of a step within another.
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

    /// Something of it is on its way.
    pub(super) fn enter(&mut self, id: ScopeId) {
        self.get(id).pending += 1;
    }

    /// Something of it has come to its end; whether nothing more is on its way.
    pub(super) fn leave(&mut self, id: ScopeId) -> bool {
        let open = self.get(id);
        open.pending -= 1;
        open.pending == 0
    }

    /// Nothing more comes of it; the run itself stays.
    pub(super) fn close(&mut self, id: ScopeId) -> Open {
        if id == ScopeId::RUN {
            let run = self.get(id);
            let (parked, served) = (std::mem::take(&mut run.parked), std::mem::take(&mut run.served));
            return Open { parked, served, ..Open::new(id, None) };
        }
        self.open.remove(&id).expect("a fan-out is closed once")
    }

    /// The nearest fan-out of a step, from one inside; else the run itself.
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
        Self { parent, opener, pending: 0, parked: BTreeMap::new(), served: Vec::new(), failed: false }
    }
}
