//! A workflow with its types, as the machine sees it.

use super::code::{Begin, Begun, WorkflowCode};
use super::{Start, WorkflowBody, WorkflowDef};
use crate::codec::{self, CodecError, Location, Same, StoredValue};
use crate::context::Schema;
use crate::error::Failure;
use crate::fields::{Coder, Fields};
use crate::journal::{AnyWorkflow, BodyEnd, Journal, OnEnd};
use crate::shared_state::StateDef;
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::marker::PhantomData;
use std::sync::Arc;

/// A workflow without its types. A table, because each method of a trait object would be another function for each
/// workflow.
pub(crate) struct WorkflowTable {
    schema: fn() -> Option<&'static Schema>,
    state: fn() -> Option<StateDef>,
    roles: &'static [&'static str],
    secret_place: Option<&'static str>,
    events: fn() -> Option<Vec<&'static str>>,
    on_end: OnEnd,
    code: &'static dyn Begin,
}

/// The table of a workflow.
pub(crate) struct Typed<W>(PhantomData<fn() -> W>);

impl<W: WorkflowDef> Typed<W> {
    pub(crate) const TABLE: &'static WorkflowTable = &WorkflowTable {
        schema: W::SCHEMA,
        state: W::STATE,
        roles: W::ROLES,
        secret_place: W::SECRET,
        events: W::EVENTS,
        on_end: if W::ENDS { on_end::<W> } else { no_end },
        code: W::CODE,
    };
}

impl WorkflowTable {
    /// Shares the workflow.
    pub(crate) fn shared(&'static self) -> Arc<dyn AnyWorkflow> {
        Arc::new(self)
    }
}

impl AnyWorkflow for &'static WorkflowTable {
    fn schema(&self) -> Option<&'static Schema> {
        (self.schema)()
    }

    fn state(&self) -> Option<StateDef> {
        (self.state)()
    }

    fn roles(&self) -> &'static [&'static str] {
        self.roles
    }

    fn secret_place(&self) -> Option<&'static str> {
        self.secret_place
    }

    fn events(&self) -> Option<Vec<&'static str>> {
        (self.events)()
    }

    fn on_end(&self) -> OnEnd {
        self.on_end
    }

    fn body(&self, journal: Arc<dyn Journal>, input: &Value) -> Result<BoxFuture<'static, BodyEnd>, CodecError> {
        self.code.begin(journal, input)
    }
}

/// Calls the user's function.
pub(super) fn called<W: WorkflowBody>(
    journal: Arc<dyn Journal>,
    input: W::Input,
) -> BoxFuture<'static, Result<W::Output, W::Error>> {
    W::call(Start::new(journal), input)
}

fn on_end<W: WorkflowDef>(journal: Arc<dyn Journal>, reason: String) -> Option<BoxFuture<'static, ()>> {
    W::on_cancel(Start::new(journal), reason)
}

fn no_end(_: Arc<dyn Journal>, _: String) -> Option<BoxFuture<'static, ()>> {
    None
}

/// Makes the body of a workflow for a recorded input.
pub(super) fn begun<I: StoredValue, T: StoredValue, E: Failure>(
    code: &WorkflowCode<I, T, E>,
    journal: Arc<dyn Journal>,
    input: &Value,
) -> Begun {
    let fields = journal.coder().fields();
    match I::decode(journal.coder(), Location::Input, input) {
        Ok(input) => Ok(ending(fields, (code.call)(journal, input), code.same_output)),
        Err(error) => Err(error),
    }
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
