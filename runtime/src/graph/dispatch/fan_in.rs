//! Fan-in: events wait until nothing more can come of their fan-out, or until so many are there.

use super::{Dispatch, Node, Ready};
use crate::graph::{payload::Each, plan::Taker, scopes::ScopeId};

impl Dispatch<'_> {
    /// An event waits for the others.
    pub(super) fn park(&mut self, taker: Taker, mut node: Node) {
        let plan = self.plan;
        let from = plan.shape(taker.step).inputs[taker.parameter].from;
        let opener = from.and_then(|from| plan.steps.iter().position(|step| step.shape.name == from));
        if let Some(opener) = opener {
            node.scope = self.scopes.of_step(node.scope, opener);
        }
        let scope = node.scope;
        self.scopes.get(scope).parked.entry(taker).or_default().push(node);
        self.take_counted(taker.step, scope);
    }

    /// As many as a step waits for are there.
    fn take_counted(&mut self, step: usize, scope: ScopeId) {
        let inputs = self.plan.shape(step).inputs;
        let open = self.scopes.get(scope);
        let mut batch = Vec::with_capacity(inputs.len());
        for (parameter, input) in inputs.iter().enumerate() {
            let Some(count) = input.count else { return };
            let there = open.parked.get(&Taker { step, parameter }).map_or(0, Vec::len);
            if there < count {
                return;
            }
        }
        for (parameter, input) in inputs.iter().enumerate() {
            let parked = open.parked.entry(Taker { step, parameter }).or_default();
            batch.push(parked.drain(..input.count.unwrap_or(0)).collect());
        }
        if !open.served.contains(&step) {
            open.served.push(step);
        }
        let scope = open.parent;
        self.enqueue(step, Ready { inputs: Each::Several(batch), scope, tick: None });
    }

    /// Something of a fan-out has come to its end. With the last of it those who wait for all of it begin.
    pub(super) fn leave(&mut self, mut scope: ScopeId) {
        // The end of a fan-out may be that of the one around it, and so on outwards.
        while self.scopes.leave(scope) {
            let parent = self.close(scope);
            if scope == ScopeId::RUN {
                return;
            }
            scope = parent;
        }
    }

    /// Nothing more comes of a fan-out: who waits for all of it begins. Gives the one around it.
    fn close(&mut self, scope: ScopeId) -> ScopeId {
        let mut open = self.scopes.close(scope);
        let mut collectors = self.plan.collectors(open.opener).to_vec();
        collectors.extend(open.parked.keys().map(|taker| taker.step));
        collectors.sort_unstable();
        collectors.dedup();
        // Of the run itself more may come at any time, from outside or by the time: so many are waited for until then.
        let goes_on = scope == ScopeId::RUN && (self.waits > 0 || !self.plan.external.is_empty());
        for step in collectors {
            let inputs = self.plan.shape(step).inputs;
            if goes_on && inputs.iter().any(|input| input.count.is_some()) {
                continue;
            }
            let parameters = 0..inputs.len();
            let batch: Vec<Vec<Node>> = parameters
                .map(|parameter| open.parked.remove(&Taker { step, parameter }).unwrap_or_default())
                .collect();
            let is_empty = batch.iter().all(Vec::is_empty);
            // An empty fan-out gives an empty `Vec`; the run itself is none, nor is what a step that failed would have returned.
            if is_empty && (scope == ScopeId::RUN || open.failed || open.served.contains(&step)) {
                continue;
            }
            self.enqueue(step, Ready { inputs: Each::Several(batch), scope: open.parent, tick: None });
        }
        if scope == ScopeId::RUN {
            self.scopes.get(scope).parked.append(&mut open.parked);
        }
        open.parent
    }
}
