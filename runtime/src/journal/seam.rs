//! The seam above the engine: the calls of a running workflow to the keeper of its history.
//!
//! The embedded engine implements it with its own journal; an existing distributed engine, which owns its log, timers
//! and workers, could implement it instead.

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

/// The keeper of a running workflow's history, as the workflow calls it. All calls come from inside a turn.
pub trait Journal: Send + Sync {
    /// Returns the identity of the run.
    fn identity(&self) -> &Arc<RunIdentity>;

    /// Returns the coder for the run's values.
    fn coder(&self) -> Coder<'_>;

    /// Returns the replacement of a step, in tests.
    fn substitute(&self, _step: &str) -> Option<Arc<dyn StepBody>> {
        None
    }

    /// Returns the factory of a replacement for a step of an event-driven workflow, in tests; `graph` knows its type.
    fn substitute_in_graph(&self, _workflow: &str, _step: &str) -> Option<Anything> {
        None
    }

    /// Returns the key of an input in a queue; `None` in a queue without keys.
    ///
    /// # Errors
    /// The queue has no key for inputs of this type, or the user's function has panicked.
    fn queue_key(&self, _queue: &str, _input: &dyn std::any::Any) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Assigns the next command index, when a call is made and never when it is polled.
    fn next_command_index(&self) -> u64;

    /// Returns the time of the entry that is being delivered, in milliseconds since 1970. Never goes back.
    fn now(&self) -> i64;

    /// Returns the run's monotonic clock at the entry that is being delivered, in milliseconds: durations run on it,
    /// whatever the wall clock is set to.
    fn elapsed(&self) -> i64;

    /// Returns the wall-clock time from which the time limit of a run that is started now counts, in milliseconds since
    /// 1970.
    fn started_at(&self) -> i64 {
        self.now()
    }

    /// Returns the next 16 random bytes of the run, the same in every replay.
    fn random(&self) -> [u8; 16];

    /// Returns the recorded context of the run that this one continues; `None` if it continues none.
    fn continued(&self) -> Option<Continued> {
        None
    }

    /// Issues a command that is waited for. Called at the first poll of the call.
    fn ask(&self, position: u64, command: Asked);

    /// Records a command that completes at once.
    fn issue(&self, position: u64, command: Command<'_>);

    /// Returns the scope under which the run acts.
    fn scope(&self) -> Arc<RunScope>;

    /// Returns the id of the request, or of the child without a chosen id, of the call at a command index.
    fn derived_id(&self, position: u64) -> String;

    /// Returns the id of the run that the call at a command index has started, once it is started.
    fn child_id(&self, position: u64) -> Option<String>;

    /// Requests the cancellation of the child that the call at the command index `child` has started. Records a command
    /// that completes at once.
    fn cancel_child(&self, position: u64, child: u64, id: &str, reason: String);

    /// Takes a message on a channel if one has arrived, without waiting; uses up a command index.
    fn try_receive(&self, position: u64, channel: &'static str) -> Option<Value>;

    /// Returns whether the run takes the branch of a patch. A patch that is given up is only skipped where it is
    /// recorded.
    fn patched(&self, patch: &str, given_up: bool) -> bool;

    /// Continues the run as new with this workflow: the workflow must not continue.
    fn replace(&self, position: u64, version: u32, input: Result<Value, String>);

    /// Polls for the completion of a started call. Ready exactly once.
    fn poll(&self, position: u64, cx: &mut Context<'_>) -> Poll<Completion>;

    /// Drops a started call.
    fn abandon(&self, position: u64);

    /// Reports that a recorded value does not decode with current types: the run will be parked and the workflow must
    /// not continue.
    fn unreadable(&self, position: u64, why: String);

    /// Reports that a value of the workflow cannot be stored: the run will be parked and the workflow must not
    /// continue.
    fn unstorable(&self, position: u64, why: String);

    /// Reports that the initial context of a workflow cannot be set: the run will be parked and the workflow must not
    /// continue.
    fn cannot_begin(&self, position: u64, why: String);

    /// Looks up a change of the context in the history before the workflow makes it.
    fn recorded_change(&self, position: u64, change: &ContextChange<'_>) -> Recorded;

    /// Checks that a context with these new values is not too large for the database.
    ///
    /// # Errors
    /// The context is too large; the error names the largest fields.
    fn fits(&self, change: &ContextChange<'_>, values: &FieldValues) -> Result<(), ContextError>;

    /// Appends a change of the context: the new values, or why it was refused. Called after [`Recorded::New`].
    fn append_change(
        &self,
        position: u64,
        change: &ContextChange<'_>,
        values: Result<Vec<(&'static str, Value)>, Value>,
    );

    /// Returns the current context, for the step that replaces a cancelled body.
    fn context(&self) -> Option<SharedContext>;

    /// Returns the shared state that the workflow declares, if any.
    fn declared_state(&self) -> Option<StateDef> {
        None
    }

    /// Returns the state that concurrent steps share, as of the entry that is being delivered.
    ///
    /// # Errors
    /// The recorded state does not decode with current types.
    fn shared_state(&self) -> Result<StateSnapshot, ContextError> {
        Ok(StateSnapshot::default())
    }

    /// Sets the current context, for steps and for readers without a parameter; `None` removes it for a change in
    /// place.
    fn share_context(&self, context: Option<SharedContext>);

    /// Saves the values of fields that are routed to stores, before the change that points to them is appended.
    fn save(&self, position: u64, context: &'static str, fields: Vec<RoutedValue>);

    /// Polls for the outcome of the saves: the pointers, or the field that could not be saved, and why. Ready exactly
    /// once.
    fn poll_saved(&self, position: u64, cx: &mut Context<'_>) -> Poll<Result<Vec<Value>, ContextError>>;

    /// Drops a change of the context whose fields were being saved.
    fn abandon_change(&self, position: u64);
}

/// A body that runs the attempts of one step call.
pub trait StepBody: Send + Sync {
    /// Returns whether attempts block their thread.
    fn blocking(&self) -> bool {
        false
    }

    /// Returns the context that attempts see.
    fn context(&self) -> Option<&SharedContext> {
        None
    }

    /// Returns the resources that attempts need.
    fn resources(&self) -> &'static [ResourceKey] {
        &[]
    }

    /// Returns the field store that takes the results of attempts.
    fn store(&self) -> Option<&'static str> {
        None
    }

    /// Returns the queue in which attempts wait for an engine that serves it; `None` if they run where the workflow
    /// does.
    fn queue(&self) -> Option<&'static str> {
        None
    }

    /// Returns the type of the context that attempts in another process read.
    #[cfg(feature = "testing")]
    #[expect(private_interfaces, reason = "only the executor of tests, in this crate, asks for it")]
    fn remote_context(&self) -> Option<crate::context::ContextType> {
        None
    }

    /// Returns the body of the same step for a call with this context.
    #[cfg(feature = "testing")]
    fn in_context(&self, _context: Option<SharedContext>) -> Option<Arc<dyn StepBody>> {
        None
    }

    /// Returns the shared state that attempts take, if it is typed.
    fn state(&self) -> Option<StateDef> {
        None
    }

    /// Returns whether attempts run within the commit of the run's entries.
    fn is_transaction(&self) -> bool {
        false
    }

    /// Creates one attempt that runs within a commit, with a result of at most `limit` bytes; `None` if attempts do
    /// not.
    fn transaction(
        &self,
        _arguments: &Value,
        _scope: Arc<StepScope>,
        _env: Arc<RunEnv>,
        _limit: usize,
    ) -> Option<UserCode> {
        None
    }

    /// Starts one attempt with the recorded arguments, after its inputs were prepared.
    fn attempt(&self, arguments: &Value, scope: Arc<StepScope>, env: Arc<RunEnv>) -> Attempt;
}

/// The completion of a call.
#[derive(Clone, Debug)]
pub enum Completion {
    /// The result of a step.
    Completed(Value),
    /// The error of a step: a [`StepError`](crate::StepError) as JSON.
    Failed(Value),
    /// The timer fired, or the wait timed out.
    Fired,
    /// A message, or the answer to a request.
    Message(Value),
    /// The message was delivered.
    Delivered,
    /// The message could not be delivered, or the run could not be started, for this reason.
    Refused(String),
    /// The child run has ended.
    Ended {
        /// The final status.
        status: Status,
        /// The value of its last entry.
        value: Option<Value>,
    },
}

/// A change of the context, as far as it is compared in a replay.
#[derive(Clone, Copy, Debug)]
pub enum ContextChange<'a> {
    /// A whole context is set.
    Set {
        /// The context's recorded name.
        context: &'a str,
        /// The schema to record.
        schema: &'static Schema,
    },
    /// Fields are updated.
    Update {
        /// The context's recorded name.
        context: &'a str,
        /// The schema, with the earlier names of its fields.
        schema: &'static Schema,
        /// The fields, in the order of the struct.
        fields: &'a [&'static str],
    },
}

impl<'a> ContextChange<'a> {
    /// Returns the context's recorded name.
    pub(crate) const fn context(&self) -> &'a str {
        let (Self::Set { context, .. } | Self::Update { context, .. }) = self;
        context
    }

    /// Returns the context's schema.
    pub(crate) const fn schema(&self) -> &'static Schema {
        let (Self::Set { schema, .. } | Self::Update { schema, .. }) = self;
        schema
    }

    /// Returns the change as a command.
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

/// The final context of another run, for the run that continues it.
#[derive(Clone, Debug)]
pub struct Continued {
    /// The context's recorded name.
    pub context: String,
    /// The version in which the values are recorded.
    pub version: u32,
    /// The values.
    pub rows: Vec<FieldRow>,
}

/// The history's answer to a change of the context.
#[derive(Debug)]
pub enum Recorded {
    /// The change is not in the history: it is made for the first time.
    New,
    /// The change was made.
    Made {
        /// The recorded version of the context.
        version: u32,
        /// The recorded values.
        rows: Vec<FieldRow>,
    },
    /// The workflow dropped it while its fields were being saved.
    Abandoned,
    /// The change was refused with this error (a [`ContextError`](crate::ContextError) as JSON).
    Refused(Value),
    /// The handle was used outside of its own turn, for this reason.
    Outside(String),
    /// Another command is recorded: the run will be parked and the workflow must not continue.
    Diverged,
}
