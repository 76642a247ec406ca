//! Wakes the callers that wait here for what other engines do: by their notifications, and by one look for all callers.

use super::core::Core;
use super::observers::Far;
use crate::store::{ChangeSignal, Shown};
use futures_util::future::{Either, pending, select};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The wait before the first look after a caller has come: the others do not know of it yet. It doubles with each look.
const FIRST: Duration = Duration::from_millis(50);
/// The longest wait, with notifications and without.
const LONGEST: Duration = Duration::from_secs(1);
const WITHOUT: Duration = Duration::from_millis(200);

/// Looks after a caller that has registered its wait for the end of a run of another engine, or of none.
pub(super) fn look_after(core: &Arc<Core>, run: i64) {
    core.waits_far(run);
    core.far.changed.notify_one();
    begin(core);
}

/// Looks after observers of runs of other engines. Returns whether these notify us, so that they may look rarely.
pub(super) fn observe(core: &Arc<Core>) -> bool {
    begin(core);
    core.store.expects_news()
}

fn begin(core: &Arc<Core>) {
    if !core.far.is_watched.swap(true, Ordering::SeqCst) {
        core.runtime.spawn(watch(Arc::downgrade(core), core.far.clone(), core.store.change_signal()));
    }
}

/// Looks until nobody waits. Keeps no engine alive meanwhile.
async fn watch(core: Weak<Core>, far: Arc<Far>, signal: Option<Arc<ChangeSignal>>) {
    let (mut wait, mut next) = (FIRST, Instant::now() + FIRST);
    loop {
        let shown = async {
            match &signal {
                Some(signal) => signal.shown().await,
                None => pending().await,
            }
        };
        let (shown, changed) = (pin!(shown), pin!(far.changed.notified()));
        let woken = timeout_at(next, select(shown, changed)).await;
        let Some(core) = core.upgrade() else { return };
        match woken {
            Ok(Either::Left((Shown::Runs(runs), _))) => {
                for run in runs {
                    core.tell_waiters_of(run);
                    core.observers.notify(run);
                }
                continue;
            }
            Ok(Either::Right(_)) => {
                wait = FIRST;
                next = next.min(Instant::now() + FIRST);
                continue;
            }
            Ok(Either::Left((Shown::All, _))) => core.observers.notify_all(),
            Err(_) => {}
        }
        let runs = core.far_waits();
        if (runs.is_empty() && !core.observers.is_there()) || core.is_draining() {
            far.is_watched.store(false, Ordering::SeqCst);
            for run in runs {
                core.tell_waiters_of(run);
            }
            // Another caller or observer may have come before the flag was cleared.
            let is_alone = || core.far_waits().is_empty() && !core.observers.is_there();
            if core.is_draining() || is_alone() || far.is_watched.swap(true, Ordering::SeqCst) {
                return;
            }
            continue;
        }
        let notified = core.store.expects_news();
        if !runs.is_empty() {
            let asked = runs.clone();
            // After a failure each caller looks by itself, and gets the reason.
            let waiting = core.ask(move |store| store.still_waiting(&asked)).await.unwrap_or_default();
            let waiting: BTreeSet<i64> = waiting.into_iter().collect();
            runs.into_iter().filter(|run| !waiting.contains(run)).for_each(|run| core.tell_waiters_of(run));
        }
        wait = (wait * 2).min(if notified { LONGEST } else { WITHOUT });
        next = Instant::now() + wait;
    }
}
