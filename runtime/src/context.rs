//! The typed, immutable context of a workflow: the items that the derive generates, and the types that can be fields.
//!
//! It does not depend on a database: fields become names and [`Value`]s.

mod builder;
mod changing;
mod cloned;
mod code;
mod error;
mod index;
mod live;
mod loading;
mod new;
mod persist;
mod recorded;
mod restore;
mod schema;
mod shared;
mod text;

pub use builder::{Set, Unset, change, set};
pub(crate) use changing::Harmless;
pub use changing::{AnyType, Changing, MayChange, MayChangeInGraph, MayChangeInWorkflow, borrowed, unwritten};
pub use cloned::{Cloned, ContextOfStep};
pub(crate) use code::Stored;
pub use code::{
    CodeOfContext, ContextCode, Declared, Defaults, Known, MakeDefaults, OtherwiseContext, OtherwiseKnown, SetCode,
};
pub use error::ContextError;
pub use index::{Comparable, FieldArgument, FieldCondition, IndexedContext, IndexedField, NotIndexed};
pub use live::{NotShared, Shared, TransientValue, check_transient};
pub(crate) use loading::Loading;
pub(crate) use new::NewContext;
pub use persist::Persist;
pub(crate) use persist::read_back;
pub use recorded::{RecordedFields, RecordedValue, migrated};
pub use restore::{RestoreError, Restoring, TransientDefault, restoring, run_default, run_hook};
pub use schema::{FieldSchema, Schema, stored_default};
pub(crate) use shared::{ContextType, SharedContext, context_type, store_all};
pub use text::debug;

use crate::fields::Coder;
use crate::resources::Resources;
use crate::value::Value;
use crate::vault::{exposing, redacting};
use std::sync::Arc;

/// The new values of some fields, in the order of the struct.
pub type FieldValues = Vec<(&'static str, Value)>;

/// A writer for the fields of a context of one run.
#[derive(Debug)]
pub struct FieldWriter<'a> {
    coder: Coder<'a>,
    values: FieldValues,
}

impl<'a> FieldWriter<'a> {
    /// Creates a writer for `fields` fields.
    #[must_use]
    pub fn new(coder: Coder<'a>, fields: usize) -> Self {
        Self { coder, values: FieldValues::with_capacity(fields) }
    }

    pub(crate) const fn coder(&self) -> Coder<'a> {
        self.coder
    }

    pub(crate) fn push(&mut self, name: &'static str, value: Value) {
        self.values.push((name, value));
    }

    /// Returns the values that were written.
    #[must_use]
    pub fn finish(self) -> FieldValues {
        self.values
    }
}

/// A context of a workflow; implemented by `#[derive(StepContext)]`.
///
/// Steps get the whole of it, by reference. The workflow builds and changes its stored part, which survives a crash;
/// for a context without transient fields that is the context itself.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone, Debug)]
/// pub struct Order {
///     pub customer: String,
///     #[context(default)]
///     pub cents: u64,
/// }
///
/// #[step]
/// async fn price(ctx: &Order, item: String) -> Result<u64> {
///     Ok((ctx.customer.len() + item.len()) as u64)
/// }
///
/// #[workflow(context = Order)]
/// async fn order(start: Start<Order>, item: String) -> Result<u64> {
///     let mut flow = start.with(Order::builder().customer("Ada").build()).await?;
///     let cents = price(&flow, item).await?;
///     flow.update(|c| c.cents(c.cents + cents)).await?;
///     Ok(flow.cents)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(order).start().await?;
/// assert_eq!(engine.start(order, "tea".to_owned()).await?.result().await?, 6);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a context",
    label = "this is not a context",
    note = "put `#[derive(StepContext, Clone)]` on it",
    note = "the first parameter of a step, if it is a reference, is its context; arguments are passed by value",
    note = "for something the engine holds write `#[resource] name: &{Self}`; `&Session` and `&StepScope` are known by these names, and not by an alias"
)]
pub trait StepContext:
    Declared<StoredPart = Self::Stored, Setters = <Self::Stored as StoredContext>::Update> + Clone + Send + Sync
{
    /// The stored fields; `Self` if there is no transient field.
    type Stored: StoredContext;

    /// The values of the transient fields.
    #[doc(hidden)]
    type Live: Send + Sync + 'static;

    /// The name under which the context is recorded.
    #[doc(hidden)]
    const CONTEXT: &'static str = <Self::Stored as StoredContext>::NAME;

    /// The names of the transient fields, in the order of the struct.
    const TRANSIENT: &'static [&'static str] = &[];

    /// Restores the values of the transient fields, in the order of their dependencies.
    ///
    /// # Errors
    /// A hook failed: names the field.
    #[doc(hidden)]
    fn restore(_stored: &Arc<Self::Stored>, _resources: &Resources) -> Restoring {
        restore::without_transient_fields()
    }

    /// Returns a copy of the stored part.
    #[doc(hidden)]
    fn stored_part(&self) -> Self::Stored;

    /// Returns the whole context: the stored part with the restored transient fields.
    #[doc(hidden)]
    fn whole(stored: &Arc<Self::Stored>, live: &Self::Live) -> Arc<Self>;
}

/// The stored part of a context: the workflow's builder makes it, `flow.update` changes it, and the database holds it.
///
/// Implemented by `#[derive(StepContext)]`: for the struct itself, or for `OrderContextStored` if `OrderContext` has
/// transient fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the stored part of a context",
    label = "a transaction reads what is stored",
    note = "of a context with transient fields, take the stored part: `&{Self}Stored`",
    note = "otherwise put `#[derive(StepContext, Clone)]` on it; arguments are passed by value"
)]
pub trait StoredContext: Clone + Send + Sync + Sized + 'static {
    /// The name under which the context is recorded: the struct's, or the one given with `name = ".."`.
    const NAME: &'static str;

    /// The argument of an update's closure: it dereferences to the old context and has a setter for each field.
    type Update: ContextUpdate<Context = Self> + 'static;

    /// Returns the fields, their types and encodings, as recorded with each run.
    #[doc(hidden)]
    fn schema() -> &'static Schema;

    /// Encodes every field, and returns the context as the stored values decode.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    #[doc(hidden)]
    fn store_all(self, coder: Coder<'_>) -> Result<(Self, FieldValues), ContextError>;

    /// Encodes the fields in which `new` differs from `self`, and returns `new` as the stored values decode.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    #[doc(hidden)]
    fn store_difference(&self, coder: Coder<'_>, new: Self) -> Result<(Self, FieldValues), ContextError>;

    /// Returns the names of the fields in which `new` differs from `self`; encodes nothing.
    #[doc(hidden)]
    fn difference(&self, new: &Self) -> Vec<&'static str>;

    /// Builds a context from stored fields, which `field` returns by each name that a field has or had. Fields with a
    /// default may be missing; unknown ones are ignored.
    ///
    /// # Errors
    /// A required field that is missing or a value that does not decode, by name.
    #[doc(hidden)]
    fn load(coder: Coder<'_>, field: &mut dyn FnMut(&str) -> Option<RecordedValue>) -> Result<Self, ContextError>;

    /// Replaces one field by its stored value. Returns `false` if this build has no such field.
    ///
    /// # Errors
    /// The value does not decode.
    #[doc(hidden)]
    fn load_field(&mut self, coder: Coder<'_>, recorded: &RecordedValue) -> Result<bool, ContextError>;

    /// Whether [`migrate`](StoredContext::migrate) does anything.
    #[doc(hidden)]
    const MIGRATES: bool = false;

    /// Migrates fields of an older version of the context to the current one: `#[context(version = 2, migrate = ..)]`.
    ///
    /// # Errors
    /// The error of the user's function.
    #[doc(hidden)]
    fn migrate(_recorded: &mut RecordedFields) -> Result<(), ContextError> {
        Ok(())
    }

    /// Replaces a value by the pointer to its store, if the field's type holds such pointers.
    ///
    /// # Errors
    /// None: the values were just encoded.
    #[doc(hidden)]
    fn point_to_stored(&mut self, coder: Coder<'_>, values: &FieldValues) -> Result<(), ContextError> {
        for recorded in shared::pointers(Self::schema(), values) {
            self.load_field(coder, &recorded)?;
        }
        Ok(())
    }

    /// Begins an update.
    #[doc(hidden)]
    fn begin_update(old: Arc<Self>) -> Self::Update;

    /// Returns the context as JSON: an object with a member for each field. Bytes are base64 text, secrets are
    /// `"[secret]"`.
    ///
    /// # Errors
    /// The first field that JSON cannot hold, by name.
    fn to_json(&self) -> Result<String, ContextError> {
        redacting(|| text::write(Self::schema(), &self.clone().store_all(Coder::NO_RUN)?.1))
    }

    /// Returns the same as [`to_json`](StoredContext::to_json), with the secrets in plain text: for readers that may
    /// see them.
    ///
    /// # Errors
    /// The first field that JSON cannot hold, by name.
    fn to_json_with_secrets(&self) -> Result<String, ContextError> {
        exposing(|| text::write(Self::schema(), &self.clone().store_all(Coder::NO_RUN)?.1))
    }

    /// Parses a context from the text that [`to_json`](StoredContext::to_json) returns, or that a person wrote.
    ///
    /// A field with a default may be missing.
    ///
    /// # Errors
    /// The text is no object, has an unknown or a duplicate key, lacks a required field, or a value does not fit. The
    /// error names the field.
    fn from_json(json: &str) -> Result<Self, ContextError> {
        // A person wrote the text, even if a step reads it: its secrets are plain text, not tokens.
        exposing(|| {
            let values = text::read(Self::schema(), json)?;
            Self::load(Coder::NO_RUN, &mut |name| Some(RecordedValue::new(name, values.get(name)?.clone())))
        })
    }

    /// Returns a copy with some fields changed, in memory only; [`Flow::update`](crate::Flow::update) changes the
    /// stored context.
    #[must_use]
    fn with<F>(&self, change: F) -> Self
    where
        F: FnOnce(&Self::Update) -> &Self::Update,
    {
        let update = Self::begin_update(Arc::new(self.clone()));
        change(&update);
        Arc::unwrap_or_clone(update.apply())
    }
}

/// The generated type behind [`StoredContext::Update`].
pub trait ContextUpdate: Send {
    /// The context that is updated.
    type Context;

    /// Returns the names of the fields that were set to another value; encodes nothing.
    #[doc(hidden)]
    fn changed(&mut self) -> Vec<&'static str>;

    /// Encodes the fields that were set to another value. Their new values become what the encoded ones decode to.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    #[doc(hidden)]
    fn encode(&mut self, coder: Coder<'_>) -> Result<FieldValues, ContextError>;

    /// Applies the new values, in place if the old context has no other holder.
    #[doc(hidden)]
    fn apply(self) -> Arc<Self::Context>;

    /// Returns the old context.
    #[doc(hidden)]
    fn discard(self) -> Arc<Self::Context>;
}

/// A context whose fields all have a default: a workflow may take it as `flow: &mut Flow<C>`. [`Defaults`] reports a
/// context that has none.
pub trait DefaultContext: StepContext {
    /// Returns the context with every field at its default.
    #[doc(hidden)]
    fn from_defaults() -> Self::Stored;
}
