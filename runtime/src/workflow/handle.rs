//! The handles with which steps can be called.

use super::{Flow, Start};
use crate::context::SharedContext;
use crate::journal::Journal;
use std::sync::Arc;

/// What a call of a step takes of the handle, whichever it is.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Caller<'flow> {
    /// The seam to the run.
    pub journal: &'flow Arc<dyn Journal>,
    /// The context that a step called now will see.
    pub context: Option<&'flow SharedContext>,
}

/// A handle with which steps can be called: [`Flow`], [`Start`], and references to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the handle of a running workflow",
    label = "a step is called with the workflow's handle first",
    note = "pass the handle that the workflow got: `validate(&flow, order).await?`",
    note = "a step or a transaction cannot call steps: let it return, and the workflow call the next one",
    note = "a unit test calls the function itself: `validate::direct(order).await`"
)]
pub trait WorkflowHandle: Send + Sync {
    #[doc(hidden)]
    fn caller(&self) -> Caller<'_>;
}

/// A handle that carries the context `C`, so that steps that read it can be called.
#[diagnostic::on_unimplemented(
    message = "this step reads the context `{C}`, and `{Self}` is not a handle that carries it",
    label = "no `{C}` is set here",
    note = "in a workflow with `#[workflow(context = {C})]`, set it first: `let mut flow = start.with({C}::builder()...build()).await?;`, and call the step with `&flow`",
    note = "a step cannot call steps: let it return, and the workflow call the next one"
)]
pub trait HasContext<C>: WorkflowHandle {}

/// A handle whose context has the stored part `S`, so that transactions that read it can be called.
#[diagnostic::on_unimplemented(
    message = "this transaction reads the context `{S}`, and `{Self}` is not a handle that carries it",
    label = "no `{S}` is set here",
    note = "in a workflow with a context, set it first: `let mut flow = start.with(..).await?;`, and call the transaction with `&flow`",
    note = "a transaction gets the stored part of a context: of one with transient fields that is `{S}Stored`",
    note = "a step or a transaction cannot call steps: let it return, and the workflow call the next one"
)]
pub trait HasStored<S>: WorkflowHandle {}

#[diagnostic::do_not_recommend]
impl<C: 'static> WorkflowHandle for Flow<C> {
    fn caller(&self) -> Caller<'_> {
        Caller { journal: &self.journal, context: self.context.as_ref() }
    }
}

#[diagnostic::do_not_recommend]
impl<C: 'static> HasContext<C> for Flow<C> {}

#[diagnostic::do_not_recommend]
impl<C: crate::context::Declared> HasStored<C::StoredPart> for Flow<C> {}

#[diagnostic::do_not_recommend]
impl<C: 'static> WorkflowHandle for Start<C> {
    fn caller(&self) -> Caller<'_> {
        Caller { journal: &self.journal, context: None }
    }
}

macro_rules! through_reference {
    ($($reference:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<H: WorkflowHandle + ?Sized> WorkflowHandle for $reference {
            fn caller(&self) -> Caller<'_> {
                (**self).caller()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<C, H: HasContext<C> + ?Sized> HasContext<C> for $reference {}

        #[diagnostic::do_not_recommend]
        impl<S, H: HasStored<S> + ?Sized> HasStored<S> for $reference {}
    )* };
}

through_reference!(&H, &mut H);
