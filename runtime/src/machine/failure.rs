//! How a step failed, as it is recorded; and the share of a wait that is drawn at random.

use crate::error::{AttemptCause, Attempts, StepError};
use crate::value::Value;
use serde_json::value::RawValue;

/// A number between 0 and 1 that is the same for the same attempt.
pub(super) fn jitter(incarnation: &[u8; 16], position: u64, attempt: u32) -> f64 {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"jitter");
    hash.update(incarnation);
    hash.update(position.to_le_bytes());
    hash.update(attempt.to_le_bytes());
    let bytes = hash.finalize();
    f64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX)
}

pub(super) fn step_error(cause: AttemptCause, error: Option<&Value>, message: String, attempts: Attempts) -> Value {
    let raw = error.and_then(|value| serde_json::from_slice::<Box<RawValue>>(&value.bytes).ok());
    match (cause, raw) {
        (AttemptCause::Failed, Some(error)) => encode(&StepError::Failed(error, attempts)),
        (AttemptCause::TimedOut, _) => encode(&StepError::TimedOut(attempts)),
        (AttemptCause::Panicked, _) => encode(&StepError::Panicked(message, attempts)),
        (AttemptCause::RolledBack, _) => encode(&StepError::RolledBack(message, attempts)),
        (AttemptCause::Unstorable | AttemptCause::Failed, _) => encode(&StepError::Unstorable(message, attempts)),
    }
}

pub(super) fn encode(error: &StepError<Box<RawValue>>) -> Value {
    Value::json(serde_json::to_vec(error).expect("an error of JSON and strings is JSON"))
}
