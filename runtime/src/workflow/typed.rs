//! A workflow with its types, as what drives a run sees it.

use super::{Start, WorkflowDef};
use crate::codec::{self, CodecError, Location, Same, Storable};
use crate::context::Schema;
use crate::error::Failure;
use crate::journal::{AnyWorkflow, BodyEnd, Journal, OnEnd};
use crate::secret::is_secret;
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
        if is_secret::<W::Input>() {
            Some("input")
        } else if is_secret::<W::Output>() {
            Some("result")
        } else if is_secret::<W::Error>() {
            Some("error")
        } else {
            None
        }
    }

    fn events(&self) -> Option<Vec<&'static str>> {
        W::events()
    }

    fn on_end(&self) -> OnEnd {
        on_end::<W>
    }

    fn body(&self, journal: Arc<dyn Journal>, input: &Value) -> Result<BoxFuture<'static, BodyEnd>, CodecError> {
        let input = codec::decode_at(Location::Input, input)?;
        Ok(ending(W::call(Start::new(journal), input).future, W::same_output()))
    }
}

fn on_end<W: WorkflowDef>(journal: Arc<dyn Journal>, reason: String) -> Option<BoxFuture<'static, ()>> {
    W::on_cancel(Start::new(journal), reason)
}

// Compiled once for all workflows with the same types of result and error.
fn ending<T: Storable, E: Failure>(
    body: BoxFuture<'static, Result<T, E>>,
    same: Option<Same<T>>,
) -> BoxFuture<'static, BodyEnd> {
    Box::pin(async move {
        match body.await {
            Ok(output) => end(codec::record_same(Location::Output, &output, same), BodyEnd::Completed),
            Err(error) => end(record(&error), BodyEnd::Failed),
        }
    })
}

fn end(stored: Result<Value, CodecError>, kind: fn(Value) -> BodyEnd) -> BodyEnd {
    stored.map_or_else(|error| BodyEnd::Unstorable(error.to_string()), kind)
}

/// The error of a workflow, with texts of a length that the journal keeps.
fn record<E: Failure>(error: &E) -> Result<Value, CodecError> {
    let cut = error.cut();
    codec::record_at(Location::Output, cut.as_ref().unwrap_or(error))
}
