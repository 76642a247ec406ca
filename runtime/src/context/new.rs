//! A context that is about to replace another, without its type.

use super::{ContextError, ContextUpdate, FieldValues, SharedContext, StepContext, StoredContext};
use crate::fields::Coder;
use std::sync::Arc;

/// A new context, before it is recorded.
pub(crate) trait NewContext: Send {
    /// Returns the names of the fields that get another value.
    fn changed(&mut self) -> Vec<&'static str>;

    /// Encodes those fields. The new context becomes what the encoded values decode to.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    fn encode(&mut self, coder: Coder<'_>) -> Result<FieldValues, ContextError>;

    /// Returns the new context, or `None` if it or the old one was taken.
    fn apply(&mut self) -> Option<SharedContext>;

    /// Returns the old context, or `None` if it or the new one was taken.
    fn discard(&mut self) -> Option<SharedContext>;
}

/// The values set by the closure of an update.
pub(super) struct Updated<C: StepContext>(pub(super) Option<<C::Stored as StoredContext>::Update>);

impl<C: StepContext> Updated<C> {
    /// Hides the type of what was set. Not a closure, which would be one more function to be called through a pointer.
    pub(super) fn boxed(update: <C::Stored as StoredContext>::Update) -> Box<dyn NewContext> {
        Box::new(Self(Some(update)))
    }
}

#[expect(clippy::manual_map, reason = "`map` and its closure would be compiled for each context")]
impl<C: StepContext> NewContext for Updated<C> {
    fn changed(&mut self) -> Vec<&'static str> {
        match &mut self.0 {
            Some(update) => update.changed(),
            None => Vec::new(),
        }
    }

    fn encode(&mut self, coder: Coder<'_>) -> Result<FieldValues, ContextError> {
        match &mut self.0 {
            Some(update) => update.encode(coder),
            None => Ok(FieldValues::new()),
        }
    }

    fn apply(&mut self) -> Option<SharedContext> {
        match self.0.take() {
            Some(update) => Some(SharedContext::new::<C>(update.apply())),
            None => None,
        }
    }

    fn discard(&mut self) -> Option<SharedContext> {
        match self.0.take() {
            Some(update) => Some(SharedContext::new::<C>(update.discard())),
            None => None,
        }
    }
}

/// A context that replaces another.
pub(super) struct Replaced<C: StepContext> {
    /// The old context; empty only while an update holds it.
    pub(super) old: Option<Arc<C::Stored>>,
    pub(super) new: Option<C::Stored>,
}

impl<C: StepContext> NewContext for Replaced<C> {
    fn changed(&mut self) -> Vec<&'static str> {
        let both = self.old.as_ref().zip(self.new.as_ref());
        both.map_or_else(Vec::new, |(old, new)| old.difference(new))
    }

    fn encode(&mut self, coder: Coder<'_>) -> Result<FieldValues, ContextError> {
        let Some((old, new)) = self.old.as_ref().zip(self.new.take()) else { return Ok(FieldValues::new()) };
        let (new, values) = old.store_difference(coder, new)?;
        self.new = Some(new);
        Ok(values)
    }

    fn apply(&mut self) -> Option<SharedContext> {
        self.new.take().map(|new| SharedContext::new::<C>(Arc::new(new)))
    }

    fn discard(&mut self) -> Option<SharedContext> {
        self.new = None;
        self.old.take().map(SharedContext::new::<C>)
    }
}
