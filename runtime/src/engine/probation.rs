//! Loads suspects group by group, and watches each group for a while.

use super::core::Core;
use super::suspects::{Group, Next, Record};
use crate::record::{ParkCause, ParkReason};
use crate::store::RunRow;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The interval at which a group is checked for runs that have made progress or were evicted.
const LOOK: Duration = Duration::from_millis(50);
/// The number of runs replayed at a time.
const AT_ONCE: usize = 8;

/// Loads the suspects that are held back until none are left or the engine stops.
pub(super) async fn look_after(core: Arc<Core>) {
    loop {
        match core.suspects.next(Instant::now()) {
            Next::Nothing => return,
            Next::Wait(wait) => {
                if !core.pause(wait).await {
                    return;
                }
            }
            Next::Load(group, window) => {
                if !probation(&core, &group, window).await {
                    return;
                }
            }
        }
    }
}

/// Runs the probation of one group; `false` if the engine stops meanwhile.
async fn probation(core: &Arc<Core>, group: &Group, window: Duration) -> bool {
    tracing::info!(
        runs = group.runs.len(),
        "runs that were at work when processes died are loaded, and watched for a while"
    );
    core.suspects.admit(group);
    let loads = stream::iter(group.runs.iter().copied()).map(|run| async move { core.load_and_wait(run).await });
    loads.buffer_unordered(AT_ONCE).collect::<()>().await;
    let until = Instant::now() + window;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let is_over =
            left.is_zero() || group.runs.iter().all(|run| core.suspects.is_acquitted(*run) || !core.is_active(*run));
        if is_over {
            core.suspects.clear(group);
            return true;
        }
        if !core.pause(left.min(LOOK)).await {
            return false;
        }
    }
}

/// Returns the reason for parking a run that ends its process.
pub(super) fn ends_the_process(row: &RunRow, record: Record) -> ParkReason {
    let message = format!(
        "run `{}` ends its process: {} processes died while it was at work without making progress, the last ones while \
         its code ran and it was on probation alone. Fix it and revive the run",
        row.id,
        record.deaths()
    );
    ParkReason::new(ParkCause::TooManyLoads, message)
}
