//! What a run holds, whatever is done to it: deleted, moved, repeated, told to end, gone on with.

mod cancelled;
mod deleted;
mod goes_on;
mod late;
mod links;
mod moved;
mod repeated;
mod requests;
mod rewound;

use std::time::Duration;
use steadfast::Status;
use steadfast::prelude::*;

/// Longer than anything here takes: what does not come by then does not come.
const LONG: Duration = Duration::from_secs(20);

/// Waits for something that must come.
async fn soon<T>(what: &str, waited_for: impl Future<Output = T>) -> T {
    let came = tokio::time::timeout(LONG, waited_for).await;
    came.unwrap_or_else(|_| panic!("{what} did not come within {LONG:?}"))
}

/// Waits until the run of this id has this status.
async fn is(engine: &Engine, id: &str, status: Status) {
    let reached = async {
        loop {
            if let Ok(run) = engine.run(id).await
                && run.status().await.is_ok_and(|info| info.status == status)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(&format!("run `{id}` being {status}"), reached).await;
}
