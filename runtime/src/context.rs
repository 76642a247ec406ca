//! The typed, immutable context of a workflow: what the derive generates, and what may be a field.
//!
//! Nothing here knows a database: fields become names and [`Value`]s.

mod builder;
mod error;
mod persist;
mod schema;
mod text;

pub use builder::{Set, Unset, change, set};
pub use error::ContextError;
pub use persist::Persist;
pub use schema::{FieldSchema, Schema};

use crate::value::Value;
use std::sync::Arc;

/// The new values of some fields, in the order of the struct.
pub type FieldValues = Vec<(&'static str, Value)>;

/// A context of a workflow; implemented by `#[derive(StepContext)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a context",
    label = "this is not a context",
    note = "put `#[derive(StepContext, Clone)]` on it",
    note = "the first parameter of a step, if it is a reference, is its context; arguments are passed by value"
)]
pub trait StepContext: Clone + Send + Sync + Sized + 'static {
    /// The name under which the context is recorded: the struct's, or the one given with `name = ".."`.
    const NAME: &'static str;

    /// What the closure of an update gets: it dereferences to the old context and has a setter for each field.
    type Update: ContextUpdate<Context = Self>;

    /// The fields, their types and forms, as recorded with each run.
    fn schema() -> &'static Schema;

    /// Encodes every field, and gives back the context as the stored values decode.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    #[doc(hidden)]
    fn store_all(self) -> Result<(Self, FieldValues), ContextError>;

    /// Encodes the fields in which `new` differs from `self`, and gives back `new` as the stored values decode.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name.
    #[doc(hidden)]
    fn store_difference(&self, new: Self) -> Result<(Self, FieldValues), ContextError>;

    /// The names of the fields in which `new` differs from `self`; encodes nothing.
    #[doc(hidden)]
    fn difference(&self, new: &Self) -> Vec<&'static str>;

    /// Builds a context from stored fields; fields with a default may be missing, unknown ones are ignored.
    ///
    /// # Errors
    /// A required field that is missing or a value that does not decode, by name.
    #[doc(hidden)]
    fn load(field: &mut dyn FnMut(&str) -> Option<Value>) -> Result<Self, ContextError>;

    /// Replaces one field by its stored value. Returns `false` if this build has no such field.
    ///
    /// # Errors
    /// The value does not decode.
    #[doc(hidden)]
    fn load_field(&mut self, name: &str, value: &Value) -> Result<bool, ContextError>;

    /// The start of an update.
    #[doc(hidden)]
    fn begin_update(old: Arc<Self>) -> Self::Update;

    /// The context as JSON: an object with a member for each field. Bytes stand in it as base64 text.
    ///
    /// # Errors
    /// The first field that JSON cannot hold, by name.
    fn to_json(&self) -> Result<String, ContextError> {
        text::write(Self::schema(), &self.clone().store_all()?.1)
    }

    /// A context from the text that [`to_json`](StepContext::to_json) makes, or that a person wrote.
    ///
    /// A field with a default may be missing.
    ///
    /// # Errors
    /// The text is no object, has an unknown key or one twice, lacks a required field, or a value does not fit: by name.
    fn from_json(json: &str) -> Result<Self, ContextError> {
        let values = text::read(Self::schema(), json)?;
        Self::load(&mut |name| values.get(name).cloned())
    }

    /// A copy with some fields changed, in memory only; what is stored changes by [`Flow::update`](crate::Flow::update).
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

/// The generated type behind [`StepContext::Update`].
pub trait ContextUpdate: Send {
    /// The context that is updated.
    type Context;

    /// The names of the fields that were set to another value than they have; encodes nothing.
    #[doc(hidden)]
    fn changed(&mut self) -> Vec<&'static str>;

    /// Encodes the fields that were set to another value and applies them, in place if nobody else holds the old
    /// context. On an error the old context is untouched.
    ///
    /// # Errors
    /// The first field that cannot be stored, by name, with the old context.
    #[doc(hidden)]
    #[allow(clippy::type_complexity, reason = "generated code implements it")]
    fn store(self) -> Result<(Arc<Self::Context>, FieldValues), (Arc<Self::Context>, ContextError)>;

    /// Applies what was set, without encoding it.
    #[doc(hidden)]
    fn apply(self) -> Arc<Self::Context>;

    /// The context as it was.
    #[doc(hidden)]
    fn discard(self) -> Arc<Self::Context>;
}

/// A context whose fields all have a default: a workflow may take it as `flow: &mut Flow<C>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has a required field, so a workflow cannot start with it from defaults",
    label = "this context must be built first",
    note = "take `start: Start<{Self}>` and begin with `let mut flow = start.with({Self}::builder()...build()).await?;`, or give every field `#[context(default)]`"
)]
pub trait DefaultContext: StepContext {
    /// The context with every field at its default.
    #[doc(hidden)]
    fn from_defaults() -> Self;
}
