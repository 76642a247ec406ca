//! The activity that a journal entry stands for, in words for people.

use crate::engine::clock::moment;
use crate::error::{AttemptFailure, Error, StepError};
use crate::journal::SENT;
use crate::record::Kind;
use crate::store::{EntryRow, Status};
use crate::value::{Encoding, Value};
use serde::Serialize;
use serde::de::IgnoredAny;
use std::fmt;
use std::time::SystemTime;

/// One activity of the engine for a run.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let run = engine.start(hello, "Ada".to_owned()).id("a").await?;
/// run.result().await?;
/// let mut activity = run.activity();
/// let first = activity.next().await?.expect("a run begins with its start");
/// assert_eq!(first.seq, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Activity {
    /// The number of its entry in the journal; a reader continues from it as a cursor.
    pub seq: u64,
    /// The time at which it was recorded.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The kind of activity.
    pub kind: ActivityKind,
}

/// A kind of activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum ActivityKind {
    /// The start of the run.
    RunStarted {
        /// The name of its workflow.
        workflow: String,
    },
    /// An attempt of a step starts. The journal does not record whether its body runs yet.
    StepStarted {
        /// The step's name.
        step: String,
        /// The command index of its call, the same for all attempts.
        position: u64,
        /// The attempt, from 1; 0 for a step that is refused when it is called.
        attempt: u32,
    },
    /// An attempt of a step failed, and another follows.
    AttemptFailed {
        /// The step's name.
        step: String,
        /// The command index of its call.
        position: u64,
        /// The attempt.
        attempt: u32,
        /// The text of the error, panic or refusal.
        message: String,
        /// The time at which the next attempt starts.
        #[serde(serialize_with = "crate::record::millis::option::serialize")]
        next: Option<SystemTime>,
    },
    /// A step finished.
    StepCompleted {
        /// The step's name.
        step: String,
        /// The command index of its call.
        position: u64,
        /// The attempt that finished it.
        attempt: u32,
    },
    /// A step failed for good.
    StepFailed {
        /// The step's name.
        step: String,
        /// The command index of its call.
        position: u64,
        /// The last attempt; 0 if there was none.
        attempt: u32,
        /// The text of the last attempt's error, panic or refusal.
        message: String,
    },
    /// The workflow dropped a call: its step is cancelled, or the run no longer waits for the result.
    Dropped {
        /// The command index of the call.
        position: u64,
    },
    /// The run waits for something, perhaps among other things.
    Waiting {
        /// The thing that the run waits for.
        for_what: Waited,
        /// The command index of the call.
        position: u64,
        /// The latest end of the wait.
        #[serde(serialize_with = "crate::record::millis::option::serialize")]
        until: Option<SystemTime>,
    },
    /// The arrival of a thing that the run waits for, or will wait for.
    Came {
        /// The thing that arrived.
        what: Waited,
        /// The command index of the call, if it belongs to a certain one.
        position: Option<u64>,
    },
    /// The time for the answer to a request of an earlier execution is over.
    Expired {
        /// The id by which this execution knows the request.
        request: String,
    },
    /// A call was refused: a message could not be sent, a request not be made, a run not be started, or no answer can
    /// arrive.
    Refused {
        /// The command index of the call.
        position: u64,
        /// The reason.
        message: String,
    },
    /// Cancellation of the run was requested.
    CancelRequested {
        /// The reason given.
        reason: String,
    },
    /// The pause of the run, until it is resumed.
    Paused,
    /// The end of a pause.
    Resumed,
    /// The end of the run.
    RunEnded {
        /// The final status.
        status: Status,
        /// The cause, if it did not end with a result.
        message: Option<String>,
    },
}

/// A thing that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Waited {
    /// A timer.
    Timer,
    /// An event from outside with this name.
    Event(String),
    /// A message with this name.
    Message(String),
    /// The answer to a request with this name.
    Answer(String),
    /// The answer to the request with this id: one that an earlier execution made, or one that is answered.
    AnswerTo(String),
    /// A run that this run started: its workflow if the run waits for it, its status if it has ended.
    Run(String),
}

impl Activity {
    /// Returns the activity of an entry; `None` if observers see nothing of it.
    pub(super) fn of(entry: &EntryRow) -> Option<Self> {
        let kind = ActivityKind::of(entry)?;
        Some(Self { seq: entry.seq, at: moment(entry.at), kind })
    }
}

impl ActivityKind {
    fn of(entry: &EntryRow) -> Option<Self> {
        let step = || entry.name.clone().unwrap_or_default();
        let (position, attempt) = (entry.position.unwrap_or(0), entry.attempt.unwrap_or(0));
        let value = entry.value.as_ref();
        let waits = |for_what| Some(Self::Waiting { for_what, position, until: entry.due.map(moment) });
        let came = |what| Some(Self::Came { what, position: entry.position });
        let request = || entry.other.clone().unwrap_or_default();
        let refused = || Some(Self::Refused { position, message: value.map(text).unwrap_or_default() });
        let ended = |message| Some(Self::RunEnded { status: Status::ended_by(entry.kind)?, message });
        match entry.kind {
            Kind::RunStarted => Some(Self::RunStarted { workflow: step() }),
            Kind::StepStarted | Kind::AttemptStarted => Some(Self::StepStarted { step: step(), position, attempt }),
            Kind::AttemptFailed => {
                let message = value.map(why_attempt_failed).unwrap_or_default();
                Some(Self::AttemptFailed { step: step(), position, attempt, message, next: entry.due.map(moment) })
            }
            Kind::StepCompleted => Some(Self::StepCompleted { step: step(), position, attempt }),
            Kind::StepFailed => {
                let message = value.map(why_step_failed).unwrap_or_default();
                Some(Self::StepFailed { step: step(), position, attempt, message })
            }
            Kind::CallAbandoned => Some(Self::Dropped { position }),
            Kind::TimerSet => waits(Waited::Timer),
            Kind::TimerFired => came(Waited::Timer),
            Kind::ReceiveStarted if entry.other.is_some() => waits(Waited::AnswerTo(request())),
            Kind::ReceiveStarted => waits(channel(entry)?),
            Kind::MessageReceived | Kind::MessageKept => came(channel(entry)?),
            Kind::RequestOpened => waits(Waited::Answer(step())),
            // Its name is the type of the answer.
            Kind::RequestAnswered | Kind::AnswerKept => came(Waited::AnswerTo(request())),
            Kind::RequestExpired => Some(Self::Expired { request: request() }),
            Kind::MessageRefused => refused(),
            Kind::ChildStarted => waits(Waited::Run(step())),
            // Without a status the run never started.
            Kind::ChildEnded if entry.name.is_none() => refused(),
            Kind::ChildEnded => came(Waited::Run(step())),
            Kind::CancelRequested => Some(Self::CancelRequested { reason: value.map(text).unwrap_or_default() }),
            Kind::RunPaused => Some(Self::Paused),
            Kind::RunResumed => Some(Self::Resumed),
            Kind::RunCompleted | Kind::RunTimedOut | Kind::RunMoved | Kind::RunReplaced => ended(None),
            Kind::RunFailed => ended(value.map(why_run_failed)),
            Kind::RunCancelled | Kind::RunRefused => ended(value.map(text)),
            // Internal: not part of a run's activity.
            Kind::ContextSet
            | Kind::ContextUpdated
            | Kind::ContextRefused
            | Kind::ContextContinued
            | Kind::ScopeSet
            | Kind::MessageTried
            | Kind::MessageSent
            | Kind::MessageDelivered
            | Kind::EventSent
            | Kind::ValuePublished
            | Kind::StreamWritten
            | Kind::StreamClosed
            | Kind::LabelSet
            | Kind::ChildCancelled
            | Kind::PatchMarked
            | Kind::DeadlineReached
            | Kind::RequestKept
            | Kind::StateSet
            | Kind::StateEdited
            | Kind::ClockMoved => None,
        }
    }
}

fn why_attempt_failed(value: &Value) -> String {
    serde_json::from_slice::<AttemptFailure>(&value.bytes).map(|failure| failure.message).unwrap_or_default()
}

/// Returns a channel under its public name; `None` for the internal channel of a graph's own steps.
fn channel(entry: &EntryRow) -> Option<Waited> {
    let name = entry.name.as_deref().unwrap_or_default();
    match name.strip_prefix("event:") {
        Some(event) => Some(Waited::Event(event.to_owned())),
        None => (name != SENT).then(|| Waited::Message(name.to_owned())),
    }
}

/// Decodes a text recorded as JSON.
fn text(value: &Value) -> String {
    serde_json::from_slice(&value.bytes).unwrap_or_else(|_| value.to_string())
}

/// Returns why a step failed: the last failure of an attempt, or why there was none.
fn why_step_failed(value: &Value) -> String {
    if value.encoding != Encoding::Json {
        return value.to_string();
    }
    match serde_json::from_slice::<StepError<IgnoredAny>>(&value.bytes) {
        Ok(StepError::Refused(why, _)) => why,
        Ok(error) => error.attempts().failures.last().map_or_else(|| value.to_string(), |last| last.message.clone()),
        Err(_) => value.to_string(),
    }
}

fn why_run_failed(value: &Value) -> String {
    match serde_json::from_slice::<Error>(&value.bytes) {
        Ok(error) if value.encoding == Encoding::Json => error.to_string(),
        _ => value.to_string(),
    }
}

/// One line: the entry's number and the activity.
impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} {}", self.seq, self.kind)
    }
}

impl fmt::Display for ActivityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunStarted { workflow } => write!(f, "a run of workflow `{workflow}` was started"),
            Self::StepStarted { step, position, attempt } => {
                write!(f, "step `{step}` @{position} started")?;
                if *attempt > 1 { write!(f, ", attempt {attempt}") } else { Ok(()) }
            }
            Self::AttemptFailed { step, position, attempt, message, .. } => {
                write!(f, "step `{step}` @{position} failed in attempt {attempt} and is tried again: {message}")
            }
            Self::StepCompleted { step, position, .. } => write!(f, "step `{step}` @{position} finished"),
            Self::StepFailed { step, position, message, .. } => {
                write!(f, "step `{step}` @{position} failed: {message}")
            }
            Self::Dropped { position } => write!(f, "the call @{position} was dropped"),
            Self::Waiting { for_what, .. } => write!(f, "waits for {for_what}"),
            Self::Came { what: Waited::Timer, .. } => f.write_str("a wait is over"),
            Self::Came { what: Waited::Run(status), .. } => write!(f, "a run that was started has ended: {status}"),
            Self::Came { what, .. } => write!(f, "{what} came"),
            Self::Expired { request } => write!(f, "the time for the answer to request {request} is over"),
            Self::Refused { position, message } => write!(f, "the call @{position} was refused: {message}"),
            Self::CancelRequested { reason } => write!(f, "was asked to stop: {reason}"),
            Self::Paused => f.write_str("paused"),
            Self::Resumed => f.write_str("resumed"),
            Self::RunEnded { status, message: None } => write!(f, "the run is {status}"),
            Self::RunEnded { status, message: Some(message) } => write!(f, "the run is {status}: {message}"),
        }
    }
}

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer => f.write_str("a timer"),
            Self::Event(name) => write!(f, "event `{name}`"),
            Self::Message(name) => write!(f, "message `{name}`"),
            Self::Answer(name) => write!(f, "the answer to `{name}`"),
            Self::AnswerTo(request) => write!(f, "the answer to request {request}"),
            Self::Run(name) => write!(f, "a run of `{name}`"),
        }
    }
}
