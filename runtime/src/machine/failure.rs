//! Recorded failures of steps, and the jitter of a backoff.

use crate::codec::JsonText;
use crate::error::{AttemptCause, Attempts, StepError};
use crate::value::{Encoding, Value};

/// Returns a number between 0 and 1 that is the same for the same attempt.
pub(super) fn jitter(execution: &[u8; 16], position: u64, attempt: u32) -> f64 {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"jitter");
    hash.update(execution);
    hash.update(position.to_le_bytes());
    hash.update(attempt.to_le_bytes());
    let bytes = hash.finalize();
    f64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX)
}

pub(super) fn step_error(cause: AttemptCause, error: Option<&Value>, message: String, attempts: Attempts) -> Value {
    let text =
        error.filter(|value| value.encoding == Encoding::Json).and_then(|value| JsonText::new(&value.bytes).ok());
    match (cause, text) {
        (AttemptCause::Failed, Some(error)) => failed(error, attempts),
        (AttemptCause::TimedOut, _) => encode(&StepError::TimedOut(attempts)),
        (AttemptCause::Panicked, _) => encode(&StepError::Panicked(message, attempts)),
        (AttemptCause::RolledBack, _) => encode(&StepError::RolledBack(message, attempts)),
        (AttemptCause::Refused, _) => encode(&StepError::Refused(message, attempts)),
        (AttemptCause::Unstorable | AttemptCause::Failed, _) => encode(&StepError::Unstorable(message, attempts)),
    }
}

/// Encodes a failure with a user's error, of which only the JSON text is known here.
fn failed(error: JsonText<'_>, attempts: Attempts) -> Value {
    let empty = encode(&StepError::Failed((), attempts));
    let (begin, null) = (br#"{"failed":["#.as_slice(), b"null".as_slice());
    let rest = empty.bytes.strip_prefix(begin).and_then(|text| text.strip_prefix(null));
    let rest = rest.expect("a variant of two is an array of two");
    Value::json([begin, error.get().as_bytes(), rest].concat())
}

pub(super) fn encode(error: &StepError<()>) -> Value {
    Value::json(serde_json::to_vec(error).expect("an error of strings is JSON"))
}
