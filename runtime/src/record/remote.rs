//! The inbox items of an attempt that runs in another process: its writes, and its end.

use super::{AttemptOutcome, StepWrite, Written};
use crate::error::AttemptCause;
use crate::value::{Encoding, Value};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How an attempt ended. Its text is the name of the inbox item; a result or an error is the item's value.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RemoteEnd {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// `None` if the engine that ran it is gone, and the attempt with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// The engine that ran it stopped in order.
    Stopped,
    Completed,
    /// The result is in a field store.
    Stored {
        pointer: String,
    },
    Failed {
        cause: AttemptCause,
        message: String,
        terminal: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<Duration>,
    },
}

impl RemoteEnd {
    /// Returns the text of an attempt without an outcome.
    pub(crate) fn lost(attempt: u32) -> String {
        text(&Self { attempt, end: None })
    }

    /// Returns the text of an attempt that its engine did not end, because it stopped.
    pub(crate) fn stopped(attempt: u32) -> String {
        text(&Self { attempt, end: Some(End::Stopped) })
    }

    /// Returns the text and the value of an outcome.
    pub(crate) fn of(attempt: u32, outcome: AttemptOutcome) -> (String, Option<Value>) {
        let (end, value) = match outcome {
            AttemptOutcome::Completed(value) => (End::Completed, Some(value)),
            AttemptOutcome::Stored { pointer, .. } => {
                (End::Stored { pointer: String::from_utf8_lossy(&pointer.bytes).into_owned() }, None)
            }
            AttemptOutcome::Failed { cause, error, message, terminal, retry_after } => {
                (End::Failed { cause, message, terminal, retry_after }, error)
            }
        };
        (text(&Self { attempt, end: Some(end) }), value)
    }

    /// Reads the text of an item.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Returns the pointer to the result, if that is in a field store.
    pub(crate) fn pointer(&self) -> Option<Value> {
        match &self.end {
            Some(End::Stored { pointer }) => Some(pointer_of(pointer)),
            Some(End::Stopped | End::Completed | End::Failed { .. }) | None => None,
        }
    }

    /// Returns the end of the attempt, with the value of the item or with the result that was loaded.
    ///
    /// # Errors
    /// The result is missing.
    pub(crate) fn outcome(self, value: Option<Value>) -> Result<AttemptEnd, NoResult> {
        let Some(end) = self.end else { return Ok(AttemptEnd::Lost) };
        Ok(AttemptEnd::Outcome(match (end, value) {
            (End::Stopped, _) => return Ok(AttemptEnd::Stopped),
            (End::Failed { cause, message, terminal, retry_after }, error) => {
                AttemptOutcome::Failed { cause, error, message, terminal, retry_after }
            }
            (End::Completed, Some(value)) => AttemptOutcome::Completed(value),
            (End::Stored { pointer }, Some(value)) => AttemptOutcome::Stored { value, pointer: pointer_of(&pointer) },
            (End::Completed, None) => return Err(NoResult::InItem),
            (End::Stored { .. }, None) => return Err(NoResult::InStore),
        }))
    }
}

/// The end of an attempt that ran in another process.
#[derive(Debug)]
pub(crate) enum AttemptEnd {
    Outcome(AttemptOutcome),
    /// The engine that ran it stopped in order.
    Stopped,
    /// The engine that ran it is gone.
    Lost,
}

/// Where the result of an attempt is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoResult {
    InItem,
    InStore,
}

fn pointer_of(text: &str) -> Value {
    Value { encoding: Encoding::Stored, bytes: text.as_bytes().to_vec().into() }
}

/// A write of an attempt before its end. Its text is the name of the inbox item, what it writes is the item's value.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RemoteWrite {
    attempt: u32,
    key: String,
    stream: String,
}

impl RemoteWrite {
    /// Returns the text and the value of the item; `None` for a write that no remote step makes.
    pub(crate) fn of(write: StepWrite) -> Option<(String, Value)> {
        let StepWrite { attempt, key, what: Written::Item { stream }, value, .. } = write else { return None };
        Some((text(&Self { attempt, key, stream }), value))
    }

    /// Returns the write of an item for the call at a command index.
    pub(crate) fn read(text: &str, position: u64, value: Value) -> Option<StepWrite> {
        let Self { attempt, key, stream } = serde_json::from_str(text).ok()?;
        Some(StepWrite { position, attempt, key, what: Written::Item { stream }, value })
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and texts are JSON")
}
