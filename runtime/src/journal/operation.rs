//! What a running workflow can ask for besides steps and timers.

use crate::fields::Fields;
use crate::record::RunScope;
use crate::value::Value;
use std::sync::Arc;

/// A call whose answer comes from outside of the run.
pub enum Operation {
    /// A message on a channel.
    Receive {
        /// The channel.
        channel: &'static str,
        /// Until when it is waited for, on the clock of [`Journal::elapsed`](super::Journal::elapsed).
        due: Option<i64>,
    },
    /// A message to another run.
    Send {
        /// The id of the other run.
        to: String,
        /// The channel.
        channel: &'static str,
        /// What is said, or why it cannot be stored.
        value: Result<Value, String>,
        /// Encodes what is recorded again with today's type.
        recode: fn(&Value) -> Option<Value>,
    },
    /// A question to whoever answers it.
    Request {
        /// The type of the question.
        name: &'static str,
        /// The type of the answer.
        answer: &'static str,
        /// The question, or why it cannot be stored.
        value: Result<Value, String>,
        /// Encodes what is recorded again with today's type.
        recode: fn(&Value) -> Option<Value>,
        /// Until when an answer is waited for, on the clock of [`Journal::elapsed`](super::Journal::elapsed).
        due: Option<i64>,
    },
    /// Another run.
    Child(Child),
    /// The answer to a request that an earlier incarnation of the run has asked.
    Answer {
        /// The request's id.
        id: String,
        /// The type of the answer.
        answer: &'static str,
    },
}

impl Operation {
    /// Until when its answer is waited for, on the clock of [`Journal::elapsed`](super::Journal::elapsed).
    pub(crate) const fn due(&self) -> Option<i64> {
        match self {
            Self::Receive { due, .. } | Self::Request { due, .. } => *due,
            Self::Send { .. } | Self::Child(_) | Self::Answer { .. } => None,
        }
    }
}

/// Encodes an input for a run, in whose place it is sealed.
type EncodeFor = dyn Fn(&Arc<Fields>) -> Result<Value, String> + Send + Sync;

/// A run that a workflow starts.
pub struct Child {
    /// The name of its workflow.
    pub workflow: &'static str,
    /// The version of its workflow.
    pub version: u32,
    /// Its id, if the workflow chose it.
    pub id: Option<String>,
    /// Its input as this run records it, or why it cannot be stored.
    pub input: Result<Value, String>,
    /// Encodes a recorded input again with today's type.
    pub recode: fn(&Value) -> Option<Value>,
    /// Encodes its input for the run that is started.
    pub(crate) encode: Box<EncodeFor>,
    /// Its deduplication key, if it has one.
    pub dedup: Option<String>,
    /// Whether neither cancellation nor deadline of this run reach it.
    pub detached: bool,
    /// Under what it acts.
    pub scope: RunScope,
}

/// The channel on which a graph gets what its steps send by hand.
pub const SENT: &str = "#sent";
