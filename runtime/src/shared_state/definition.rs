//! The declaration of a workflow's shared state, without its type.

use crate::context::{ContextError, DefaultContext, FieldValues, Loading, Schema, StoredContext, context_type};
use crate::fields::Coder;
use crate::resources::Anything;
use crate::store::FieldRow;
use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

/// A struct that the concurrent steps of a run can share: `#[derive(StepContext, Clone)]`, with a default for each
/// field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the shared state of a workflow",
    label = "shared state is a struct whose stored fields all have a default",
    note = "put `#[derive(StepContext, Clone)]` on it, and `#[context(default)]` on each of its fields",
    note = "a transient field has no place in it: a live value belongs into the context, the session or a resource"
)]
pub trait TypedState: DefaultContext<Stored = Self> + StoredContext {}

#[diagnostic::do_not_recommend]
impl<S: DefaultContext<Stored = S> + StoredContext> TypedState for S {}

/// The `S` of a [`State<S>`](crate::State): a [`TypedState`], or `()`: values with keys.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the shared state of a workflow",
    label = "shared state is a struct whose stored fields all have a default",
    note = "put `#[derive(StepContext, Clone)]` on it, and `#[context(default)]` on each of its fields",
    note = "a transient field has no place in it: a live value belongs into the context, the session or a resource",
    note = "for values with keys and without a type of their own write `&State`"
)]
pub trait StateKind: Send + Sync + Sized + 'static {
    /// Returns the state that the workflow must declare.
    #[doc(hidden)]
    fn definition() -> Option<StateDef>;

    /// Returns the initial typed part for a unit test.
    #[doc(hidden)]
    fn typed(self) -> Option<Arc<dyn std::any::Any + Send + Sync>>;
}

#[diagnostic::do_not_recommend]
impl StateKind for () {
    fn definition() -> Option<StateDef> {
        None
    }

    fn typed(self) -> Option<Anything> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<S: TypedState> StateKind for S {
    fn definition() -> Option<StateDef> {
        Some(StateDef::of::<S>())
    }

    fn typed(self) -> Option<Anything> {
        Some(Arc::new(self))
    }
}

/// The declaration of a workflow's shared state, without its type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct StateDef {
    id: TypeId,
    schema: fn() -> &'static Schema,
    defaults: fn(Coder<'_>) -> Result<FieldValues, ContextError>,
    load: fn(Coder<'_>, u32, Vec<FieldRow>) -> Loaded,
}

/// A decoded state, and whether its rows are of an older version.
type Loaded = Result<(Anything, bool), ContextError>;

impl StateDef {
    /// Returns the declaration for a type.
    #[must_use]
    pub fn of<S: TypedState>() -> Self {
        Self {
            id: TypeId::of::<S>(),
            schema: S::schema,
            defaults: |coder| S::from_defaults().store_all(coder).map(|(_, values)| values),
            load: |coder, version, rows| {
                let rows = S::schema().latest(rows);
                let (state, older) = Loading::set(coder, context_type::<S>(), version, rows)?;
                Ok((state.into_anything(), older.is_some()))
            },
        }
    }

    /// Returns its schema.
    pub(crate) fn schema(&self) -> &'static Schema {
        (self.schema)()
    }

    /// Returns every field at its default, encoded.
    pub(crate) fn defaults(&self, coder: Coder<'_>) -> Result<FieldValues, ContextError> {
        (self.defaults)(coder)
    }

    /// Decodes recorded fields, and returns whether they are of an older version.
    pub(crate) fn load(&self, coder: Coder<'_>, version: u32, rows: Vec<FieldRow>) -> Loaded {
        (self.load)(coder, version, rows)
    }
}

impl PartialEq for StateDef {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl fmt::Debug for StateDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateDef").field(&self.schema().name).finish()
    }
}
