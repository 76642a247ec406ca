//! Checks of a context that report a fault once.

use super::StepContext;

/// A struct that can be a context as far as `Clone` is concerned.
#[diagnostic::on_unimplemented(
    message = "the context `{Self}` is not `Clone`",
    label = "each change makes a new context out of the old one",
    note = "write `#[derive(StepContext, Clone)]`"
)]
pub trait Cloned {
    /// Named by generated code.
    const CHECK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Cloned for T {}

/// A type with the name of a workflow's handle that is a context.
#[diagnostic::on_unimplemented(
    message = "a step cannot have the handle of the workflow: it could change the context while other steps read it",
    label = "not in a step",
    note = "take what it reads, `ctx: &YourContext`; return the new value, and let the workflow change the context: `flow.update(|c| ..).await?`"
)]
pub trait ContextOfStep {
    /// Named by generated code.
    const CHECK: () = ();
}

#[diagnostic::do_not_recommend]
impl<C: StepContext> ContextOfStep for C {}
