//! Changes the context, which only the workflow can do.

use super::Flow;
use super::changing::{Handle, Updating};
use crate::context::Declared;
use crate::context::{ContextError, Loading};
use crate::store::FieldRow;

type Update<C> = <C as Declared>::Setters;

impl<C: Declared> Flow<C> {
    /// Changes fields of the context: `flow.update(|c| c.status(Status::Done).total(c.total + 1)).await?`.
    ///
    /// The closure is called at once, and sees the old values; the change is made when the call is awaited. Only fields that
    /// get another value are encoded and written, each as a row of its own; setting equal values writes nothing. The change
    /// becomes durable with the run's next effect; several updates and the next step share one commit. A field that is routed
    /// to a store is saved first. An old value that was kept with `clone` stays as it was.
    ///
    /// # Errors
    /// A value cannot be stored, or its store has failed for good: the error names the field, the context is unchanged,
    /// and a replay returns the same error.
    ///
    /// # Panics
    /// The closure panics.
    //
    // Each closure has a type of its own, so nothing but its call is compiled for it.
    pub fn update<F>(&mut self, change: F) -> impl Future<Output = Result<(), ContextError>> + Send
    where
        F: FnOnce(&Update<C>) -> &Update<C>,
    {
        let update = self.begin_update();
        change(&update);
        self.end_update(update)
    }

    /// Returns an update of the context, which stays with the flow until the update is polled.
    fn begin_update(&self) -> Update<C> {
        let stored = match &self.context {
            Some(context) => (C::CODE.into_stored)(context.clone()),
            None => None,
        };
        let Some(stored) = stored else { unreachable!("a context keeps its type") };
        (C::CODE.begin_update)(stored)
    }

    fn end_update(&mut self, update: Update<C>) -> Updating<'_> {
        Updating::Asked(Some((self.handle(), (C::CODE.updated)(update))))
    }

    fn handle(&mut self) -> Handle<'_> {
        let Self { journal, context, older, .. } = self;
        Handle { kind: (C::CODE.kind)(), journal: &**journal, context, older }
    }

    /// Replaces the whole stored part of the context; only the fields that differ are written.
    ///
    /// # Errors
    /// A value cannot be stored, or its store has failed for good: the error names the field, the context is unchanged,
    /// and a replay returns the same error.
    pub fn set(&mut self, new: C::StoredPart) -> impl Future<Output = Result<(), ContextError>> + Send {
        let old = self.context.clone().and_then(C::CODE.into_stored);
        let new = (C::SET.replaced)(old, new);
        async move {
            let position = self.journal.next_command_index();
            self.handle().at(position).set(new).await
        }
    }

    /// Returns the stored part with fields that are recorded elsewhere.
    ///
    /// # Errors
    /// A value does not decode.
    pub(crate) fn with_recorded(&self, version: u32, rows: Vec<FieldRow>) -> Result<C::StoredPart, ContextError> {
        let mut context = self.context.clone().expect("the context is back when an update ends");
        let coder = self.journal.coder();
        Loading { context: &mut context, older: &mut self.older.clone(), coder }.change(version, rows)?;
        let context = (C::CODE.into_stored)(context).map(C::SET.unshared);
        Ok(context.expect("a context keeps its type"))
    }
}
