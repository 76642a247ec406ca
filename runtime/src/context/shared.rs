//! The context of a run without its type, for steps and readers without a type parameter, and its changes.

use super::{
    ContextError, FieldValues, RecordedFields, RecordedValue, Restoring, Schema, StepContext, StoredContext, change,
};
use crate::fields::Coder;
use crate::panics::Held;
use crate::resources::{Anything, Resources};
use crate::value::Encoding;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

/// The stored part of a run's context without its type, with the functions that make the whole context.
#[derive(Clone)]
pub struct SharedContext(Arc<dyn AnyContext>);

impl SharedContext {
    pub(crate) fn new<C: StepContext>(stored: Arc<C::Stored>) -> Self {
        Self(Arc::new(Of::<C> { stored: Held::new(stored), context: PhantomData }))
    }

    /// Returns the stored part, if it is of this type.
    pub(crate) fn stored<S: 'static>(&self) -> Option<&S> {
        self.0.stored().downcast_ref()
    }

    /// Returns the stored part as a pointer of its own, and drops the rest.
    #[expect(clippy::manual_ok_err, reason = "`ok` would be compiled for each context")]
    pub(crate) fn into_stored<S: StoredContext>(self) -> Option<Arc<S>> {
        match self.into_anything().downcast() {
            Ok(stored) => Some(stored),
            Err(_) => None,
        }
    }

    /// Returns the same pointer without its type.
    pub(crate) fn into_anything(self) -> Anything {
        self.0.share()
    }

    pub(crate) fn to_stored(&self) -> Anything {
        self.0.share()
    }

    /// Returns the context's recorded name.
    pub(crate) fn name(&self) -> &'static str {
        self.0.kind().name()
    }

    /// Returns the context's type.
    pub(super) fn kind(&self) -> ContextType {
        self.0.kind()
    }

    /// Returns the names of the transient fields.
    pub(crate) fn transient(&self) -> &'static [&'static str] {
        self.0.transient()
    }

    /// Restores the values of the transient fields.
    pub(crate) fn restore(&self, resources: &Resources) -> Restoring {
        self.0.restore(resources)
    }

    /// Returns the whole context, if `live` are the values that [`restore`](Self::restore) returned.
    pub(crate) fn whole(&self, live: &Anything) -> Option<Anything> {
        self.0.whole(live)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.share(), &other.0.share())
    }

    /// Encodes every field, and returns the context as the stored values decode.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    pub(crate) fn store_all(&self, coder: Coder<'_>) -> Result<(Self, FieldValues), ContextError> {
        self.0.store_all(coder)
    }

    /// Replaces one field by its stored value; other holders of the context keep the old one. Returns `false` if this
    /// build has no such field.
    ///
    /// # Errors
    /// The value does not decode.
    pub(crate) fn load_field(&mut self, coder: Coder<'_>, recorded: &RecordedValue) -> Result<bool, ContextError> {
        if Arc::get_mut(&mut self.0).is_none() {
            *self = self.0.again();
        }
        match Arc::get_mut(&mut self.0) {
            Some(context) => context.load_field(coder, recorded),
            None => Ok(false),
        }
    }

    /// Replaces saved values by pointers: see [`StoredContext::point_to_stored`].
    pub(crate) fn point_to_stored(&mut self, coder: Coder<'_>, values: &FieldValues) -> Result<(), ContextError> {
        for recorded in pointers(self.kind().schema(), values) {
            self.load_field(coder, &recorded)?;
        }
        Ok(())
    }
}

/// Returns the values that were saved to a store, of fields whose type holds pointers.
pub(super) fn pointers<'a>(
    schema: &'static Schema,
    values: &'a FieldValues,
) -> impl Iterator<Item = RecordedValue> + 'a {
    let lazy = |name: &str| schema.fields.iter().any(|field| field.name == name && (field.lazy)());
    let stored = values.iter().filter(move |(name, value)| value.encoding == Encoding::Stored && lazy(name));
    stored.map(|(name, value)| RecordedValue::new(*name, value.clone()))
}

impl std::fmt::Debug for SharedContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedContext").finish_non_exhaustive()
    }
}

trait AnyContext: Send + Sync {
    fn kind(&self) -> ContextType;
    fn stored(&self) -> &dyn Any;
    fn share(&self) -> Anything;
    fn again(&self) -> SharedContext;
    fn store_all(&self, coder: Coder<'_>) -> Result<(SharedContext, FieldValues), ContextError>;
    fn load_field(&mut self, coder: Coder<'_>, recorded: &RecordedValue) -> Result<bool, ContextError>;
    fn transient(&self) -> &'static [&'static str];
    fn restore(&self, resources: &Resources) -> Restoring;
    fn whole(&self, live: &Anything) -> Option<Anything>;
}

struct Of<C: StepContext> {
    stored: Held<Arc<C::Stored>>,
    context: PhantomData<fn() -> C>,
}

impl<C: StepContext> AnyContext for Of<C> {
    fn kind(&self) -> ContextType {
        context_type::<C>()
    }

    fn stored(&self) -> &dyn Any {
        &**self.stored
    }

    fn share(&self) -> Anything {
        Arc::<C::Stored>::clone(&self.stored)
    }

    fn again(&self) -> SharedContext {
        SharedContext::new::<C>(Arc::clone(&*self.stored))
    }

    fn store_all(&self, coder: Coder<'_>) -> Result<(SharedContext, FieldValues), ContextError> {
        store_all::<C>(coder, C::Stored::clone(&self.stored))
    }

    fn load_field(&mut self, coder: Coder<'_>, recorded: &RecordedValue) -> Result<bool, ContextError> {
        change(&mut *self.stored).load_field(coder, recorded)
    }

    fn transient(&self) -> &'static [&'static str] {
        C::TRANSIENT
    }

    fn restore(&self, resources: &Resources) -> Restoring {
        C::restore(&self.stored, resources)
    }

    fn whole(&self, live: &Anything) -> Option<Anything> {
        let live = live.downcast_ref::<C::Live>()?;
        Some(C::whole(&self.stored, live))
    }
}

/// Encodes every field of a context, and returns it as the stored values decode.
///
/// # Errors
/// The first field that cannot be stored, by name.
pub(crate) fn store_all<C: StepContext>(
    coder: Coder<'_>,
    stored: C::Stored,
) -> Result<(SharedContext, FieldValues), ContextError> {
    // Not `map`, which would be two more functions for each context.
    match stored.store_all(coder) {
        Ok((stored, values)) => Ok((SharedContext::new::<C>(Arc::new(stored)), values)),
        Err(error) => Err(error),
    }
}

/// The type of a context, for code that is compiled once, in this crate, and not for each context of a program.
pub(crate) type ContextType = &'static dyn AnyContextType;

pub(crate) trait AnyContextType: Send + Sync {
    /// Returns the recorded name.
    fn name(&self) -> &'static str;

    /// Returns the schema.
    fn schema(&self) -> &'static Schema;

    /// Builds a context from stored fields: see [`StoredContext::load`].
    fn load(
        &self,
        coder: Coder<'_>,
        field: &mut dyn FnMut(&str) -> Option<RecordedValue>,
    ) -> Result<SharedContext, ContextError>;

    /// Migrates older fields: see [`StoredContext::migrate`].
    fn migrate(&self, recorded: &mut RecordedFields) -> Result<(), ContextError>;
}

/// Returns the type of a context.
pub(crate) const fn context_type<C: StepContext>() -> ContextType {
    &TypeOf::<C>(PhantomData)
}

struct TypeOf<C>(PhantomData<fn() -> C>);

impl<C: StepContext> AnyContextType for TypeOf<C> {
    fn name(&self) -> &'static str {
        C::Stored::NAME
    }

    fn schema(&self) -> &'static Schema {
        C::Stored::schema()
    }

    fn load(
        &self,
        coder: Coder<'_>,
        field: &mut dyn FnMut(&str) -> Option<RecordedValue>,
    ) -> Result<SharedContext, ContextError> {
        match C::Stored::load(coder, field) {
            Ok(stored) => Ok(SharedContext::new::<C>(Arc::new(stored))),
            Err(error) => Err(error),
        }
    }

    fn migrate(&self, recorded: &mut RecordedFields) -> Result<(), ContextError> {
        C::Stored::migrate(recorded)
    }
}
