//! A workflow with its types, as the machine sees it.

use super::{Start, WorkflowBody, WorkflowDef};
use crate::codec::{self, CodecError, Location, Same, StoredValue};
use crate::context::Schema;
use crate::error::Failure;
use crate::fields::{Coder, Fields};
use crate::journal::{AnyWorkflow, BodyEnd, Journal, OnEnd};
use crate::shared_state::StateDef;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// A workflow with its types.
pub(crate) struct Typed<W>(pub(crate) std::marker::PhantomData<fn() -> W>);

impl<W: WorkflowDef> AnyWorkflow for Typed<W> {
    fn schema(&self) -> Option<&'static Schema> {
        W::schema()
    }

    fn state(&self) -> Option<StateDef> {
        W::state()
    }

    fn roles(&self) -> &'static [&'static str] {
        W::ROLES
    }

    fn secret_place(&self) -> Option<&'static str> {
        W::SECRET
    }

    fn events(&self) -> Option<Vec<&'static str>> {
        W::events()
    }

    fn on_end(&self) -> OnEnd {
        on_end::<W>
    }

    fn body(&self, journal: Arc<dyn Journal>, input: &Value) -> Result<BoxFuture<'static, BodyEnd>, CodecError> {
        (W::CODE.body)(journal, input)
    }
}

/// Makes the body of a workflow for a recorded input.
pub(super) fn body<W: WorkflowBody>(journal: Arc<dyn Journal>, input: &Value) -> super::code::Begun
where
    W::Input: StoredValue,
    W::Output: StoredValue,
    W::Error: Failure,
{
    begun(journal, input, called::<W>, W::same_output())
}

fn called<W: WorkflowBody>(
    journal: Arc<dyn Journal>,
    input: W::Input,
) -> BoxFuture<'static, Result<W::Output, W::Error>> {
    W::call(Start::new(journal), input)
}

fn on_end<W: WorkflowDef>(journal: Arc<dyn Journal>, reason: String) -> Option<BoxFuture<'static, ()>> {
    W::on_cancel(Start::new(journal), reason)
}

/// The call of a user's function.
type Called<I, T, E> = fn(Arc<dyn Journal>, I) -> BoxFuture<'static, Result<T, E>>;

// Generic over input, result and error only: compiled once for all workflows that share them.
fn begun<I: StoredValue, T: StoredValue, E: Failure>(
    journal: Arc<dyn Journal>,
    input: &Value,
    call: Called<I, T, E>,
    same: Option<Same<T>>,
) -> Result<BoxFuture<'static, BodyEnd>, CodecError> {
    let fields = journal.coder().fields();
    let input = I::decode(journal.coder(), Location::Input, input)?;
    Ok(ending(fields, call(journal, input), same))
}

fn ending<T: StoredValue, E: Failure>(
    fields: Option<Arc<Fields>>,
    body: BoxFuture<'static, Result<T, E>>,
    same: Option<Same<T>>,
) -> BoxFuture<'static, BodyEnd> {
    Box::pin(async move {
        let ended = body.await;
        let coder = Coder::new(fields.as_ref());
        match ended {
            Ok(output) => end(output.record(coder, Location::Output, same), BodyEnd::Completed),
            Err(error) => end(record(coder, &error), BodyEnd::Failed),
        }
    })
}

fn end(stored: Result<Value, CodecError>, kind: fn(Value) -> BodyEnd) -> BodyEnd {
    stored.map_or_else(|error| BodyEnd::Unstorable(error.to_string()), kind)
}

/// Encodes the error of a workflow, with texts cut to a length that the journal keeps.
fn record<E: Failure>(coder: Coder<'_>, error: &E) -> Result<Value, CodecError> {
    let cut = error.cut();
    codec::record_at(coder, Location::Output, cut.as_ref().unwrap_or(error))
}
