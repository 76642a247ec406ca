//! Kinds of journal entries, by their word in a database.

use crate::parse::ParseError;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The delivery of an entry to the body of the workflow. Whatever is delivered is a turn of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivers {
    /// The body does not observe it.
    Nothing,
    /// The body starts.
    Start,
    /// The result of a step, to the call at its command index.
    Result,
    /// The failure of a step, to the call at its command index.
    Failure,
    /// The end of a wait, to the call at its command index.
    Time,
    /// The arrival of a message, to the call at its command index.
    Arrival,
    /// The reason of a refusal, to the call at its command index.
    Refusal,
    /// The end of a child run, to the call at its command index.
    ChildEnd,
    /// A message, to whichever call waits on its channel.
    Message,
    /// An event that a step of a graph sent, to whichever call waits on its channel.
    Event,
    /// An answer, to whichever call waits for its request.
    Answer,
    /// The end of the time for an answer, to whichever call waits for its request.
    Expiry,
    /// A cancellation, to the run, which ends.
    Cancel,
    /// The end of the run's time, to the run, which ends.
    Deadline,
}

/// The role of an entry in a history, which decides how a replay handles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An entry whose delivery is a turn.
    Turn,
    /// A command of a body, in the group of a turn, which is its cause.
    Command,
    /// Before the first turn: the scope of the run.
    Scope,
    /// Before the first turn: the context with which the run continues.
    Continued,
    /// Before the first turn: a message, an answer or a request left over by an earlier execution.
    Kept,
    /// The whole shared state, in a turn or between turns.
    State,
    /// Between turns: a step edited the shared state.
    Edit,
    /// Between turns: another attempt of a step started.
    AttemptStarted,
    /// Between turns: an attempt of a step failed.
    AttemptFailed,
    /// Between turns: the run was paused or resumed.
    Pause,
    /// Between turns: the wall clock was set.
    Clock,
    /// The last entry: the run ended before it began.
    Refused,
    /// The last entry: the run continues elsewhere.
    Moved,
    /// The last entry: the run continues as new.
    Replaced,
}

/// The subject of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The run as a whole, which concerns more people than its steps.
    Run,
    /// The scope of the run, or the leftovers of an earlier execution.
    Opening,
    /// The context of the run.
    Context,
    /// The state that its steps share.
    State,
    /// A call of its body.
    Call,
    /// A value that observers read.
    Value,
    /// A stream that observers read.
    Stream,
    /// The branch that its code takes.
    Code,
    /// The clock.
    Clock,
}

/// The end of a run whose last entry has this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Not an end.
    No,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    Refused,
    Moved,
    Replaced,
}

/// The rows of fields that an entry wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenFields {
    /// None.
    None,
    /// The number of rows that it counts.
    Counted,
    /// The rows that its value lists.
    Listed,
    /// The rows of the schema in its value.
    InSchema,
    /// One, if its value is in a field store: the row has the pointer to it.
    IfStored,
}

/// The location of the secrets in an entry's value, to which they are bound. It is a property of each kind, because a
/// run that gets another execution has its secrets encrypted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// No secrets.
    Nothing,
    /// The input of the run.
    Input,
    /// The arguments of a step.
    Arguments,
    /// The result of a step or of an edit, or a failure.
    Result,
    /// A message, a question or an answer.
    Message,
    /// An event that a step sent.
    Event,
    /// The input of a run that this one starts.
    ChildInput,
    /// The result or error of a run.
    Output,
}

/// Writes [`Kind::as_str`].
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Parses [`Kind::as_str`].
impl FromStr for Kind {
    type Err = ParseError;

    fn from_str(word: &str) -> Result<Self, ParseError> {
        Self::parse(word).ok_or_else(|| ParseError::new("the kind of an entry of a journal", word))
    }
}

/// Serializes as [`Kind::as_str`].
impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal [$role:ident, $delivers:ident, $end:ident, $about:ident, $fields:ident, $sealed:ident],)*) => {
        /// The kind of a journal entry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the word of this kind in a database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Returns the kind of a word in a database; `None` if this version knows none.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// Returns the role of an entry of this kind in a history.
            pub(crate) const fn role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }

            /// Returns the delivery of an entry of this kind.
            pub(crate) const fn delivers(self) -> Delivers {
                match self { $(Self::$name => Delivers::$delivers,)* }
            }

            /// Returns how a run has ended whose last entry is of this kind.
            pub(crate) const fn end(self) -> End {
                match self { $(Self::$name => End::$end,)* }
            }

            /// Returns the subject of an entry of this kind.
            pub(crate) const fn about(self) -> About {
                match self { $(Self::$name => About::$about,)* }
            }

            /// Returns which rows of fields an entry of this kind wrote.
            pub(crate) const fn written_fields(self) -> WrittenFields {
                match self { $(Self::$name => WrittenFields::$fields,)* }
            }

            /// Returns where secrets are encrypted in the value of an entry of this kind.
            pub(crate) const fn sealed(self) -> Sealed {
                match self { $(Self::$name => Sealed::$sealed,)* }
            }
        }
    };
}

impl Kind {
    /// Returns whether the workflow observes an entry of this kind: its delivery is a turn of its own.
    #[must_use]
    pub const fn is_turn(self) -> bool {
        matches!(self.role(), Role::Turn)
    }
}

// The columns of each kind, in this order: role, delivery, end of the run, subject, written rows, location of secrets.
// A new kind does not compile before each is given.
kinds! {
    /// The run was started: `name` is its workflow, `value` its input, `other` the executions with whose histories it
    /// begins, each with the entry before which its part ends.
    RunStarted = "run_started" [Turn, Start, No, Run, None, Input],
    /// The workflow set a whole context: `name` is the context's name, `value` its schema and the fields written.
    ContextSet = "context_set" [Command, Nothing, No, Context, InSchema, Nothing],
    /// The workflow changed fields of its context: `value` lists their names.
    ContextUpdated = "context_updated" [Command, Nothing, No, Context, Listed, Nothing],
    /// A change of the context was refused: `value` is the reason.
    ContextRefused = "context_refused" [Command, Nothing, No, Context, None, Nothing],
    /// A step was called and its first attempt starts: `name` is the step, `value` its arguments, `context` the entry
    /// whose context it sees.
    StepStarted = "step_started" [Command, Nothing, No, Call, None, Arguments],
    /// A later attempt of a step starts.
    AttemptStarted = "attempt_started" [AttemptStarted, Nothing, No, Call, None, Nothing],
    /// An attempt of a step failed and another follows at `due`: `value` is the cause.
    AttemptFailed = "attempt_failed" [AttemptFailed, Nothing, No, Call, None, Result],
    /// A step finished: `value` is its result, or the pointer to it in a field store.
    StepCompleted = "step_completed" [Turn, Result, No, Call, IfStored, Result],
    /// A step failed for good: `value` is the error with the cause of every attempt.
    StepFailed = "step_failed" [Turn, Failure, No, Call, None, Result],
    /// The workflow sleeps until `due`.
    TimerSet = "timer_set" [Command, Nothing, No, Call, None, Nothing],
    /// A sleep is over.
    TimerFired = "timer_fired" [Turn, Time, No, Call, None, Nothing],
    /// The workflow dropped a call in flight: a late result changes nothing.
    CallAbandoned = "call_abandoned" [Command, Nothing, No, Call, None, Nothing],
    /// A cancellation of the run was requested: `value` is the reason.
    CancelRequested = "cancel_requested" [Turn, Cancel, No, Run, None, Nothing],
    /// The workflow returned: `value` is its result.
    RunCompleted = "run_completed" [Command, Nothing, Completed, Run, None, Output],
    /// The workflow returned an error: `value` is the error.
    RunFailed = "run_failed" [Command, Nothing, Failed, Run, None, Output],
    /// The run was cancelled: `value` is the reason.
    RunCancelled = "run_cancelled" [Command, Nothing, Cancelled, Run, None, Nothing],
    /// The run was moved into a file, and continues where that is imported: `value` is the previous state of its row.
    RunMoved = "run_moved" [Moved, Nothing, Moved, Run, None, Nothing],
    /// The run continues with the final context of another run: `name` is the context's name, `value` that run and the
    /// version of the context, and the fields that it wrote are the values.
    ContextContinued = "context_continued" [Continued, Nothing, No, Opening, Counted, Nothing],
    /// The scope of the run: `value` is its deadline, identity, labels and parent.
    ScopeSet = "scope_set" [Scope, Nothing, No, Opening, None, Nothing],
    /// The workflow waits for a message: `name` is the channel, `due` the end of the wait.
    ReceiveStarted = "receive_started" [Command, Nothing, No, Call, None, Nothing],
    /// The workflow checked for a message: `name` is the channel, `attempt` 1 if there was one and 0 if there was none.
    MessageTried = "message_tried" [Command, Nothing, No, Call, None, Nothing],
    /// A message was received: `name` is its channel, `value` its content, `other` the run that sent it.
    MessageReceived = "message_received" [Turn, Message, No, Call, None, Message],
    /// The workflow sends a message: `name` is its channel, `value` its content, `other` the run that it is for.
    MessageSent = "message_sent" [Command, Nothing, No, Call, None, Message],
    /// A message that was sent is in the other run's inbox.
    MessageDelivered = "message_delivered" [Turn, Arrival, No, Call, None, Nothing],
    /// A message could not be sent, a request not be made, or no answer can arrive: `value` is the reason.
    MessageRefused = "message_refused" [Turn, Refusal, No, Call, None, Nothing],
    /// The workflow makes a request: `name` is its type, `other` its id, `value` the question, `due` the end of the
    /// wait.
    RequestOpened = "request_opened" [Command, Nothing, No, Call, None, Message],
    /// A request was answered: `name` is the type of the answer, `other` the request's id, `value` the answer.
    RequestAnswered = "request_answered" [Turn, Answer, No, Call, None, Message],
    /// The workflow starts another run: `name` is the workflow, `other` the run's id, `value` the input.
    ChildStarted = "child_started" [Command, Nothing, No, Call, None, ChildInput],
    /// A run that the workflow started has ended: `name` is its status, `value` that of its last entry.
    ChildEnded = "child_ended" [Turn, ChildEnd, No, Call, None, Output],
    /// The workflow requests the cancellation of a run that it started: `other` is the run's id, `value` the reason.
    ChildCancelled = "child_cancelled" [Command, Nothing, No, Call, None, Nothing],
    /// A step sent an event before it ended: `name` is the event, `value` its content, `other` the key of the write.
    EventSent = "event_sent" [Turn, Event, No, Call, None, Event],
    /// The workflow published a value: `name` is the key, `value` the hash of the published value.
    ValuePublished = "value_published" [Command, Nothing, No, Value, None, Nothing],
    /// An item was written to a stream: `name` is the stream, `value` the hash of the item; `other` the key of the
    /// write if a step wrote it.
    StreamWritten = "stream_written" [Command, Nothing, No, Stream, None, Nothing],
    /// A stream was closed: `name` is the stream.
    StreamClosed = "stream_closed" [Command, Nothing, No, Stream, None, Nothing],
    /// The workflow set a label of the run: `name` is its name, `value` its value; without a value it was removed.
    LabelSet = "label_set" [Command, Nothing, No, Run, None, Nothing],
    /// The workflow takes the branch of newer code: `name` is the patch.
    PatchMarked = "patch_marked" [Command, Nothing, No, Code, None, Nothing],
    /// The deadline of the run was reached.
    DeadlineReached = "deadline_reached" [Turn, Deadline, No, Run, None, Nothing],
    /// The run ended because its deadline was reached.
    RunTimedOut = "run_timed_out" [Command, Nothing, TimedOut, Run, None, Nothing],
    /// The run ended before it began: `value` names the missing role.
    RunRefused = "run_refused" [Refused, Nothing, Refused, Run, None, Nothing],
    /// The run continues as new: `other` is the successor's execution, `value` its input.
    RunReplaced = "run_replaced" [Replaced, Nothing, Replaced, Run, None, Nothing],
    /// A message that the previous run received and did not read: `name` is its channel, `value` its content.
    MessageKept = "message_kept" [Kept, Nothing, No, Opening, None, Message],
    /// An answer that the previous run received and did not read: `other` is the request's id, `value` the answer.
    AnswerKept = "answer_kept" [Kept, Nothing, No, Opening, None, Message],
    /// An open request of the previous run: `other` is the id by which this run knows it, `name` the one with which it
    /// is answered, `due` the end of the wait.
    RequestKept = "request_kept" [Kept, Nothing, No, Opening, None, Nothing],
    /// The time for the answer to a kept request is over: `other` is the id by which this run knows it.
    RequestExpired = "request_expired" [Turn, Expiry, No, Call, None, Nothing],
    /// The whole typed shared state was written: `name` is the state's name, `value` its schema. With keys only it has
    /// no name.
    StateSet = "state_set" [State, Nothing, No, State, Counted, Nothing],
    /// A step edited the shared state: `name` is the step, `value` the closure's result, `other` the place of the edit
    /// in the source and how often it was reached; the rows that it wrote are the values.
    StateEdited = "state_edited" [Edit, Nothing, No, State, Counted, Result],
    /// The run is paused until it is resumed: `value` is the kind of pause.
    RunPaused = "run_paused" [Pause, Nothing, No, Run, None, Nothing],
    /// The run was resumed.
    RunResumed = "run_resumed" [Pause, Nothing, No, Run, None, Nothing],
    /// The wall clock was set: `value` is the change in milliseconds, by which running durations are due later.
    ClockMoved = "clock_moved" [Clock, Nothing, No, Clock, None, Nothing],
}
