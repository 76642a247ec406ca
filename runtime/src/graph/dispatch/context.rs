//! The context of a graph: the steps that hold it, and the changes that steps return.

use super::{Dispatch, Next};
use crate::context::{ContextError, Declared, SharedContext};
use crate::graph::{plan::Plan, shape::StepShape, updated::Change};
use crate::journal::Journal;
use crate::workflow::{Flow, WorkflowHandle};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The handle of a run, without its type.
pub(in crate::graph) trait GraphFlow: Send {
    fn journal(&self) -> &Arc<dyn Journal>;

    fn shared_context(&self) -> Option<SharedContext>;

    /// Applies a change that a step has returned. The outer error means that it cannot be read, the inner one that it
    /// is refused.
    fn change(&mut self, change: Change) -> BoxFuture<'_, Result<Result<(), ContextError>, ContextError>>;
}

impl GraphFlow for Flow<()> {
    fn journal(&self) -> &Arc<dyn Journal> {
        self.caller().journal
    }

    fn shared_context(&self) -> Option<SharedContext> {
        None
    }

    /// Does nothing: the compiler has checked that no step returns a change.
    fn change(&mut self, _: Change) -> BoxFuture<'_, Result<Result<(), ContextError>, ContextError>> {
        std::future::ready(Ok(Ok(()))).boxed()
    }
}

impl<C: Declared> GraphFlow for Flow<C> {
    fn journal(&self) -> &Arc<dyn Journal> {
        self.caller().journal
    }

    fn shared_context(&self) -> Option<SharedContext> {
        self.caller().context.cloned()
    }

    fn change(&mut self, change: Change) -> BoxFuture<'_, Result<Result<(), ContextError>, ContextError>> {
        async move {
            let new = self.with_recorded(change.version, change.rows)?;
            Ok(self.set(new).await)
        }
        .boxed()
    }
}

/// A lock on the context: held by any number of steps that read it, or by one that changes it.
#[derive(Debug)]
pub(super) struct Lock {
    /// Whether any step changes the context; otherwise there is nothing to lock.
    matters: bool,
    reading: usize,
    changing: bool,
}

impl Lock {
    pub(super) fn of(plan: &Plan) -> Self {
        let matters = plan.steps.iter().any(|step| step.shape.output.updates().is_some());
        Self { matters, reading: 0, changing: false }
    }

    /// Returns whether a step may start. None overtakes a step that waits for the context, so that none starves.
    pub(super) const fn admits(&self, step: &StepShape, others_wait: bool) -> bool {
        if !self.matters {
            return true;
        }
        match (step.output.updates(), step.reads) {
            (Some(_), _) => !others_wait && !self.changing && self.reading == 0,
            (None, true) => !others_wait && !self.changing,
            (None, false) => true,
        }
    }

    pub(super) const fn enter(&mut self, step: &StepShape) {
        if !self.matters {
            return;
        }
        if step.output.updates().is_some() {
            self.changing = true;
        } else if step.reads {
            self.reading += 1;
        }
    }

    pub(super) const fn leave(&mut self, step: &StepShape) {
        if !self.matters {
            return;
        }
        if step.output.updates().is_some() {
            self.changing = false;
        } else if step.reads {
            self.reading -= 1;
        }
    }
}

impl Dispatch<'_> {
    /// Applies the changes of the step that has ended, and then returns `next`.
    pub(super) async fn change_context(&mut self, next: Next) -> Next {
        for item in std::mem::take(&mut self.changes) {
            let change = match Change::read(&item) {
                Ok(change) => change,
                Err(error) => return Next::Unreadable(error.to_string()),
            };
            match self.flow.change(change).await {
                Ok(Ok(())) => self.context = self.flow.shared_context(),
                // The run fails with it, like a workflow that calls `update`.
                Ok(Err(refused)) => return Next::Fail(refused.into()),
                Err(unreadable) => return Next::Unreadable(unreadable.to_string()),
            }
        }
        next
    }
}
