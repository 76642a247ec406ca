//! What the engine needs of a workflow, as functions that were compiled where its types are known to be storable.
//!
//! [`WorkflowDef`] itself has no bounds on them: a type that cannot be stored is one error, where the function names it,
//! and none where the workflow is registered, started or waited for.

use super::definition::{WorkflowBody, WorkflowDef};
use super::typed;
use crate::codec::{self, CodecError, Location, Same, StoredValue};
use crate::command::Recode;
use crate::error::Failure;
use crate::fields::Coder;
use crate::journal::{BodyEnd, Journal};
use crate::panics::Held;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

/// A body that was made, or why its input does not decode.
pub(super) type Begun = Result<BoxFuture<'static, BodyEnd>, CodecError>;

/// The call of a user's function.
type Call<I, T, E> = fn(Arc<dyn Journal>, I) -> BoxFuture<'static, Result<T, E>>;

/// The functions of a workflow with these types of input, result and error.
//
// All but the call are compiled once for all workflows with these types.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct WorkflowCode<I, T, E> {
    pub(super) name: &'static str,
    pub(super) call: Call<I, T, E>,
    pub(super) same_input: Option<Same<I>>,
    pub(super) same_output: Option<Same<T>>,
    /// Makes the body for a recorded input.
    pub(super) begin: fn(&Self, Arc<dyn Journal>, &Value) -> Begun,
    /// Hides the type of an input that is to be recorded.
    pub(super) wrap: fn(&Self, I) -> Box<dyn AnyInput>,
    pub(crate) end: EndCode<T, E>,
}

impl<I, T, E> WorkflowCode<I, T, E> {
    /// Takes an input, to be recorded.
    pub(crate) fn input(&self, input: I) -> Box<dyn AnyInput> {
        (self.wrap)(self, input)
    }
}

/// The same without the types.
pub(super) trait Begin: Sync {
    /// Makes the body for a recorded input.
    fn begin(&self, journal: Arc<dyn Journal>, input: &Value) -> Begun;
}

impl<I, T, E> Begin for WorkflowCode<I, T, E> {
    fn begin(&self, journal: Arc<dyn Journal>, input: &Value) -> Begun {
        (self.begin)(self, journal, input)
    }
}

/// How the end of a run is decoded.
pub(crate) struct EndCode<T, E> {
    pub(crate) output: fn(Coder<'_>, &Value) -> Result<T, CodecError>,
    pub(crate) error: fn(Coder<'_>, &Value) -> Result<E, CodecError>,
}

impl<T, E> Clone for EndCode<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, E> Copy for EndCode<T, E> {}

/// Returns the key of an input in a queue.
pub(crate) type KeyOf<'a> = &'a dyn Fn(&dyn Any) -> Result<Option<String>, String>;

/// The input of a workflow without its type.
pub(crate) trait AnyInput: Send + Sync {
    /// Encodes the input as it is recorded.
    fn record(&self, coder: Coder<'_>, location: Location<'_>) -> Result<Value, CodecError>;

    /// Returns the key of the input, as a function of its type says it.
    fn key(&self, key: KeyOf<'_>) -> Result<Option<String>, String>;

    /// Returns a function that decodes a recorded input with the type of this one and encodes it again.
    fn recode(&self, coder: Coder<'_>) -> Recode;

    /// Returns that function for the input of a child.
    fn recode_child(&self, coder: Coder<'_>) -> Recode;
}

/// Whatever drives a run may drop an input, and a panic of its `Drop` must not reach that.
struct InputOf<I> {
    value: Held<Mutex<I>>,
    same: Option<Same<I>>,
    workflow: &'static str,
}

impl<I: StoredValue> InputOf<I> {
    fn boxed<T, E>(code: &WorkflowCode<I, T, E>, input: I) -> Box<dyn AnyInput> {
        Box::new(Self { value: Held::new(Mutex::new(input)), same: code.same_input, workflow: code.name })
    }
}

impl<I: StoredValue> AnyInput for InputOf<I> {
    fn record(&self, coder: Coder<'_>, location: Location<'_>) -> Result<Value, CodecError> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).record(coder, location, self.same)
    }

    fn key(&self, key: KeyOf<'_>) -> Result<Option<String>, String> {
        key(&*self.value.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn recode(&self, coder: Coder<'_>) -> Recode {
        Recode::at(coder, Location::Input, recoded::<I>)
    }

    fn recode_child(&self, coder: Coder<'_>) -> Recode {
        Recode::at(coder, Location::ChildInput(self.workflow), recoded::<I>)
    }
}

fn recoded<I: StoredValue>(coder: Coder<'_>, location: Location<'static>, recorded: &Value) -> Option<Value> {
    I::decode(coder, location, recorded).ok()?.encode(coder, location).ok()
}

fn output<T: StoredValue>(coder: Coder<'_>, recorded: &Value) -> Result<T, CodecError> {
    T::decode(coder, Location::Output, recorded)
}

fn error<E: Failure>(coder: Coder<'_>, recorded: &Value) -> Result<E, CodecError> {
    codec::decode_at(coder, Location::Output, recorded)
}

/// The code of a workflow, whose types perhaps cannot be stored: an inherent constant takes precedence where its bounds
/// hold.
#[doc(hidden)]
#[derive(Debug)]
pub struct CodeOfWorkflow<W>(PhantomData<W>);

/// The code of a workflow.
type CodeOf<W> =
    &'static WorkflowCode<<W as WorkflowDef>::Input, <W as WorkflowDef>::Output, <W as WorkflowDef>::Error>;

impl<W: WorkflowBody> CodeOfWorkflow<W>
where
    W::Input: StoredValue,
    W::Output: StoredValue,
    W::Error: Failure,
{
    /// The code.
    pub const CODE: CodeOf<W> = &WorkflowCode {
        name: W::NAME,
        call: typed::called::<W>,
        same_input: W::SAME_INPUT,
        same_output: W::SAME_OUTPUT,
        begin: typed::begun,
        wrap: InputOf::boxed,
        end: EndCode { output, error },
    };
}

/// The answer of [`CodeOfWorkflow`] for types that cannot be stored, in a program that does not compile.
#[doc(hidden)]
pub trait OtherwiseWorkflow<W: WorkflowDef> {
    /// No code.
    const CODE: CodeOf<W> = &WorkflowCode {
        name: W::NAME,
        call: |_, _| unreachable!("the types of this workflow cannot be stored"),
        same_input: None,
        same_output: None,
        begin: |_, _, _| unreachable!("the types of this workflow cannot be stored"),
        wrap: |_, _| unreachable!("the types of this workflow cannot be stored"),
        end: EndCode {
            output: |_, _| unreachable!("the types of this workflow cannot be stored"),
            error: |_, _| unreachable!("the types of this workflow cannot be stored"),
        },
    };
}

impl<W: WorkflowDef> OtherwiseWorkflow<W> for CodeOfWorkflow<W> {}
