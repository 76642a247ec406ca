//! The context of a run without its type, for steps and readers without a type parameter, and its changes.

use super::restore::without_transient_fields;
use super::{
    ContextError, FieldValues, RecordedFields, RecordedValue, Restoring, Schema, StepContext, Stored, StoredContext,
};
use crate::fields::Coder;
use crate::panics::Held;
use crate::resources::{Anything, Resources};
use crate::value::Encoding;
use std::any::Any;
use std::sync::Arc;

/// The stored part of a run's context without its type, with the functions that make the whole context.
#[derive(Clone)]
pub struct SharedContext {
    stored: Held<Anything>,
    kind: ContextType,
}

impl SharedContext {
    pub(crate) fn new<C: StepContext>(stored: Arc<C::Stored>) -> Self {
        Self::of(stored, context_type::<C>())
    }

    fn of(stored: Anything, kind: ContextType) -> Self {
        Self { stored: Held::new(stored), kind }
    }

    /// Returns the stored part, if it is of this type.
    pub(crate) fn stored<S: 'static>(&self) -> Option<&S> {
        self.any().downcast_ref()
    }

    fn any(&self) -> &AnyStored {
        &**self.stored
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
        self.to_stored()
    }

    pub(crate) fn to_stored(&self) -> Anything {
        Anything::clone(&self.stored)
    }

    /// Returns the context's recorded name.
    pub(crate) fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Returns the context's type.
    pub(super) fn kind(&self) -> ContextType {
        self.kind
    }

    /// Returns the names of the transient fields.
    pub(crate) fn transient(&self) -> &'static [&'static str] {
        self.kind.transient
    }

    /// Restores the values of the transient fields.
    pub(crate) fn restore(&self, resources: &Resources) -> Restoring {
        self.kind.live.map_or_else(without_transient_fields, |live| (live.restore)(self.to_stored(), resources))
    }

    /// Returns the whole context, if `live` are the values that [`restore`](Self::restore) returned.
    pub(crate) fn whole(&self, live: &Anything) -> Option<Anything> {
        let whole = self.kind.live?.whole;
        whole(self.to_stored(), live)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.stored, &other.stored)
    }

    /// Encodes every field, and returns the context as the stored values decode.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    pub(crate) fn store_all(&self, coder: Coder<'_>) -> Result<(Self, FieldValues), ContextError> {
        (self.kind.store_all)(coder, self.any())
    }

    /// Replaces one field by its stored value; other holders of the context keep the old one. Returns `false` if this
    /// build has no such field.
    ///
    /// # Errors
    /// The value does not decode.
    pub(crate) fn load_field(&mut self, coder: Coder<'_>, recorded: &RecordedValue) -> Result<bool, ContextError> {
        if Arc::get_mut(&mut self.stored).is_none() {
            *self = Self::of((self.kind.copy)(self.any()), self.kind);
        }
        match Arc::get_mut(&mut self.stored) {
            Some(stored) => (self.kind.load_field)(stored, coder, recorded),
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
pub(crate) type ContextType = &'static ContextTable;

/// The functions of a context without its type. A table, because each method of a trait object would be another function for
/// each context.
pub(crate) struct ContextTable {
    name: &'static str,
    transient: &'static [&'static str],
    schema: fn() -> &'static Schema,
    load: fn(Coder<'_>, Find<'_>) -> Result<SharedContext, ContextError>,
    migrate: Option<Migrate>,
    load_field: fn(&mut AnyStored, Coder<'_>, &RecordedValue) -> Result<bool, ContextError>,
    copy: fn(&AnyStored) -> Anything,
    store_all: fn(Coder<'_>, &AnyStored) -> Stored,
    /// Of a context with transient fields.
    live: Option<LiveTable>,
}

/// A stored part without its type.
type AnyStored = dyn Any + Send + Sync;

/// Migrates older fields.
type Migrate = fn(&mut RecordedFields) -> Result<(), ContextError>;

/// Returns a recorded field by its name.
type Find<'a> = &'a mut dyn FnMut(&str) -> Option<RecordedValue>;

/// The functions of a context with transient fields.
#[derive(Clone, Copy)]
struct LiveTable {
    restore: fn(Anything, &Resources) -> Restoring,
    whole: fn(Anything, &Anything) -> Option<Anything>,
}

impl ContextTable {
    /// Returns the recorded name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the schema.
    pub(crate) fn schema(&self) -> &'static Schema {
        (self.schema)()
    }

    /// Builds a context from stored fields: see [`StoredContext::load`].
    pub(super) fn load(&self, coder: Coder<'_>, field: Find<'_>) -> Result<SharedContext, ContextError> {
        (self.load)(coder, field)
    }

    /// Migrates older fields: see [`StoredContext::migrate`].
    pub(super) fn migrate(&self, recorded: &mut RecordedFields) -> Result<(), ContextError> {
        self.migrate.map_or(Ok(()), |migrate| migrate(recorded))
    }
}

/// Returns the type of a context.
pub(crate) const fn context_type<C: StepContext>() -> ContextType {
    Of::<C>::TABLE
}

/// The functions of a context, each compiled for it.
struct Of<C>(std::marker::PhantomData<C>);

impl<C: StepContext> Of<C> {
    const TABLE: ContextType = &ContextTable {
        name: C::Stored::NAME,
        transient: C::TRANSIENT,
        schema: C::Stored::schema,
        load: Self::load,
        // Named only where they do something: a default of a trait is compiled for each type.
        migrate: if C::Stored::MIGRATES { Some(C::Stored::migrate) } else { None },
        load_field: Self::load_field,
        copy: Self::copy,
        store_all: Self::store_all,
        live: if C::TRANSIENT.is_empty() {
            None
        } else {
            Some(LiveTable { restore: Self::restore, whole: Self::whole })
        },
    };

    fn load(coder: Coder<'_>, field: Find<'_>) -> Result<SharedContext, ContextError> {
        match C::Stored::load(coder, field) {
            Ok(stored) => Ok(SharedContext::new::<C>(Arc::new(stored))),
            Err(error) => Err(error),
        }
    }

    fn load_field(stored: &mut AnyStored, coder: Coder<'_>, recorded: &RecordedValue) -> Result<bool, ContextError> {
        match stored.downcast_mut::<C::Stored>() {
            Some(stored) => stored.load_field(coder, recorded),
            None => other(),
        }
    }

    fn copy(stored: &AnyStored) -> Anything {
        Arc::new(Self::clone(stored))
    }

    fn store_all(coder: Coder<'_>, stored: &AnyStored) -> Stored {
        store_all::<C>(coder, Self::clone(stored))
    }

    fn clone(stored: &AnyStored) -> C::Stored {
        match stored.downcast_ref::<C::Stored>() {
            Some(stored) => stored.clone(),
            None => other(),
        }
    }

    fn restore(stored: Anything, resources: &Resources) -> Restoring {
        stored.downcast().map_or_else(|_| other(), |stored| C::restore(&stored, resources))
    }

    fn whole(stored: Anything, live: &Anything) -> Option<Anything> {
        let live = live.downcast_ref::<C::Live>()?;
        let stored = stored.downcast().ok()?;
        Some(C::whole(&stored, live))
    }
}

fn other() -> ! {
    unreachable!("a context keeps its type")
}
