//! What can happen in a run, by the word that stands in a database.

/// Whether the workflow observes an entry: its delivery is a turn of its own.
#[derive(PartialEq)]
enum Delivery {
    Turn,
    NoTurn,
}

/// Whether an entry may have written rows of fields.
#[derive(PartialEq)]
enum Fields {
    Rows,
    NoRows,
}

/// Where in an entry's value secrets are encrypted, and so to what they are bound: a fact of each kind, because a run that gets
/// another incarnation has them encrypted anew.
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

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal [$delivery:ident, $fields:ident, $sealed:ident],)*) => {
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
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// Whether the workflow observes an entry of this kind: its delivery is a turn of its own.
            #[must_use]
            pub const fn is_turn(self) -> bool {
                matches!(match self { $(Self::$name => Delivery::$delivery,)* }, Delivery::Turn)
            }

            /// Whether an entry of this kind may have written rows of fields.
            pub(crate) const fn writes_fields(self) -> bool {
                matches!(match self { $(Self::$name => Fields::$fields,)* }, Fields::Rows)
            }

            /// Where secrets are encrypted in the value of an entry of this kind.
            pub(crate) const fn sealed(self) -> Sealed {
                match self { $(Self::$name => Sealed::$sealed,)* }
            }
        }
    };
}

// The facts of each kind: a new one does not compile before each is answered.
kinds! {
    /// The run was started: `name` is its workflow, `value` its input, `other` the incarnations with whose histories it
    /// begins, each with the entry before which that ends.
    RunStarted = "run_started" [Turn, NoRows, Input],
    /// The workflow set a whole context: `name` is the context's name, `value` its schema and the fields written.
    ContextSet = "context_set" [NoTurn, Rows, Nothing],
    /// The workflow changed fields of its context: `value` lists their names.
    ContextUpdated = "context_updated" [NoTurn, Rows, Nothing],
    /// A change of the context was refused: `value` says why.
    ContextRefused = "context_refused" [NoTurn, NoRows, Nothing],
    /// A step was called and its first attempt starts: `name` is the step, `value` its arguments, `context` the entry
    /// whose context it sees.
    StepStarted = "step_started" [NoTurn, NoRows, Arguments],
    /// A later attempt of a step starts.
    AttemptStarted = "attempt_started" [NoTurn, NoRows, Nothing],
    /// An attempt of a step failed and another follows at `due`: `value` is the cause.
    AttemptFailed = "attempt_failed" [NoTurn, NoRows, Result],
    /// A step finished: `value` is its result.
    StepCompleted = "step_completed" [Turn, NoRows, Result],
    /// A step failed for good: `value` is the error with the cause of every attempt.
    StepFailed = "step_failed" [Turn, NoRows, Result],
    /// The workflow sleeps until `due`.
    TimerSet = "timer_set" [NoTurn, NoRows, Nothing],
    /// A sleep is over.
    TimerFired = "timer_fired" [Turn, NoRows, Nothing],
    /// The workflow dropped a call in flight: a late result changes nothing.
    CallAbandoned = "call_abandoned" [NoTurn, NoRows, Nothing],
    /// The run was asked to stop: `value` is the reason.
    CancelRequested = "cancel_requested" [Turn, NoRows, Nothing],
    /// The workflow returned: `value` is its result.
    RunCompleted = "run_completed" [NoTurn, NoRows, Output],
    /// The workflow returned an error: `value` is the error.
    RunFailed = "run_failed" [NoTurn, NoRows, Output],
    /// The run ended because it was told to: `value` is the reason.
    RunCancelled = "run_cancelled" [NoTurn, NoRows, Nothing],
    /// The run was moved into a file, and goes on where that is imported: `value` is what its row said before.
    RunMoved = "run_moved" [NoTurn, NoRows, Nothing],
    /// The run goes on with the context of another, which had ended: `name` is the context's name, `value` says which run
    /// and in which version of the context, and the fields that it wrote are the values.
    ContextContinued = "context_continued" [NoTurn, Rows, Nothing],
    /// Under what the run acts: `value` is its deadline, identity, labels and parent.
    ScopeSet = "scope_set" [NoTurn, NoRows, Nothing],
    /// The workflow waits for a message: `name` is the channel, `due` until when.
    ReceiveStarted = "receive_started" [NoTurn, NoRows, Nothing],
    /// The workflow looked for a message: `name` is the channel, `attempt` 1 if there was one and 0 if there was none.
    MessageTried = "message_tried" [NoTurn, NoRows, Nothing],
    /// A message came: `name` is its channel, `value` what it says, `other` the run that sent it.
    MessageReceived = "message_received" [Turn, NoRows, Message],
    /// The workflow sends a message: `name` is its channel, `value` what it says, `other` the run that it is for.
    MessageSent = "message_sent" [NoTurn, NoRows, Message],
    /// A message that was sent is in the other run's inbox.
    MessageDelivered = "message_delivered" [Turn, NoRows, Nothing],
    /// A message could not be sent, a question not be asked, or no answer can come: `value` says why.
    MessageRefused = "message_refused" [Turn, NoRows, Nothing],
    /// The workflow asks a question: `name` is its type, `other` the request's id, `value` the question, `due` until when.
    RequestOpened = "request_opened" [NoTurn, NoRows, Message],
    /// The answer to a request: `name` is its type, `other` the request's id, `value` the answer.
    RequestAnswered = "request_answered" [Turn, NoRows, Message],
    /// The workflow starts another run: `name` is the workflow, `other` the run's id, `value` the input.
    ChildStarted = "child_started" [NoTurn, NoRows, ChildInput],
    /// A run that the workflow started has ended: `name` is its status, `value` what its last entry says.
    ChildEnded = "child_ended" [Turn, NoRows, Output],
    /// A step sent an event before it ended: `name` is the event, `value` what it says, `other` the key of the write.
    EventSent = "event_sent" [Turn, NoRows, Event],
    /// The workflow published a value: `name` is the key, `value` the hash of what is there for outsiders.
    ValuePublished = "value_published" [NoTurn, NoRows, Nothing],
    /// Something was written to a stream: `name` is the stream, `value` the hash of it; `other` the key of the write if a
    /// step did it.
    StreamWritten = "stream_written" [NoTurn, NoRows, Nothing],
    /// A stream was closed: `name` is the stream.
    StreamClosed = "stream_closed" [NoTurn, NoRows, Nothing],
    /// The workflow takes the way of newer code: `name` is the patch.
    PatchMarked = "patch_marked" [NoTurn, NoRows, Nothing],
    /// The deadline of the run was reached.
    DeadlineReached = "deadline_reached" [Turn, NoRows, Nothing],
    /// The run ended because its deadline was reached.
    RunTimedOut = "run_timed_out" [NoTurn, NoRows, Nothing],
    /// The run ended before it began: `value` says which role is missing.
    RunRefused = "run_refused" [NoTurn, NoRows, Nothing],
    /// The run goes on as another with a fresh journal: `other` is that run's incarnation, `value` its input.
    RunReplaced = "run_replaced" [NoTurn, NoRows, Nothing],
    /// A message that the run before this one has received and not read: `name` is its channel, `value` what it says.
    MessageKept = "message_kept" [NoTurn, NoRows, Message],
    /// The answer to a request that came to the run before this one, which has not read it: `other` is the request's id,
    /// `value` the answer.
    AnswerKept = "answer_kept" [NoTurn, NoRows, Message],
    /// A request of the run before this one that is open: `other` is the id by which this run knows it, `name` that by which
    /// it is answered, `due` until when.
    RequestKept = "request_kept" [NoTurn, NoRows, Nothing],
    /// The time for the answer to a kept request is over: `other` is the id by which this run knows it.
    RequestExpired = "request_expired" [Turn, NoRows, Nothing],
    /// The whole of the typed shared state is written: `name` is the state's name, `value` its schema. With keys alone it
    /// has no name.
    StateSet = "state_set" [NoTurn, Rows, Nothing],
    /// A step has edited the shared state: `name` is the step, `value` what the closure gave, `other` the place of the edit
    /// in the source and how often it was reached; the rows that it wrote are the values.
    StateEdited = "state_edited" [NoTurn, Rows, Result],
    /// The run stands still until it is told to go on: `value` says how.
    RunPaused = "run_paused" [NoTurn, NoRows, Nothing],
    /// The run goes on.
    RunResumed = "run_resumed" [NoTurn, NoRows, Nothing],
    /// The time of day was set: `value` says by how many milliseconds. Durations that run are due as much later by it.
    ClockMoved = "clock_moved" [NoTurn, NoRows, Nothing],
}
