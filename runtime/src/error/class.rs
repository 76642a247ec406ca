//! Classes of recorded failures: words of the engine, without a text of a user.

use super::{AttemptCause, AttemptFailure};

/// Every cause of a failure. A cause that is missing here counts as failed.
const CAUSES: [(AttemptCause, &str); 6] = [
    (AttemptCause::Failed, "failed"),
    (AttemptCause::TimedOut, "timed_out"),
    (AttemptCause::Panicked, "panicked"),
    (AttemptCause::Unstorable, "unstorable"),
    (AttemptCause::RolledBack, "rolled_back"),
    (AttemptCause::Refused, "refused"),
];

/// Returns the class of a recorded failure of an attempt.
pub(crate) fn class_of_attempt(failure: Option<&[u8]>) -> &'static str {
    let failure = failure.and_then(|bytes| serde_json::from_slice::<AttemptFailure>(bytes).ok());
    let cause = failure.map_or(AttemptCause::Failed, |failure| failure.cause);
    CAUSES.iter().find(|(known, _)| *known == cause).map_or("failed", |(_, word)| word)
}

/// Returns the class of the last failure of a step: the name of the recorded error's variant, before the error itself.
pub(crate) fn class_of_step(error: Option<&[u8]>) -> &'static str {
    let variant = error.and_then(|bytes| {
        let text = bytes.strip_prefix(br#"{""#)?;
        let end = text.iter().position(|byte| *byte == b'"')?;
        CAUSES.iter().find(|(_, word)| word.as_bytes() == &text[..end])
    });
    variant.map_or("failed", |(_, word)| word)
}
