//! The seam above the engine: the calls of a running workflow to what keeps its history.
//!
//! The embedded engine answers from its own journal; an existing distributed engine, which owns its log, timers and
//! workers, would answer from there.

use super::{Asked, Attempt};
use crate::command::{Command, SetContext, UpdateContext};
use crate::context::{ContextError, FieldValues, Schema, SharedContext};
use crate::fields::Coder;
use crate::record::{RoutedValue, RunIdentity, RunScope};
use crate::resources::{Anything, ResourceKey};
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::shared_state::{StateDef, StateSnapshot};
use crate::store::{FieldRow, Status, UserCode};
use crate::value::Value;
use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What keeps the history of a running workflow, as that workflow calls it. All calls come from inside a turn.
pub trait Journal: Send + Sync {
    /// Which run this is.
    fn identity(&self) -> &Arc<RunIdentity>;

    /// With what its values are encoded and decoded.
    fn coder(&self) -> Coder<'_>;

    /// What runs in the place of a step, in tests.
    fn substitute(&self, _step: &str) -> Option<Arc<dyn StepBody>> {
        None
    }

    /// What makes the body that runs in the place of a step of an event-driven workflow, in tests; `graph` knows its type.
    fn substitute_in_graph(&self, _workflow: &str, _step: &str) -> Option<Anything> {
        None
    }

    /// The next position. Drawn when a call is made, never when it is polled.
    fn next_command_index(&self) -> u64;

    /// The time of the entry that is being delivered, in milliseconds since 1970. Never goes back.
    fn now(&self) -> i64;

    /// The run's monotonic clock at the entry that is being delivered, in milliseconds: durations run on it, whatever the time of
    /// day is set to.
    fn elapsed(&self) -> i64;

    /// The time of day from which the time limit of a run counts that is started now, in milliseconds since 1970.
    fn started_at(&self) -> i64 {
        self.now()
    }

    /// The next 16 random bytes of the run, the same in every replay.
    fn random(&self) -> [u8; 16];

    /// The context of the run that this one continues, as it was recorded there; `None` if it continues none.
    fn continued(&self) -> Option<Continued> {
        None
    }

    /// Asks for something that is waited for. Called at the first poll of the call.
    fn ask(&self, position: u64, command: Asked);

    /// Records a command that completes at once.
    fn issue(&self, position: u64, command: Command<'_>);

    /// Under what the run acts.
    fn scope(&self) -> Arc<RunScope>;

    /// The id of the request, or of the run without an id of its own, that the call at a position asks for.
    fn derived_id(&self, position: u64) -> String;

    /// The id of the run that the call at a position has started, once it is started.
    fn child_id(&self, position: u64) -> Option<String>;

    /// A message on a channel if one has come, without waiting; takes a position.
    fn try_receive(&self, position: u64, channel: &'static str) -> Option<Value>;

    /// Whether the run takes the way of a patch. A patch that is being given up is only passed over where it is recorded.
    fn patched(&self, patch: &str, given_up: bool) -> bool;

    /// The run goes on as another of this workflow, with a fresh journal: the workflow must not go on.
    fn replace(&self, position: u64, version: u32, input: Result<Value, String>);

    /// What has become of a started call. Ready exactly once.
    fn poll(&self, position: u64, cx: &mut Context<'_>) -> Poll<Completion>;

    /// The workflow dropped a started call.
    fn abandon(&self, position: u64);

    /// A recorded value does not decode with today's types: the run will be parked and the workflow must not go on.
    fn unreadable(&self, position: u64, why: String);

    /// A value that the workflow gives away cannot be stored: the run will be parked and the workflow must not go on.
    fn unstorable(&self, position: u64, why: String);

    /// The context that a workflow begins with by itself cannot be set: the run will be parked and the workflow must not go
    /// on.
    fn cannot_begin(&self, position: u64, why: String);

    /// What the history says of a change of the context that the workflow is about to make.
    fn recorded_change(&self, position: u64, change: &ContextChange<'_>) -> Recorded;

    /// Whether a context with these new values is not too large to be kept in the database.
    ///
    /// # Errors
    /// It is: names the largest fields.
    fn fits(&self, change: &ContextChange<'_>, values: &FieldValues) -> Result<(), ContextError>;

    /// Appends a change of the context: the new values, or why it was refused. Called after [`Recorded::New`].
    fn append_change(
        &self,
        position: u64,
        change: &ContextChange<'_>,
        values: Result<Vec<(&'static str, Value)>, Value>,
    );

    /// The context as it stands, for what runs in the place of a body that was told to stop.
    fn context(&self) -> Option<SharedContext>;

    /// The shared state that the workflow declares, if it does.
    fn declared_state(&self) -> Option<StateDef> {
        None
    }

    /// The state that concurrent steps share, as of the entry that is being delivered.
    ///
    /// # Errors
    /// What is recorded does not decode with today's types.
    fn shared_state(&self) -> Result<StateSnapshot, ContextError> {
        Ok(StateSnapshot::default())
    }

    /// The context as it stands, for steps and for readers without a parameter; `None` takes it away for a change in place.
    fn share_context(&self, context: Option<SharedContext>);

    /// Saves the values of fields that are routed to stores, before the change that points to them is appended.
    fn save(&self, position: u64, context: &'static str, fields: Vec<RoutedValue>);

    /// What has become of such saves: the values that point to what was saved, or the field that could not be saved, and
    /// why. Ready exactly once.
    fn poll_saved(&self, position: u64, cx: &mut Context<'_>) -> Poll<Result<Vec<Value>, ContextError>>;

    /// The workflow dropped a change of the context whose fields were being saved.
    fn abandon_change(&self, position: u64);
}

/// Runs the attempts of one step call.
pub trait StepBody: Send + Sync {
    /// Whether attempts block their thread.
    fn blocking(&self) -> bool {
        false
    }

    /// The context that attempts see.
    fn context(&self) -> Option<&SharedContext> {
        None
    }

    /// What attempts need of the engine's resources.
    fn resources(&self) -> &'static [ResourceKey] {
        &[]
    }

    /// The shared state that attempts take, if they take a typed one.
    fn state(&self) -> Option<StateDef> {
        None
    }

    /// Whether attempts run within the commit of the run's entries.
    fn is_transaction(&self) -> bool {
        false
    }

    /// One attempt that runs there, with a result of at most `limit` bytes; `None` if attempts do not.
    fn transaction(
        &self,
        _arguments: &Value,
        _scope: Arc<StepScope>,
        _env: Arc<RunEnv>,
        _limit: usize,
    ) -> Option<UserCode> {
        None
    }

    /// One attempt, from the arguments as they were recorded. Comes after what it needs has been made.
    fn attempt(&self, arguments: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt;
}

/// What is delivered to a call.
#[derive(Clone, Debug)]
pub enum Completion {
    /// The result of a step.
    Completed(Value),
    /// The error of a step: a [`StepError`](crate::StepError) as JSON.
    Failed(Value),
    /// The timer is due, or what was waited for has not come in time.
    Fired,
    /// A message, or the answer to a request.
    Message(Value),
    /// What was sent has arrived.
    Delivered,
    /// What was sent could not be delivered, or a run could not be started: why.
    Refused(String),
    /// A run that was started has ended.
    Ended {
        /// How.
        status: Status,
        /// What its last entry says.
        value: Option<Value>,
    },
}

/// A change of the context, as far as it is compared in replay.
#[derive(Clone, Copy, Debug)]
pub enum ContextChange<'a> {
    /// A whole context is set.
    Set {
        /// The context's recorded name.
        context: &'a str,
        /// What it consists of, for the record.
        schema: &'static Schema,
    },
    /// Fields change.
    Update {
        /// The context's recorded name.
        context: &'a str,
        /// What it consists of, for the names that its fields had before.
        schema: &'static Schema,
        /// The fields, in the order of the struct.
        fields: &'a [&'static str],
    },
}

impl<'a> ContextChange<'a> {
    /// The context's recorded name.
    pub(crate) const fn context(&self) -> &'a str {
        let (Self::Set { context, .. } | Self::Update { context, .. }) = self;
        context
    }

    /// What the context consists of.
    pub(crate) const fn schema(&self) -> &'static Schema {
        let (Self::Set { schema, .. } | Self::Update { schema, .. }) = self;
        schema
    }

    /// The change as a command.
    pub(crate) fn command(&self) -> Command<'a> {
        match *self {
            Self::Set { context, schema } => Command::SetContext(SetContext { context, schema: Some(schema) }),
            Self::Update { context, schema, fields } => {
                let fields = fields.iter().map(|name| Cow::Borrowed(*name)).collect();
                Command::UpdateContext(UpdateContext { context, version: schema.version, fields, schema: Some(schema) })
            }
        }
    }
}

/// The context with which another run has ended, for the run that continues it.
#[derive(Clone, Debug)]
pub struct Continued {
    /// The context's recorded name.
    pub context: String,
    /// The version in which the values are recorded.
    pub version: u32,
    /// The values.
    pub rows: Vec<FieldRow>,
}

/// What the history says of a change of the context.
#[derive(Debug)]
pub enum Recorded {
    /// Nothing: this is the first time.
    New,
    /// It was made.
    Made {
        /// The version of the context then.
        version: u32,
        /// The values that were written.
        rows: Vec<FieldRow>,
    },
    /// The workflow dropped it while its fields were being saved.
    Abandoned,
    /// It was refused with this error (a [`ContextError`](crate::ContextError) as JSON).
    Refused(Value),
    /// Something else: the run will be parked and the workflow must not go on.
    Diverged,
}
