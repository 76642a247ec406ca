//! The engine: a client in the processes that only look and answer, otherwise one that does the work. Any of the latter may
//! claim a run that another one left, so each must know the workflow and the resources of its steps.

use crate::arguments::{Arguments, Task};
use crate::outbox::Outbox;
use crate::workflow::settle;
use std::time::Duration;
use steadfast::{Engine, Result};

/// The grace period for running steps at shutdown.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the engine for a subcommand. A person who looks or answers needs no workflow, and claims no run.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open(arguments: &Arguments) -> Result<Engine> {
    let engine = Engine::builder().sqlite(&arguments.database);
    let engine = match arguments.task {
        Task::List | Task::Answer { .. } | Task::History { .. } => engine.client(),
        Task::Start { .. } | Task::Work { .. } => {
            let mut path = arguments.database.as_os_str().to_owned();
            path.push("-outbox");
            let aloud = matches!(arguments.task, Task::Work { .. });
            let outbox = Outbox { path: path.into(), pause: arguments.pause, aloud };
            engine.workflow(settle).resource(outbox)
        }
    };
    Ok(engine.start().await?)
}

/// Shuts the engine down. Another process, or the next one, resumes its runs.
///
/// # Errors
/// The last writes could not be committed.
pub(crate) async fn close(engine: Engine) -> Result<()> {
    engine.shutdown(PATIENCE).await?;
    Ok(())
}
