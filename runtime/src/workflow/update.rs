//! Changes the context, which only the workflow can do.

use super::Flow;
use super::changing::{Changed, Changing, stopped};
use crate::context::Declared;
use crate::context::{ContextError, Loading, SharedContext};
use crate::journal::Journal;
use crate::store::FieldRow;
use std::pin::Pin;
use std::task::{Context, Poll};

type Update<C> = <C as Declared>::Setters;

impl<C: Declared> Flow<C> {
    /// Changes fields of the context: `flow.update(|c| c.status(Status::Done).total(c.total + 1)).await?`.
    ///
    /// The closure sees the old values. Only fields that get another value are encoded and written, each as a row of
    /// its own; setting equal values writes nothing. The change becomes durable with the run's next effect; several
    /// updates and the next step share one commit. A field that is routed to a store is saved first. An old value that
    /// was kept with `clone` stays as it was.
    ///
    /// # Errors
    /// A value cannot be stored, or its store has failed for good: the error names the field, the context is unchanged,
    /// and a replay returns the same error.
    ///
    /// # Panics
    /// The closure panics, or an earlier one did and the panic was caught.
    pub fn update<F>(&mut self, change: F) -> impl Future<Output = Result<(), ContextError>>
    where
        F: FnOnce(&Update<C>) -> &Update<C>,
    {
        Updating { update: Asked::For(Some(self)), change: Some(change) }
    }

    /// Takes the context out of the flow, to change it. Puts a second handle of it in `old` if it is recorded in an older
    /// version.
    fn begin_update(&mut self, old: &mut Option<SharedContext>) -> Update<C> {
        let context = take_context(&*self.journal, &mut self.context, self.older.is_some().then_some(old));
        let Some(stored) = (C::CODE.into_stored)(context) else { unreachable!("a context keeps its type") };
        (C::CODE.begin_update)(stored)
    }

    fn end_update(&mut self, position: u64, old: Option<SharedContext>, update: Update<C>) -> Changed<'_> {
        let (mut changing, mut changed) = (Some((self.changing(position), old)), None);
        (C::CODE.updated)(update, &mut |new| {
            if let Some((changing, old)) = changing.take() {
                changed = Some(changing.update(old, new));
            }
        });
        changed.unwrap_or_else(stopped)
    }

    fn changing(&mut self, position: u64) -> Changing<'_> {
        let Self { journal, context, older, .. } = self;
        Changing { kind: (C::CODE.kind)(), position, journal: &**journal, context, older }
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
            self.changing(position).set(new).await
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

/// Takes the context out of a flow for an update, and puts a second handle of it in `old`.
fn take_context(
    journal: &dyn Journal,
    context: &mut Option<SharedContext>,
    old: Option<&mut Option<SharedContext>>,
) -> SharedContext {
    if let Some(old) = old {
        old.clone_from(context);
    }
    // Only the update may hold the context now, so that it can be changed in place.
    journal.share_context(None);
    context.take().expect("the context is back when an update ends")
}

/// An update, performed when it is first polled. Each call in a program has a type of its own, so this type has as
/// little code as possible.
struct Updating<'a, C: Declared, F> {
    update: Asked<'a, C>,
    change: Option<F>,
}

enum Asked<'a, C: Declared> {
    For(Option<&'a mut Flow<C>>),
    Made(Changed<'a>),
}

/// The closure of an update. Not a `dyn FnMut`, whose closure is compiled as three functions for each call.
trait Sets<U> {
    /// Calls the closure, which can be called once.
    fn set(&mut self, update: &U);
}

impl<U, F: FnOnce(&U) -> &U> Sets<U> for Option<F> {
    fn set(&mut self, update: &U) {
        if let Some(change) = self.take() {
            change(update);
        }
    }
}

impl<C: Declared> Asked<'_, C> {
    fn poll(&mut self, cx: &mut Context<'_>, change: &mut dyn Sets<Update<C>>) -> Poll<Result<(), ContextError>> {
        if let Self::For(flow) = self
            && let Some(flow) = flow.take()
        {
            let (position, mut old) = (flow.journal.next_command_index(), None);
            let update = flow.begin_update(&mut old);
            change.set(&update);
            *self = Self::Made(flow.end_update(position, old, update));
        }
        match self {
            Self::Made(changed) => Pin::new(changed).poll(cx),
            Self::For(_) => Poll::Pending,
        }
    }
}

// The future that is polled in place is boxed.
impl<C: Declared, F> Unpin for Updating<'_, C, F> {}

impl<C: Declared, F> Future for Updating<'_, C, F>
where
    F: FnOnce(&Update<C>) -> &Update<C>,
{
    type Output = Result<(), ContextError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { update, change } = self.get_mut();
        update.poll(cx, change)
    }
}
