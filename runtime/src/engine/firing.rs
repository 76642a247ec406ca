//! Fires schedules that are due, as any engine does that has their workflows: whichever decides a time first has it.

mod decision;

pub(super) use decision::{Fault, Manual, composed, fire_manually};

use super::core::Core;
use super::timers::Sleeper;
use crate::store::{ScheduleRow, Store, StoreError};
use decision::Decided;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most schedules that are fired at once.
const PAGE: usize = 1_000;

/// The most schedules that a look leaves out; a query names each of them.
const LEFT_OUT: usize = 10_000;

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
    if core.options.is_client || core.is_draining() || core.workflows.is_empty() || !core.schedules.looking.begins() {
        return;
    }
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        core.schedules.looking.run(|| fire_and_wait(&core)).await;
        drop(busy);
    });
}

/// Fires what is due, and sets the timer for the next look.
async fn fire_and_wait(core: &Arc<Core>) {
    let mut look = Look::default();
    let wait = look.fire_all(core).await;
    if look.was_read {
        core.schedules.keep_reports(&look.left_out);
    }
    let due = wait.map(|wait| core.clock.elapsed().saturating_add(wait));
    core.timers.set(Sleeper::Schedules, due);
}

/// One look for schedules that are due.
#[derive(Default)]
struct Look {
    /// Those that this engine cannot fire, so that they hold up no others. The next look tries them once more.
    left_out: Arc<BTreeSet<String>>,
    /// Those that had changed when they were to be decided, with the revisions of the plans.
    overtaken: BTreeSet<(String, i64)>,
    was_read: bool,
}

impl Look {
    /// Returns the time until the next look, in milliseconds.
    async fn fire_all(&mut self, core: &Arc<Core>) -> Option<i64> {
        let served = Arc::new(core.workflows.served());
        while !core.is_draining() {
            let (of, except) = (served.clone(), self.left_out.clone());
            let next = match core.read(move |store| store.next_schedule(&of, &except)).await {
                Ok(next) => next,
                Err(error) => {
                    core.schedules.fail(&error);
                    return Some(AGAIN);
                }
            };
            let freed = core.schedules.take_freed();
            let now = next.filter(|_| !core.clock.skips()).map_or_else(|| core.now(), |next| next.now);
            if next.is_none_or(|next| next.due > now) && freed.is_empty() {
                self.was_read = true;
                core.schedules.work();
                let wait = next?.due - now;
                return Some(if core.clock.skips() { wait } else { wait.min(LONGEST) });
            }
            let (of, except, asked) = (served.clone(), self.left_out.clone(), freed.clone());
            let rows = match core.read(move |store| due_or_freed(store, &of, &except, now, asked)).await {
                Ok(rows) => rows,
                Err(error) => {
                    core.schedules.give_back(freed);
                    core.schedules.fail(&error);
                    return Some(AGAIN);
                }
            };
            if !self.decide_all(core, rows, now, &freed).await {
                return Some(AGAIN);
            }
        }
        None
    }

    /// Decides what is due of some schedules. Returns whether that has changed what is due.
    async fn decide_all(
        &mut self,
        core: &Arc<Core>,
        rows: Vec<ScheduleRow>,
        now: i64,
        freed: &BTreeSet<String>,
    ) -> bool {
        let planned: Vec<_> = rows.iter().map(|row| (row.name.clone(), row.revision)).collect();
        // What there is no room for is left to all engines.
        let room = core.options.max_claimed.saturating_sub(core.active_count());
        let rows = rows.into_iter().enumerate();
        let decided = join_all(rows.map(|(place, row)| decision::decide(core, row, now, place < room))).await;
        let mut has_changed = planned.is_empty();
        for ((name, revision), decided) in planned.into_iter().zip(decided) {
            has_changed |= match decided {
                Decided::Done => true,
                // Rejected twice on one revision: it is the lease of this engine that was lost.
                Decided::Overtaken => self.overtaken.insert((name, revision)),
                Decided::LeftOut => {
                    let left_out = Arc::make_mut(&mut self.left_out);
                    left_out.len() < LEFT_OUT && left_out.insert(name)
                }
                Decided::Failed => {
                    // Its time still waits for no run.
                    if freed.contains(&name) {
                        core.schedules.give_back(BTreeSet::from([name]));
                    }
                    false
                }
            };
        }
        has_changed
    }
}

fn due_or_freed(
    store: &dyn Store,
    served: &[(String, u32)],
    except: &BTreeSet<String>,
    now: i64,
    mut freed: BTreeSet<String>,
) -> Result<Vec<ScheduleRow>, StoreError> {
    let mut rows = store.due_schedules(Some(served), except, now, PAGE)?;
    for row in &rows {
        freed.remove(&row.name);
    }
    for name in freed {
        rows.extend(store.schedule(&name)?.filter(|row| row.state.paused.is_none()));
    }
    Ok(rows)
}
