//! Threads of the engine, and what it says if the system gives none.

use super::error::EngineError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use tokio::runtime::Handle;

/// A thread of the engine's own.
///
/// # Errors
/// The system gives none.
pub(super) fn own(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, EngineError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| none(&format!("the engine's thread `{name}` cannot be started: {error}")))
}

/// Work on a thread of the runtime that may block.
///
/// # Errors
/// The system gives none: tokio panics then.
pub(super) fn blocking<T: Send + 'static>(
    runtime: &Handle,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<tokio::task::JoinHandle<T>, EngineError> {
    catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(work)))
        .map_err(|_| none("the runtime cannot start a thread that may block"))
}

fn none(what: &str) -> EngineError {
    EngineError::Configuration(format!(
        "{what}. Let the process have more threads (`ulimit -u`, the limit of its container) or more memory"
    ))
}
