//! Loads suspects group by group, and watches each for a while.

use super::core::Core;
use super::suspects::{Group, Next};
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked whether all of a group have made progress or left.
const LOOK: Duration = Duration::from_millis(50);
/// How many are replayed at a time.
const AT_ONCE: usize = 8;

/// Loads the suspects that are held back until there are none, or the engine stops.
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

/// One group; `false` if the engine stops meanwhile.
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
