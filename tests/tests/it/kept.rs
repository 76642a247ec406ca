//! The belongings of a run that is deleted, moved, repeated, cancelled or continued.

mod cancelled;
mod deleted;
mod goes_on;
mod late;
mod links;
mod moved;
mod repeated;
mod requests;
mod rewound;

use limits::soon;
use std::time::Duration;
use steadfast::Status;
use steadfast::prelude::*;

/// The time limit of every wait in these tests.
const LONG: Duration = Duration::from_secs(20);

/// Waits until the run of this id has this status.
async fn is(engine: &Engine, id: &str, status: Status) {
    let is_so = async || match engine.run(id).await {
        Ok(run) => run.status().await.is_ok_and(|info| info.status == status),
        Err(_) => false,
    };
    soon(format!("run `{id}` being {status}"), limits::until(is_so)).await;
}
