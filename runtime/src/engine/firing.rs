//! Fires schedules that are due, as any engine does that has their workflows: whichever decides a time first has it.

mod decision;

pub(super) use decision::{Manual, composed, fire_manually};

use super::core::Core;
use super::timers::Sleeper;
use crate::store::ScheduleRow;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The most schedules that are fired at once.
const PAGE: usize = 1_000;

/// The longest wait for the next one: the clock of the database may be set meanwhile.
const LONGEST: i64 = 60_000;

/// The wait before a look that has failed is repeated, in milliseconds.
const AGAIN: i64 = 1_000;

/// Looks for schedules if other engines may have created some.
pub(super) fn look_if_changed(core: &Arc<Core>) {
    if !core.clock.skips() && core.schedules.is_to_look() {
        look(core);
    }
}

/// Looks for schedules that are due, unless that is under way: then it looks once more. Does not wait.
pub(super) fn look(core: &Arc<Core>) {
    let schedules = &core.schedules;
    if core.options.is_client || core.is_draining() || core.workflows.is_empty() {
        return;
    }
    schedules.again.store(true, Ordering::SeqCst);
    if schedules.looking.swap(true, Ordering::SeqCst) {
        return;
    }
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let schedules = &core.schedules;
        loop {
            while schedules.again.swap(false, Ordering::SeqCst) {
                let wait = fire_all(&core).await;
                let due = wait.map(|wait| core.clock.elapsed().saturating_add(wait));
                core.timers.set(Sleeper::Schedules, due);
            }
            schedules.looking.store(false, Ordering::SeqCst);
            // A call between the two lines above has only set the flag, because a look was under way.
            if !schedules.again.load(Ordering::SeqCst) || schedules.looking.swap(true, Ordering::SeqCst) {
                break;
            }
        }
        drop(busy);
    });
}

/// Fires what is due. Returns the time until the next one is due, in milliseconds.
async fn fire_all(core: &Arc<Core>) -> Option<i64> {
    let served = Arc::new(core.workflows.served());
    while !core.is_draining() {
        let freed = core.schedules.take_freed();
        let of = served.clone();
        let Ok(next) = core.read(move |store| store.next_schedule(&of)).await else { return Some(AGAIN) };
        let now = next.filter(|_| !core.clock.skips()).map_or_else(|| core.now(), |next| next.now);
        if next.is_none_or(|next| next.due > now) && freed.is_empty() {
            let wait = next?.due - now;
            return Some(if core.clock.skips() { wait } else { wait.min(LONGEST) });
        }
        let of = served.clone();
        let Ok(rows) = core.read(move |store| due_or_freed(store, &of, now, freed)).await else { return Some(AGAIN) };
        // What there is no room for is left to all engines.
        let room = core.options.max_claimed.saturating_sub(core.active_count());
        let rows = rows.into_iter().enumerate();
        let decided = join_all(rows.map(|(place, row)| decision::decide(core, row, now, place < room))).await;
        if decided.iter().all(|decided| *decided == decision::Decided::Nothing) {
            return Some(AGAIN);
        }
    }
    None
}

fn due_or_freed(
    store: &dyn crate::store::Store,
    served: &[(String, u32)],
    now: i64,
    mut freed: BTreeSet<String>,
) -> Result<Vec<ScheduleRow>, crate::store::StoreError> {
    let mut rows = store.due_schedules(Some(served), now, PAGE)?;
    for row in &rows {
        freed.remove(&row.name);
    }
    for name in freed {
        rows.extend(store.schedule(&name)?.filter(|row| row.state.paused.is_none()));
    }
    Ok(rows)
}
