//! What can happen in a run, by the word that stands in a database.

use crate::parse::ParseError;
use serde::{Serialize, Serializer};
use std::str::FromStr;

/// What the delivery of an entry says to the body of the workflow. Whatever is delivered is a turn of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivers {
    /// The body does not observe it.
    Nothing,
    /// The body begins.
    Start,
    /// To the call at its position: the result of a step.
    Result,
    /// To the call at its position: why a step failed.
    Failure,
    /// To the call at its position: its time has come.
    Time,
    /// To the call at its position: what it sent has arrived.
    Arrival,
    /// To the call at its position: why it is refused.
    Refusal,
    /// To the call at its position: how a run that was started has ended.
    ChildEnd,
    /// To whichever call waits on its channel: a message.
    Message,
    /// The same for an event that a step of a graph has sent.
    Event,
    /// To whichever call waits for its request: the answer.
    Answer,
    /// To whichever call waits for its request: no answer comes any more.
    Expiry,
    /// To the run: it is to end, because a cancellation was requested.
    Cancel,
    /// To the run: it is to end, because its time is over.
    Deadline,
}

/// What an entry is in a history, and so how a replay takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its delivery is a turn.
    Turn,
    /// A body asked for it: it stands in the group of a turn, which names its cause.
    Command,
    /// It stands before the first turn: under what the run acts.
    Scope,
    /// It stands before the first turn: the context with which the run goes on.
    Continued,
    /// It stands before the first turn: what an earlier execution has left over.
    Kept,
    /// The shared state is written as a whole, in a turn or beside it.
    State,
    /// It stands between turns: a step edited the shared state.
    Edit,
    /// It stands between turns: another attempt of a step has begun.
    AttemptStarted,
    /// It stands between turns: an attempt of a step has failed.
    AttemptFailed,
    /// It stands between turns: the run was paused, or goes on.
    Pause,
    /// It stands between turns: the time of day was set.
    Clock,
    /// The last entry: the run ended before it began.
    Refused,
    /// The last entry: the run goes on elsewhere.
    Moved,
    /// The last entry: the run goes on with a fresh journal.
    Replaced,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The run as a whole: of interest to more people than its steps.
    Run,
    /// Under what it acts, and what an earlier execution has left over.
    Opening,
    /// Its context.
    Context,
    /// The state that its steps share.
    State,
    /// A call of its body.
    Call,
    /// A value that observers read.
    Value,
    /// A stream that observers read.
    Stream,
    /// Which way its code takes.
    Code,
    /// The clock.
    Clock,
}

/// How a run has ended whose last entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is no end.
    No,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    Refused,
    Moved,
    Replaced,
}

/// Which rows of fields an entry has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenFields {
    /// None.
    None,
    /// So many as it says.
    Counted,
    /// Those that its value lists.
    Listed,
    /// Those of the schema in its value.
    InSchema,
}

/// Where in an entry's value secrets are encrypted, and so to what they are bound: a fact of each kind, because a run that gets
/// another execution has them encrypted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// It holds none.
    Nothing,
    /// The input of the run.
    Input,
    /// The arguments of a step.
    Arguments,
    /// What a step gave.
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

/// Parses [`Kind::as_str`].
impl FromStr for Kind {
    type Err = ParseError;

    fn from_str(word: &str) -> Result<Self, ParseError> {
        Self::parse(word).ok_or_else(|| ParseError::new("the kind of an entry of a journal", word))
    }
}

/// As [`Kind::as_str`].
impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal [$role:ident, $delivers:ident, $end:ident, $about:ident, $fields:ident, $sealed:ident],)*) => {
        /// What an entry of a journal says has happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word that stands for this kind in a database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The kind that a word of a database stands for; `None` if this version knows none.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// What an entry of this kind is in a history.
            pub(crate) const fn role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }

            /// What the delivery of an entry of this kind says to the body.
            pub(crate) const fn delivers(self) -> Delivers {
                match self { $(Self::$name => Delivers::$delivers,)* }
            }

            /// How a run has ended whose last entry is of this kind.
            pub(crate) const fn end(self) -> End {
                match self { $(Self::$name => End::$end,)* }
            }

            /// What an entry of this kind is about.
            pub(crate) const fn about(self) -> About {
                match self { $(Self::$name => About::$about,)* }
            }

            /// Which rows of fields an entry of this kind has written.
            pub(crate) const fn written_fields(self) -> WrittenFields {
                match self { $(Self::$name => WrittenFields::$fields,)* }
            }

            /// Where secrets are encrypted in the value of an entry of this kind.
            pub(crate) const fn sealed(self) -> Sealed {
                match self { $(Self::$name => Sealed::$sealed,)* }
            }
        }
    };
}

impl Kind {
    /// Whether the workflow observes an entry of this kind: its delivery is a turn of its own.
    #[must_use]
    pub const fn is_turn(self) -> bool {
        matches!(self.role(), Role::Turn)
    }

    /// Whether an entry of this kind may have written rows of fields.
    pub(crate) const fn writes_fields(self) -> bool {
        !matches!(self.written_fields(), WrittenFields::None)
    }
}

// The facts of each kind, in this order: what it is in a history, what it delivers, how the run has ended, what it is
// about, which rows of fields it has written, where its secrets are. A new kind does not compile before each is answered.
kinds! {
    /// The run was started: `name` is its workflow, `value` its input, `other` the executions with whose histories it
    /// begins, each with the entry before which that ends.
    RunStarted = "run_started" [Turn, Start, No, Run, None, Input],
    /// The workflow set a whole context: `name` is the context's name, `value` its schema and the fields written.
    ContextSet = "context_set" [Command, Nothing, No, Context, InSchema, Nothing],
    /// The workflow changed fields of its context: `value` lists their names.
    ContextUpdated = "context_updated" [Command, Nothing, No, Context, Listed, Nothing],
    /// A change of the context was refused: `value` says why.
    ContextRefused = "context_refused" [Command, Nothing, No, Context, None, Nothing],
    /// A step was called and its first attempt starts: `name` is the step, `value` its arguments, `context` the entry
    /// whose context it sees.
    StepStarted = "step_started" [Command, Nothing, No, Call, None, Arguments],
    /// A later attempt of a step starts.
    AttemptStarted = "attempt_started" [AttemptStarted, Nothing, No, Call, None, Nothing],
    /// An attempt of a step failed and another follows at `due`: `value` is the cause.
    AttemptFailed = "attempt_failed" [AttemptFailed, Nothing, No, Call, None, Result],
    /// A step finished: `value` is its result.
    StepCompleted = "step_completed" [Turn, Result, No, Call, None, Result],
    /// A step failed for good: `value` is the error with the cause of every attempt.
    StepFailed = "step_failed" [Turn, Failure, No, Call, None, Result],
    /// The workflow sleeps until `due`.
    TimerSet = "timer_set" [Command, Nothing, No, Call, None, Nothing],
    /// A sleep is over.
    TimerFired = "timer_fired" [Turn, Time, No, Call, None, Nothing],
    /// The workflow dropped a call in flight: a late result changes nothing.
    CallAbandoned = "call_abandoned" [Command, Nothing, No, Call, None, Nothing],
    /// The run was asked to stop: `value` is the reason.
    CancelRequested = "cancel_requested" [Turn, Cancel, No, Run, None, Nothing],
    /// The workflow returned: `value` is its result.
    RunCompleted = "run_completed" [Command, Nothing, Completed, Run, None, Output],
    /// The workflow returned an error: `value` is the error.
    RunFailed = "run_failed" [Command, Nothing, Failed, Run, None, Output],
    /// The run was cancelled: `value` is the reason.
    RunCancelled = "run_cancelled" [Command, Nothing, Cancelled, Run, None, Nothing],
    /// The run was moved into a file, and goes on where that is imported: `value` is what its row said before.
    RunMoved = "run_moved" [Moved, Nothing, Moved, Run, None, Nothing],
    /// The run goes on with the context of another, which had ended: `name` is the context's name, `value` says which run
    /// and in which version of the context, and the fields that it wrote are the values.
    ContextContinued = "context_continued" [Continued, Nothing, No, Opening, Counted, Nothing],
    /// Under what the run acts: `value` is its deadline, identity, labels and parent.
    ScopeSet = "scope_set" [Scope, Nothing, No, Opening, None, Nothing],
    /// The workflow waits for a message: `name` is the channel, `due` until when.
    ReceiveStarted = "receive_started" [Command, Nothing, No, Call, None, Nothing],
    /// The workflow looked for a message: `name` is the channel, `attempt` 1 if there was one and 0 if there was none.
    MessageTried = "message_tried" [Command, Nothing, No, Call, None, Nothing],
    /// A message came: `name` is its channel, `value` what it says, `other` the run that sent it.
    MessageReceived = "message_received" [Turn, Message, No, Call, None, Message],
    /// The workflow sends a message: `name` is its channel, `value` what it says, `other` the run that it is for.
    MessageSent = "message_sent" [Command, Nothing, No, Call, None, Message],
    /// A message that was sent is in the other run's inbox.
    MessageDelivered = "message_delivered" [Turn, Arrival, No, Call, None, Nothing],
    /// A message could not be sent, a question not be asked, or no answer can come: `value` says why.
    MessageRefused = "message_refused" [Turn, Refusal, No, Call, None, Nothing],
    /// The workflow asks a question: `name` is its type, `other` the request's id, `value` the question, `due` until when.
    RequestOpened = "request_opened" [Command, Nothing, No, Call, None, Message],
    /// The answer to a request: `name` is its type, `other` the request's id, `value` the answer.
    RequestAnswered = "request_answered" [Turn, Answer, No, Call, None, Message],
    /// The workflow starts another run: `name` is the workflow, `other` the run's id, `value` the input.
    ChildStarted = "child_started" [Command, Nothing, No, Call, None, ChildInput],
    /// A run that the workflow started has ended: `name` is its status, `value` what its last entry says.
    ChildEnded = "child_ended" [Turn, ChildEnd, No, Call, None, Output],
    /// A step sent an event before it ended: `name` is the event, `value` what it says, `other` the key of the write.
    EventSent = "event_sent" [Turn, Event, No, Call, None, Event],
    /// The workflow published a value: `name` is the key, `value` the hash of what is there for observers.
    ValuePublished = "value_published" [Command, Nothing, No, Value, None, Nothing],
    /// Something was written to a stream: `name` is the stream, `value` the hash of it; `other` the key of the write if a
    /// step did it.
    StreamWritten = "stream_written" [Command, Nothing, No, Stream, None, Nothing],
    /// A stream was closed: `name` is the stream.
    StreamClosed = "stream_closed" [Command, Nothing, No, Stream, None, Nothing],
    /// The workflow set a label of the run: `name` is its name, `value` its value; without a value it was taken away.
    LabelSet = "label_set" [Command, Nothing, No, Run, None, Nothing],
    /// The workflow takes the way of newer code: `name` is the patch.
    PatchMarked = "patch_marked" [Command, Nothing, No, Code, None, Nothing],
    /// The deadline of the run was reached.
    DeadlineReached = "deadline_reached" [Turn, Deadline, No, Run, None, Nothing],
    /// The run ended because its deadline was reached.
    RunTimedOut = "run_timed_out" [Command, Nothing, TimedOut, Run, None, Nothing],
    /// The run ended before it began: `value` says which role is missing.
    RunRefused = "run_refused" [Refused, Nothing, Refused, Run, None, Nothing],
    /// The run goes on as another with a fresh journal: `other` is that run's execution, `value` its input.
    RunReplaced = "run_replaced" [Replaced, Nothing, Replaced, Run, None, Nothing],
    /// A message that the run before this one has received and not read: `name` is its channel, `value` what it says.
    MessageKept = "message_kept" [Kept, Nothing, No, Opening, None, Message],
    /// The answer to a request that came to the run before this one, which has not read it: `other` is the request's id,
    /// `value` the answer.
    AnswerKept = "answer_kept" [Kept, Nothing, No, Opening, None, Message],
    /// A request of the run before this one that is open: `other` is the id by which this run knows it, `name` that by which
    /// it is answered, `due` until when.
    RequestKept = "request_kept" [Kept, Nothing, No, Opening, None, Nothing],
    /// The time for the answer to a kept request is over: `other` is the id by which this run knows it.
    RequestExpired = "request_expired" [Turn, Expiry, No, Call, None, Nothing],
    /// The whole of the typed shared state is written: `name` is the state's name, `value` its schema. With keys alone it
    /// has no name.
    StateSet = "state_set" [State, Nothing, No, State, Counted, Nothing],
    /// A step has edited the shared state: `name` is the step, `value` what the closure gave, `other` the place of the edit
    /// in the source and how often it was reached; the rows that it wrote are the values.
    StateEdited = "state_edited" [Edit, Nothing, No, State, Counted, Result],
    /// The run is paused until it is resumed: `value` says how.
    RunPaused = "run_paused" [Pause, Nothing, No, Run, None, Nothing],
    /// The run goes on.
    RunResumed = "run_resumed" [Pause, Nothing, No, Run, None, Nothing],
    /// The time of day was set: `value` says by how many milliseconds. Durations that run are due as much later by it.
    ClockMoved = "clock_moved" [Clock, Nothing, No, Clock, None, Nothing],
}
