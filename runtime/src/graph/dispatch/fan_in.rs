//! Fan-in: events wait until no more can come from their fan-out, or until the requested number has come.

use super::{Dispatch, Node, Ready};
use crate::graph::{payload::Each, plan::Taker, scopes::ScopeId};

impl Dispatch<'_> {
    /// Holds an event until the others have come.
    pub(super) fn hold(&mut self, taker: Taker, mut node: Node) {
        let plan = self.plan;
        let from = plan.shape(taker.step).inputs[taker.parameter].from;
        let opener = from.and_then(|from| plan.steps.iter().position(|step| step.shape.name == from));
        if let Some(opener) = opener {
            node.scope = self.scopes.of_step(node.scope, opener);
        }
        let scope = node.scope;
        self.scopes.get(scope).pending.entry(taker).or_default().push(node);
        self.take_counted(taker.step, scope);
    }

    /// Starts a step with a `count` once that many events have come.
    fn take_counted(&mut self, step: usize, scope: ScopeId) {
        let inputs = self.plan.shape(step).inputs;
        let open = self.scopes.get(scope);
        let mut batch = Vec::with_capacity(inputs.len());
        for (parameter, input) in inputs.iter().enumerate() {
            let Some(count) = input.count else { return };
            let there = open.pending.get(&Taker { step, parameter }).map_or(0, Vec::len);
            if there < count {
                return;
            }
        }
        for (parameter, input) in inputs.iter().enumerate() {
            let pending = open.pending.entry(Taker { step, parameter }).or_default();
            batch.push(pending.drain(..input.count.unwrap_or(0)).collect());
        }
        if !open.served.contains(&step) {
            open.served.push(step);
        }
        let scope = open.parent;
        self.enqueue(step, Ready { inputs: Each::Several(batch), scope, tick: None });
    }

    /// Ends one activity of a fan-out. The last one closes it, which starts the steps that wait for all of it.
    pub(super) fn leave(&mut self, mut scope: ScopeId) {
        // Closing a fan-out may end the last activity of the one around it, and so on outwards.
        while self.scopes.leave(scope) {
            let parent = self.close(scope);
            if scope == ScopeId::RUN {
                return;
            }
            scope = parent;
        }
    }

    /// Closes a fan-out, which starts the steps that wait for all of it. Returns the fan-out around it.
    fn close(&mut self, scope: ScopeId) -> ScopeId {
        let mut open = self.scopes.close(scope);
        let mut collectors = self.plan.collectors(open.opener).to_vec();
        collectors.extend(open.pending.keys().map(|taker| taker.step));
        collectors.sort_unstable();
        collectors.dedup();
        // The run itself can still get events from outside or by timers: steps with a `count` wait until it cannot.
        let goes_on = scope == ScopeId::RUN && (self.waits > 0 || !self.plan.external.is_empty());
        for step in collectors {
            let inputs = self.plan.shape(step).inputs;
            if goes_on && inputs.iter().any(|input| input.count.is_some()) {
                continue;
            }
            let parameters = 0..inputs.len();
            let batch: Vec<Vec<Node>> = parameters
                .map(|parameter| open.pending.remove(&Taker { step, parameter }).unwrap_or_default())
                .collect();
            let is_empty = batch.iter().all(Vec::is_empty);
            // An empty fan-out delivers an empty `Vec`. Three cases deliver none: the run itself is no fan-out, a step
            // that failed has returned none, and a step that was served has taken its events already.
            if is_empty && (scope == ScopeId::RUN || open.failed || open.served.contains(&step)) {
                continue;
            }
            self.enqueue(step, Ready { inputs: Each::Several(batch), scope: open.parent, tick: None });
        }
        // The events of the steps that were skipped above still wait.
        if scope == ScopeId::RUN {
            self.scopes.get(scope).pending.append(&mut open.pending);
        }
        open.parent
    }
}
