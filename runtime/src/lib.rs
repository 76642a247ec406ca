//! Steadfast: typed, durable workflow state.

pub mod codec;
pub mod context;
mod engine;
mod error;
mod flow;
pub mod journal;
mod machine;
mod policy;
mod scope;
mod step;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;
mod workflow;

pub use context::{ContextError, StepContext};
pub use engine::{Engine, EngineBuilder, EngineError, Run, RunError, RunFilter, RunHandle, RunInfo, StartCall};
pub use error::{AttemptCause, AttemptFailure, Attempts, Error, Failure, Result, StepError, Terminal};
pub use flow::{Flow, HasContext, Sleep, Start, StepCall, WorkflowHandle};
pub use machine::{ParkCause, ParkReason};
pub use policy::Policy;
pub use scope::{Cancellation, Current, NoContext, StepScope, context, current, has_context, step_scope};
pub use steadfast_macros::{StepContext, step, workflow};
pub use store::{Durability, Status};
pub use workflow::{Body, Startable};

/// What most programs need: `use steadfast::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Body, Engine, Error, Flow, Result, Start, StepCall, StepContext, StepError, Terminal, step, workflow,
    };
    pub use bytes::Bytes;
    pub use futures_util::{join, select_biased, try_join};
    pub use std::time::Duration;
}

/// What the macros name. Not part of the public interface: it may change with any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::codec::{ArgsReader, ArgsWriter, CodecError, StepArg};
    pub use crate::context::{
        ContextUpdate, DefaultContext, FieldSchema, FieldValues, Persist, Schema, Set, StepContext, Unset, change, set,
    };
    pub use crate::error::{Failure, Input, Outcome};
    pub use crate::flow::{HasContext, Start, StepCall, WorkflowHandle, call};
    pub use crate::policy::Policy;
    pub use crate::step::StepDef;
    pub use crate::value::{Form, Value};
    pub use crate::workflow::{Body, WorkflowDef};
    pub use crate::{ContextError, Flow};
    pub use std::sync::Arc;
}

/// The program of the README is compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
