//! What the engine needs of a workflow, as functions that were compiled where its types are known to be storable.
//!
//! [`WorkflowDef`] itself has no bounds on them: a type that cannot be stored is one error, where the function names it,
//! and none where the workflow is registered, started or waited for.

use super::definition::{WorkflowBody, WorkflowDef};
use super::typed;
use crate::codec::{self, CodecError, Location, StoredValue};
use crate::command::Recode;
use crate::error::Failure;
use crate::fields::Coder;
use crate::journal::{BodyEnd, Journal};
use crate::panics::Held;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

/// A body that was made, or why its input does not decode.
pub(super) type Begun = Result<BoxFuture<'static, BodyEnd>, CodecError>;

/// The functions of a workflow with these types of input, result and error.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct WorkflowCode<I, T, E> {
    /// Makes the body for a recorded input.
    pub(crate) body: fn(Arc<dyn Journal>, &Value) -> Begun,
    /// Takes an input, to be recorded.
    pub(crate) input: fn(I) -> Box<dyn AnyInput>,
    pub(crate) end: EndCode<T, E>,
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

/// The input of a workflow without its type.
pub(crate) trait AnyInput: Send + Sync {
    /// Encodes the input as it is recorded.
    fn record(&self, coder: Coder<'_>, location: Location<'_>) -> Result<Value, CodecError>;

    /// Returns a function that decodes a recorded input with the type of this one and encodes it again.
    fn recode(&self, coder: Coder<'_>) -> Recode;

    /// Returns that function for the input of a child.
    fn recode_child(&self, coder: Coder<'_>) -> Recode;
}

/// Whatever drives a run may drop an input, and a panic of its `Drop` must not reach that.
struct InputOf<W: WorkflowDef>(Held<Mutex<W::Input>>);

impl<W: WorkflowBody> AnyInput for InputOf<W>
where
    W::Input: StoredValue,
{
    fn record(&self, coder: Coder<'_>, location: Location<'_>) -> Result<Value, CodecError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).record(coder, location, W::same_input())
    }

    fn recode(&self, coder: Coder<'_>) -> Recode {
        Recode::new(coder, |coder, recorded| recoded::<W::Input>(coder, Location::Input, recorded))
    }

    fn recode_child(&self, coder: Coder<'_>) -> Recode {
        Recode::new(coder, |coder, recorded| recoded::<W::Input>(coder, Location::ChildInput(W::NAME), recorded))
    }
}

fn recoded<I: StoredValue>(coder: Coder<'_>, location: Location<'_>, recorded: &Value) -> Option<Value> {
    I::decode(coder, location, recorded).ok()?.encode(coder, location).ok()
}

/// The code of a workflow, whose types perhaps cannot be stored: an inherent constant takes precedence where its bounds
/// hold.
#[doc(hidden)]
#[derive(Debug)]
pub struct CodeOfWorkflow<W>(PhantomData<W>);

impl<W: WorkflowBody> CodeOfWorkflow<W>
where
    W::Input: StoredValue,
    W::Output: StoredValue,
    W::Error: Failure,
{
    /// The code.
    pub const CODE: WorkflowCode<W::Input, W::Output, W::Error> = WorkflowCode {
        body: typed::body::<W>,
        input: |input| Box::new(InputOf::<W>(Held::new(Mutex::new(input)))),
        end: EndCode {
            output: |coder, recorded| W::Output::decode(coder, Location::Output, recorded),
            error: |coder, recorded| codec::decode_at(coder, Location::Output, recorded),
        },
    };
}

/// The answer of [`CodeOfWorkflow`] for types that cannot be stored, in a program that does not compile.
#[doc(hidden)]
pub trait OtherwiseWorkflow<W: WorkflowDef> {
    /// No code.
    const CODE: WorkflowCode<W::Input, W::Output, W::Error> = WorkflowCode {
        body: |_, _| unreachable!("the types of this workflow cannot be stored"),
        input: |_| unreachable!("the types of this workflow cannot be stored"),
        end: EndCode {
            output: |_, _| unreachable!("the types of this workflow cannot be stored"),
            error: |_, _| unreachable!("the types of this workflow cannot be stored"),
        },
    };
}

impl<W: WorkflowDef> OtherwiseWorkflow<W> for CodeOfWorkflow<W> {}
