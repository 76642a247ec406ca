//! Threads of the engine, and the error if the system cannot start one.

use super::clock::AGAIN;
use super::error::EngineError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Starts a thread of the engine's own.
///
/// # Errors
/// The system cannot start a thread.
pub(super) fn own(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, EngineError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| none(&format!("the engine's thread `{name}` cannot be started: {error}")))
}

/// Runs work on a runtime thread that may block. The receiver fails if the runtime is shutting down or the work panics.
///
/// # Errors
/// The system cannot start a thread: tokio panics then.
pub(super) fn blocking<T: Send + 'static>(
    runtime: &Handle,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<oneshot::Receiver<T>, EngineError> {
    let (answer, answered) = oneshot::channel();
    spawn(
        runtime,
        Box::new(move || {
            // The receiver may have been dropped.
            let _ = answer.send(work());
        }),
    )?;
    Ok(answered)
}

// Boxed, because tokio's code for tasks is compiled again for each type of task.
fn spawn(runtime: &Handle, work: Box<dyn FnOnce() + Send>) -> Result<(), EngineError> {
    let spawned = catch_unwind(AssertUnwindSafe(|| drop(runtime.spawn_blocking(work))));
    spawned.map_err(|_| none("the runtime cannot start a thread that may block"))
}

/// Runs work like [`blocking`], but keeps it if the system cannot start a thread: it waits for one, and `blocked`
/// receives the reason.
///
/// # Errors
/// The runtime is shutting down, or the work panicked.
pub(super) async fn blocking_in_time<T: Send + 'static>(
    runtime: &Handle,
    blocked: impl Fn(Option<String>),
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    let work = Arc::new(Mutex::new(Some(work)));
    let mut waited = false;
    loop {
        let taking = work.clone();
        let run = move || {
            let work = taking.lock().unwrap_or_else(PoisonError::into_inner).take();
            work.map(|work| work())
        };
        match blocking(runtime, run) {
            Ok(task) => {
                if waited {
                    blocked(None);
                }
                return task.await.ok().flatten().ok_or(EngineError::ShuttingDown);
            }
            Err(error) => {
                waited = true;
                blocked(Some(error.to_string()));
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn none(what: &str) -> EngineError {
    EngineError::configuration(format!(
        "{what}. Let the process have more threads (`ulimit -u`, the limit of its container) or more memory"
    ))
}
