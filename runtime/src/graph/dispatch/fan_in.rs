//! Fan-in: events wait until nothing more can come of their fan-out, or until so many are there.

use super::{Dispatch, Node, Ready};
use crate::graph::payload::Each;
use crate::graph::plan::Taker;
use crate::graph::scopes::ScopeId;

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
        open.served.push(step);
        let scope = open.parent;
        self.enqueue(step, Ready { inputs: Each::Several(batch), scope, tick: None });
    }

    /// Something of a fan-out has come to its end. With the last of it those who wait for all of it begin.
    pub(super) fn leave(&mut self, scope: ScopeId) {
        if !self.scopes.leave(scope) {
            return;
        }
        let mut open = self.scopes.close(scope);
        let mut collectors = self.plan.collectors(open.opener).to_vec();
        collectors.extend(open.parked.keys().map(|taker| taker.step));
        collectors.sort_unstable();
        collectors.dedup();
        for step in collectors {
            let inputs = self.plan.shape(step).inputs;
            let parameters = 0..inputs.len();
            let batch: Vec<Vec<Node>> = parameters
                .map(|parameter| open.parked.remove(&Taker { step, parameter }).unwrap_or_default())
                .collect();
            let is_empty = batch.iter().all(Vec::is_empty);
            // An empty fan-out gives an empty `Vec`; the run itself is none.
            if is_empty && (scope == ScopeId::RUN || open.served.contains(&step)) {
                continue;
            }
            self.enqueue(step, Ready { inputs: Each::Several(batch), scope: open.parent, tick: None });
        }
        if scope != ScopeId::RUN {
            self.leave(open.parent);
        }
    }
}
