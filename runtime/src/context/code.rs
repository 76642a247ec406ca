//! What a workflow does with its context, as functions that were compiled where its fields are known to be storable: so a
//! context with a fault is one error, where it is declared, and none where it is read and changed.

use super::new::{NewContext, Replaced, Updated};
use super::{
    ContextError, ContextType, DefaultContext, FieldValues, Schema, SharedContext, StepContext, StoredContext,
    context_type, store_all,
};
use crate::fields::Coder;
use std::marker::PhantomData;
use std::sync::Arc;

/// A struct with `#[derive(StepContext)]`, whether its fields can be stored or not.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a context",
    label = "this is not a context",
    note = "put `#[derive(StepContext, Clone)]` on it",
    note = "the first parameter of a step, if it is a reference, is its context; arguments are passed by value",
    note = "for something the engine holds write `#[resource] name: &{Self}`; `&Session` and `&StepScope` are known by these names, and not by an alias"
)]
pub trait Declared: Sized + 'static {
    /// The stored fields.
    type StoredPart: 'static;
    /// The argument of an update's closure.
    type Setters: 'static;
    /// Named by generated code.
    const CHECK: () = ();
    /// The functions that know that the fields can be stored.
    const CODE: ContextCode<Self>;
    /// Those that set the whole context, which few programs do: compiled only for these.
    const SET: SetCode<Self>;
}

/// A context whose fields all have a default.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has a required field, so a workflow cannot start with it from defaults",
    label = "this context must be built first",
    note = "take `start: Start<{Self}>` and begin with `let mut flow = start.with({Self}::builder()...build()).await?;`, or give every field `#[context(default)]`"
)]
pub trait Defaults: Declared {
    /// Makes and encodes the context.
    const DEFAULTS: MakeDefaults;
}

/// Makes and encodes a context from its defaults.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct MakeDefaults(pub(crate) fn(Coder<'_>) -> Stored);

/// The functions of a context.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct ContextCode<C: Declared> {
    pub(crate) kind: fn() -> ContextType,
    pub(crate) into_stored: fn(SharedContext) -> Option<Arc<C::StoredPart>>,
    pub(crate) begin_update: fn(Arc<C::StoredPart>) -> C::Setters,
    /// Hides the type of what a closure has set.
    pub(crate) updated: fn(C::Setters) -> Box<dyn NewContext>,
}

/// A context that was encoded, as the stored values decode, or why it cannot be.
pub(crate) type Stored = Result<(SharedContext, FieldValues), ContextError>;

/// The functions of a context that set it as a whole.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct SetCode<C: Declared> {
    pub(crate) unshared: fn(Arc<C::StoredPart>) -> C::StoredPart,
    pub(crate) replaced: Replace<C::StoredPart>,
    pub(crate) fresh: fn(C::StoredPart) -> Fresh,
}

/// Makes a change of an old context, which only an update may hold, to a new one.
type Replace<S> = fn(Option<Arc<S>>, S) -> Box<dyn NewContext>;

/// Encodes a context that was just made.
pub(crate) type Fresh = Box<dyn FnOnce(Coder<'_>) -> Stored + Send>;

/// A type that perhaps is a context.
#[doc(hidden)]
#[derive(Debug)]
pub struct Known<C>(PhantomData<C>);

impl<C: Declared> Known<C> {
    /// Returns the schema.
    #[must_use]
    pub fn schema() -> Option<&'static Schema> {
        Some((C::CODE.kind)().schema())
    }

    /// Checks that each field has a default; named in a constant.
    pub const fn defaults()
    where
        C: Defaults,
    {
    }
}

/// The answers of [`Known`] for a type that is no context, which is an error elsewhere.
#[doc(hidden)]
pub trait OtherwiseKnown {
    /// Returns none.
    #[must_use]
    fn schema() -> Option<&'static Schema> {
        None
    }

    /// Checks nothing.
    fn defaults() {}
}

impl<C> OtherwiseKnown for Known<C> {}

/// The code of a context, whose fields perhaps cannot be stored: an inherent constant takes precedence where its bounds
/// hold.
#[doc(hidden)]
#[derive(Debug)]
pub struct CodeOfContext<C>(PhantomData<C>);

impl<C: StepContext> CodeOfContext<C> {
    /// The code.
    pub const CODE: ContextCode<C> = ContextCode {
        kind: context_type::<C>,
        into_stored: SharedContext::into_stored,
        begin_update: C::Stored::begin_update,
        updated: Updated::<C>::boxed,
    };
    /// The code to set it.
    pub const SET: SetCode<C> = SetCode {
        unshared: Arc::unwrap_or_clone,
        replaced: |old, new| Box::new(Replaced::<C> { old, new: Some(new) }),
        fresh: |context| Box::new(move |coder: Coder<'_>| store_all::<C>(coder, context)),
    };
}

impl<C: DefaultContext> CodeOfContext<C> {
    /// The defaults.
    pub const DEFAULTS: MakeDefaults = MakeDefaults(|coder| store_all::<C>(coder, C::from_defaults()));
}

/// The answers of [`CodeOfContext`] for a context with a fault, in a program that does not compile.
#[doc(hidden)]
pub trait OtherwiseContext<C: Declared> {
    /// No code.
    const CODE: ContextCode<C> = ContextCode {
        kind: || unreachable!("this context cannot be stored"),
        into_stored: |_| unreachable!("this context cannot be stored"),
        begin_update: |_| unreachable!("this context cannot be stored"),
        updated: |_| unreachable!("this context cannot be stored"),
    };
    /// No code.
    const SET: SetCode<C> = SetCode {
        unshared: |_| unreachable!("this context cannot be stored"),
        replaced: |_, _| unreachable!("this context cannot be stored"),
        fresh: |_| unreachable!("this context cannot be stored"),
    };
    /// No defaults.
    const DEFAULTS: MakeDefaults = MakeDefaults(|_| unreachable!("this context cannot be stored"));
}

impl<C: Declared> OtherwiseContext<C> for CodeOfContext<C> {}
