//! The engine, the same in every process: whoever starts one takes up what a dead one has left, so each must know the
//! workflow and what its steps need.

use crate::arguments::Arguments;
use crate::outbox::Outbox;
use crate::workflow::settle;
use std::time::Duration;
use steadfast::{Engine, Result};

/// How long steps that are under way may take to end when a process is done.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts it.
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

/// Ends it in order: whoever works, or works next, goes on.
///
/// # Errors
/// The database did not take the last writes.
pub(crate) async fn close(engine: Engine) -> Result<()> {
    engine.shutdown(PATIENCE).await?;
    Ok(())
}
