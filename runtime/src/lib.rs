//! Typed, durable workflow state: a workflow that is killed continues where it stopped, with a context that no step can
//! change.
//!
//! | concept | what it is |
//! |---|---|
//! | [`#[workflow]`](workflow) | an async function that continues after a crash: its body runs again with recorded results |
//! | [`#[step]`](step) | an async function with side effects: its result is recorded, and it never runs again once it is |
//! | [`#[transaction]`](transaction) | a step, as a plain function, whose SQL on your own tables in the engine's file commits with its result |
//! | [`#[derive(StepContext)]`](derive@StepContext) | a struct that steps read and only the workflow changes, stored field by field |
//! | [`Start`] | a workflow whose context is not set yet |
//! | [`Flow`] | the handle of a running workflow: calls steps, sleeps, and is the only way to `update` the context |
//! | [`StepCall`] | a called step that has not finished: a future |
//! | [`Resources`] | values that an engine provides to all runs, by type: a step takes `#[resource] db: &Db` |
//! | [`Session`] | live values of one run in one process, for its steps: `session: &Session`; lost in a crash |
//! | [`State`] | state shared by the concurrent steps of one run, `state: &State<Progress>`: edits are atomic and made once |
//! | [`StepScope`] | one attempt of a step, `scope: &StepScope`: its number, idempotency key, time limit, cancellation |
//! | [`current`] | the run, step and attempt in which code runs, with the run's identity and deadline; [`propagate`] carries it into a task |
//! | [`Scope`], [`scoped`] | the options of a start beyond its input: id, deadline, identity ([`Principal`]), labels, deduplication key |
//! | [`Engine`] | the engine of a program: starts runs, drives them, takes over those of processes that died |
//! | [`RunHandle`] | one run, seen from outside: its result, status, history |
//! | [`Message`] | a type that is sent to runs: `flow.receive`, `flow.send`, `engine.send`; human-in-the-loop requests by `flow.request` |
//! | [`Event`] | a struct that steps of an event-driven workflow take and return; from outside by [`Engine::emit`], to readers by `scope.stream` |
//! | [`EventStream`], [`ActivityReader`], [`Diagram`] | a run in progress: the events of its steps, the activity of the engine, the path that it took |
//! | [`Child`] | a child run of a workflow: a future of its result |
//! | [`Error`], [`Terminal`], [`StepError`] | any error, which is retried by policy; an error that is not; the error that a workflow gets from a step |
//! | [`Secret`] | a value that is encrypted wherever it is stored, and never shown |
//! | [`ParkReason`] | the reason why a run is parked, without loss: it continues once code that fits is started |
//! | [`store::Store`] | the interface of a database |
//!
//! ```
//! use steadfast::prelude::*;
//!
//! #[step]
//! async fn greet(name: String) -> Result<String> {
//!     Ok(format!("Hello, {name}!"))
//! }
//!
//! #[workflow]
//! async fn hello(flow: &mut Flow, name: String) -> Result<String> {
//!     Ok(greet(flow, name).await?)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::builder().in_memory().workflow(hello).start().await?;
//! let run = engine.start(hello, "world".to_owned()).id("greeting-1").await?;
//! assert_eq!(run.result().await?, "Hello, world!");
//! # Ok(())
//! # }
//! ```
//!
//! A workflow must do the same when its body runs again: all input from outside goes through steps, and the time,
//! random numbers and sleeps come from the flow. Violations that the macros can see are compile errors; others park the
//! run, and the reason names both sides.
//!
//! The guide in the folder `docs` of the repository has a chapter for each subject.
//!
//! # Features
//!
//! * `sqlite`, by default: a database in one file, [`EngineBuilder`]`::sqlite`; runs in files, [`Run`]`::export` and
//!   [`Engine`]`::import`; and `sql::TestDatabase`. Without it, a program does not compile SQLite.
//! * `testing`: `testing::crash_everywhere`, a clock that skips sleeps, stubs for steps.
//! * `terminal`: [`Run`]`::watch_in_terminal`, the progress of a run on the console.
//! * `encryption`: keys for [`Secret`], which cannot be stored without them: `Key`, `KeyProvider`, `StaticKeys`.
//! * `conformance`: the test suite for stores, `conformance!`.
//! * `postgres`: a database of Postgres, `EngineBuilder::postgres`.
//! * `schedules`: runs at times of cron texts, calendars and intervals, [`Engine`]`::schedule`.
//! * `object_store`: contents of fields in a bucket, [`field_store`]'s `ObjectFieldStore`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod codec;
mod command;
mod context;
mod engine;
mod error;
pub mod field_store;
mod fields;
mod graph;
#[cfg(doctest)]
mod guide;
mod index;
pub mod inspect;
mod journal;
mod lazy;
mod lengths;
mod machine;
mod message;
mod metrics;
pub mod operate;
mod panics;
mod parse;
mod policy;
mod queue;
mod record;
mod resources;
mod run_env;
#[cfg(feature = "schedules")]
mod schedule;
mod scope;
mod secret;
mod session;
mod shared_state;
pub mod sql;
mod state;
mod step;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
mod vault;
mod workflow;

pub use codec::Storable;
pub use context::{ContextError, Persist, RecordedFields, StepContext, StoredContext};
#[cfg(feature = "schedules")]
#[cfg_attr(docsrs, doc(cfg(feature = "schedules")))]
pub use engine::ScheduleHandle;
pub use engine::{
    Activity, ActivityKind, ActivityReader, Cancelling, CheckReport, ContextEntry, ContextHistory, EmitCall, Engine,
    EngineBuilder, EngineError, EngineTx, EventStream, EventsAndActivity, FieldChange, FindCall, ForkCall, ForkPoint,
    Garbage, Health, OpenRequest, Pause, Problem, QueueHandle, Retention, RewindCall, Run, RunError, RunEvent,
    RunFilter, RunHandle, RunInfo, RunningStep, SendCall, ShutdownReport, StartCall, StartedAll, StateEntry,
    StateHistory, StreamReader, TransactionCall, TransactionalStart, Unserved, Waited,
};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use engine::{ExportInfo, ImportCall};
pub use error::{AttemptCause, AttemptFailure, Attempts, Error, Failure, Result, StepError, Terminal};
pub use graph::{Answered, Ask, Begin, Caught, Diagram, Event, OneOf, Stop, Updated};
#[cfg(feature = "schedules")]
#[cfg_attr(docsrs, doc(cfg(feature = "schedules")))]
pub use inspect::schedules::{Firing, FiringOutcome, ScheduleInfo};
pub use inspect::{
    fleet::Worker,
    queues::{QueueInfo, QueueKey},
    waits::{Wait, WaitsFor},
};
pub use lazy::Lazy;
pub use message::Message;
pub use parse::ParseError;
pub use queue::Queue;
pub use record::{ParkCause, ParkReason, Principal};
pub use resources::{ResourceError, ResourceFactory, Resources};
pub use run_env::Progress;
#[cfg(feature = "schedules")]
#[cfg_attr(docsrs, doc(cfg(feature = "schedules")))]
pub use schedule::{Calendar, Missed, Schedule, Tick, Weekday};
pub use scope::{
    Cancellation, Current, NoContext, Scope, StepScope, context, current, propagate, propagate_fn, scoped, step_scope,
};
pub use secret::Secret;
pub use session::{Session, SessionPolicy};
pub use shared_state::TypedState;
pub use state::{Labelled, State, StateCall, StateError};
pub use steadfast_macros::{Event, Events, Message, StepContext, WorkflowError, step, transaction, workflow};
pub use step::{StepStreamWriter, stream};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use store::Durability;
#[cfg(feature = "schedules")]
#[cfg_attr(docsrs, doc(cfg(feature = "schedules")))]
pub use store::Overlap;
pub use store::Status;
#[cfg(feature = "encryption")]
pub use vault::keys::{Key, KeyError, KeyProvider, StaticKeys};
pub use workflow::{
    Answer, Body, Child, ChildError, Flow, Receive, Request, RequestError, SendError, Sending, Sleep, Start,
    StartChild, Startable, StepCall, StreamWriter,
};

/// The recorded history of a run, as [`Run::history`] reads it.
pub mod history {
    pub use crate::journal::HistoryEntry;
    pub use crate::record::Kind;
    pub use crate::value::Value;
}

/// The items that most programs need: `use steadfast::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Answered, Ask, Begin, Body, Caught, Engine, Error, Event, Events, Flow, Lazy, Message, OneOf, Resources,
        Result, Session, Start, State, StepCall, StepContext, StepError, StepScope, Stop, StoredContext, Terminal,
        Updated, WorkflowError, sql::Tx, step, transaction, workflow,
    };
    pub use bytes::Bytes;
    pub use futures_util::{join, select_biased, try_join};
    pub use std::time::Duration;
}

/// Items for code generated by the macros. Not part of the public interface: they may change with any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::codec::{
        ArgsReader, ArgsWriter, CodecError, Comparison, Incomparable, Same, StepArg, Storable, StoredValue,
    };
    pub use crate::context::IndexedField;
    pub use crate::context::{
        AnyType, Changing, Cloned, CodeOfContext, Comparable, ContextCode, ContextOfStep, ContextUpdate, Declared,
        DefaultContext, Defaults, FieldArgument, FieldSchema, FieldValues, FieldWriter, IndexedContext, Known,
        MakeDefaults, MayChange, MayChangeInGraph, MayChangeInWorkflow, NotIndexed, NotShared, OtherwiseContext,
        OtherwiseKnown, Persist, RecordedFields, RecordedValue, RestoreError, Restoring, Schema, Set, SetCode, Shared,
        StepContext, StoredContext, TransientDefault, TransientValue, Unset, borrowed, change, check_transient, debug,
        migrated, restoring, run_default, run_hook, set, stored_default, unwritten,
    };
    pub use crate::error::{AnyError, Failure, OtherError, or_other, recordable};
    pub use crate::fields::Coder;
    pub use crate::graph::{
        AnyStep, BeginInput, Beside, BothBegin, BothStop, Collects, Emission, Emits, EndOf, EndsWith, EventReader,
        EventWriter, Graph, GraphOutcome, GraphStep, Input as EventInput, Inputs, NoBegin, NoStop, OtherwiseBeside,
        OtherwiseEnd, OtherwiseStep, Plan, Shape, StepOf, StepProbe, StepShape, StopResult, Takes, Trigger,
        body as graph_body, body_in_context as graph_body_in_context, checks, diagram, same_context, same_state,
    };
    pub use crate::policy::Policy;
    pub use crate::record::{AttemptOutcome, EventInfo};
    pub use crate::resources::{ResourceKey, Resources};
    #[cfg(feature = "schedules")]
    pub use crate::schedule::{ScheduleInput, Takes as TakesTick};
    pub use crate::secret::{IsSecret, NoSecret};
    pub use crate::shared_state::{StateDef, TypedState};
    pub use crate::sql::Tx;
    pub use crate::step::{
        ArgsCoding, Ending, HandleParameter, Input, OtherwiseRemoteContext, OtherwiseStored, PlainArgs, Remote,
        RemoteContext, RemoteContextOf, Returned, RunBody, StepDef, StepInputs, StepSpec, StoredBeside, TransactionDef,
        boxed, never,
    };
    pub use crate::value::{Encoding, Value};
    pub use crate::workflow::{
        Begun, Caller, CodeOf, CodeOfWorkflow, HasContext, HasStored, OnCancel, OtherwiseCode, OtherwiseWorkflow,
        Refused, Start, StartArgument, StepCall, WorkflowBody, WorkflowCode, WorkflowHandle, call, on_cancel, pinned,
        sources,
    };
    pub use crate::workflow::{Body, WorkflowDef};
    pub use crate::{ContextError, Flow};
    pub use futures_util::future::BoxFuture;
    pub use std::sync::Arc;
}

/// The program of the README, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
