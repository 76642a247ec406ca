//! The places at which values stand: a secret is bound to its place, so that nobody can move it to another.

use crate::vault::{at, at_named};

/// A field of a context, by the name under which it is recorded.
pub(crate) fn at_field<R>(name: &str, code: impl FnOnce() -> R) -> R {
    at_named("field:", name, code)
}

/// The arguments of a step.
pub(crate) fn at_args<R>(step: &str, code: impl FnOnce() -> R) -> R {
    at_named("args:", step, code)
}

/// The result of a step, or its error.
pub(crate) fn at_result<R>(step: &str, code: impl FnOnce() -> R) -> R {
    at_named("result:", step, code)
}

/// The input of a workflow.
pub(crate) fn at_input<R>(code: impl FnOnce() -> R) -> R {
    at("input", code)
}

/// The result of a workflow, or its error.
pub(crate) fn at_output<R>(code: impl FnOnce() -> R) -> R {
    at("output", code)
}

/// A message, a question or an answer, by the name of its channel.
pub(crate) fn at_message<R>(channel: &str, code: impl FnOnce() -> R) -> R {
    at_named("message:", channel, code)
}

/// What a run shows to outsiders, by its channel.
pub(crate) fn at_channel<R>(channel: &str, code: impl FnOnce() -> R) -> R {
    at_named("shown:", channel, code)
}
