//! The engine, configured alike in every process: any of them may claim a run that another one left, so each must know
//! the workflow and the resources of its steps.

use crate::arguments::Arguments;
use crate::outbox::Outbox;
use crate::workflow::settle;
use std::time::Duration;
use steadfast::{Engine, Result};

/// The grace period for running steps at shutdown.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the engine.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open(arguments: &Arguments, aloud: bool) -> Result<Engine> {
    let mut path = arguments.database.as_os_str().to_owned();
    path.push("-outbox");
    let outbox = Outbox { path: path.into(), pause: arguments.pause, aloud };
    let engine = Engine::builder().sqlite(&arguments.database).workflow(settle).resource(outbox);
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
