//! Sends heartbeats, and takes over leases of engines that stopped.

use super::core::{Core, DriverEvent};
use super::error::EngineError;
use super::lease::Takes;
use super::sharing::Sharing;
use super::side_files::Holder;
use super::suspects::SideFile;
use super::{claiming, inbox, queued_runs, recovery, tasks, threads};
use crate::inspect::heard::Heard;
use crate::store::{Lease, Rejected, RunQuery, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Starts the two lease threads. One sends heartbeats and never blocks. The other watches other engines and the inboxes
/// that they write to, and waits for the database.
///
/// # Errors
/// The system cannot start a thread.
pub(super) fn watch(core: &Arc<Core>) -> Result<(), EngineError> {
    let term = core.options.lease_term;
    let (beating, watching) = (Arc::downgrade(core), Arc::downgrade(core));
    threads::own("steadfast-lease", move || heartbeat(&beating, term))?;
    threads::own("steadfast-watch", move || Watch::new(term).run(&watching)).map(drop)
}

fn tick(term: Duration) -> Duration {
    (term / 20).clamp(Duration::from_millis(5), Duration::from_millis(100))
}

/// The interval at which a file is looked at in which other processes have just written, and for how long: the next
/// message or task is likely to come soon. Looking costs a few microseconds.
const SOON: Duration = Duration::from_millis(2);
const LIVELY: Duration = Duration::from_millis(250);

/// Submits heartbeats whenever the last ones are a fifth of the term old: commits carry them too, but an idle engine
/// has no commits.
fn heartbeat(core: &Weak<Core>, term: Duration) {
    let under_way = Arc::new(AtomicUsize::new(0));
    let mut last: Option<Instant> = None;
    loop {
        std::thread::sleep(tick(term));
        let Some(core) = core.upgrade() else { return };
        if core.leases.state().released {
            return;
        }
        let asked = Instant::now();
        let recent = last.is_some_and(|last| asked - last < term / 5);
        if recent || under_way.load(Ordering::SeqCst) > 0 {
            continue;
        }
        last = Some(asked);
        let leases = core.leases.all();
        under_way.store(leases.len(), Ordering::SeqCst);
        let beaten: Arc<Mutex<Vec<Lease>>> = Arc::default();
        for lease in leases {
            let (of, under_way, beaten) = (Arc::downgrade(&core), under_way.clone(), beaten.clone());
            core.committer.submit(Write::Heartbeat(lease), move |answer| {
                if let Some(core) = of.upgrade() {
                    match answer {
                        Ok(Ok(_)) => {
                            let mut beaten = beaten.lock().unwrap_or_else(PoisonError::into_inner);
                            beaten.push(lease);
                            core.leases.beaten(asked, &beaten);
                        }
                        Ok(Err(Rejected::Fenced)) => lose(&core, lease),
                        // The store does not work now; the margin shrinks until it does.
                        _ => {}
                    }
                }
                under_way.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }
}

/// The most leases that are closed at each look: each closing excludes all other writers for a moment.
const CLOSED: usize = 4;

struct Watch {
    term: Duration,
    /// How many leases were checked for closing so far: the next check begins after them.
    looked: usize,
    /// The heartbeats of others' leases.
    others: Heard,
    /// The side files of engines that lived at the last look, and when they were looked at.
    neighbors: (Vec<PathBuf>, Instant),
    foreign: u64,
    sharing: Sharing,
}

impl Watch {
    fn new(term: Duration) -> Self {
        let neighbors = (Vec::new(), Instant::now());
        Self { term, looked: 0, others: Heard::default(), neighbors, foreign: 0, sharing: Sharing::default() }
    }

    fn run(mut self, core: &Weak<Core>) {
        let mut look_at = Instant::now();
        let signal = core.upgrade().and_then(|core| core.store.change_signal());
        let mut signs = 0;
        let mut lively_until = look_at;
        loop {
            match &signal {
                Some(signal) => {
                    signal.wait(signs, tick(self.term));
                    signs = signal.count();
                }
                None if Instant::now() < lively_until => std::thread::sleep(SOON),
                None => std::thread::sleep(tick(self.term)),
            }
            let Some(core) = core.upgrade() else { return };
            if core.leases.state().released {
                return;
            }
            core.leases.recorder.tick();
            #[cfg(feature = "schedules")]
            super::firing::look_if_changed(&core);
            let now = Instant::now();
            if now >= look_at || self.a_neighbor_died(now) {
                look_at = now + self.term / 5;
                if !core.is_draining()
                    && let Err(error) = self.look_at_others(&core)
                {
                    tracing::warn!(%error, "the leases in the database cannot be looked after now");
                }
                if let Err(error) = queued_runs::expire(&core) {
                    tracing::warn!(%error, "runs that have waited too long in queues cannot be looked for now");
                }
                // A task that was returned or delayed becomes due without a commit.
                tasks::look(&core);
                core.tasks.forget_idle(core.options.evict_after);
            }
            if let Ok(changes) = core.store.foreign_changes()
                && changes != self.foreign
                && core.leases.all().iter().all(|lease| inbox::collect(&core, *lease))
            {
                self.foreign = changes;
                lively_until = Instant::now() + LIVELY;
                claiming::look(&core);
                #[cfg(feature = "schedules")]
                core.schedules.changed();
                tasks::look_at_all(&core);
            }
        }
    }

    /// Returns whether the lock of a side file is free that was held at the last look. No database is asked.
    fn a_neighbor_died(&mut self, now: Instant) -> bool {
        let (files, looked) = &mut self.neighbors;
        if now.saturating_duration_since(*looked) < tick(self.term) {
            return false;
        }
        *looked = now;
        files.iter().any(|file| !SideFile::is_locked(file))
    }

    /// Takes over the leases of engines that died, or whose heartbeat has not advanced for the term on our own clock.
    fn look_at_others(&mut self, core: &Arc<Core>) -> Result<(), EngineError> {
        core.leases.open_if_none(&*core.store)?;
        let rows = core.store.leases()?;
        self.others.keep(&rows);
        if core.store.shares_work() {
            self.sharing.look(core, &rows);
            // Other engines may have given us runs.
            recovery::schedule(core)?;
        }
        let mut taken = false;
        let is_taker = core.takes() != Takes::Nothing;
        self.neighbors.0.clear();
        // While our own heartbeats do not get through, the database is blocked for the others too: their counters do
        // not advance though they live.
        let held_up = core.leases.shown.borrow().elapsed() > self.term / 2;
        for row in rows {
            if core.leases.held(row.number).is_some() {
                self.others.forget(row.number);
                continue;
            }
            let stands_still = self.others.silence(&row, held_up) >= self.term;
            if !is_taker {
                continue;
            }
            let holder = core.leases.holder_of(&row);
            if let (Holder::Lives, Some(file)) = (&holder, core.leases.side_file_of(&row))
                && !self.neighbors.0.contains(&file)
            {
                self.neighbors.0.push(file);
            }
            let remains = match holder {
                Holder::Lives | Holder::Unknown if !stands_still => continue,
                // A living process hangs, and has not died.
                Holder::Lives | Holder::Ended => None,
                // A dead process cannot be distinguished from one that hangs.
                Holder::Unknown => Some(Arc::default()),
                Holder::Died(remains) => Some(remains),
            };
            if core.leases.take(&*core.store, &row)? {
                tracing::info!(lease = row.number, owner = %row.owner, "took over the runs of an engine that stopped");
                if let Some(remains) = remains {
                    core.suspects.inherit(row.number, remains);
                }
                core.runtime.spawn(recovery::take_over(core.clone(), row.number));
                taken = true;
            }
        }
        if taken {
            store_descriptions(core)?;
            core.leases.sweep(&*core.store)?;
        }
        self.close_some(core)
    }

    /// Closes leases that were taken over and own no run any more, a few at a time.
    fn close_some(&mut self, core: &Core) -> Result<(), EngineError> {
        // The first one is for new runs. The deaths of those that are inherited are not counted yet.
        let taken = core.leases.all().into_iter().skip(1).filter(|lease| !core.suspects.is_inherited(lease.number));
        let taken: Vec<_> = taken.collect();
        let some = taken.len().min(CLOSED);
        for lease in taken.iter().cycle().skip(self.looked % taken.len().max(1)).take(some) {
            let query = RunQuery { lease: Some(lease.number), limit: 1, ..RunQuery::default() };
            let page = core.store.runs(&query)?;
            if page.runs.is_empty() && page.damaged.is_empty() {
                core.leases.close(&*core.store, *lease)?;
            }
        }
        self.looked = self.looked.wrapping_add(some);
        Ok(())
    }
}

/// Says of the leases that were taken who holds them now.
fn store_descriptions(core: &Core) -> Result<(), EngineError> {
    core.store.commit(&core.leases.descriptions())?;
    Ok(())
}

/// Handles the loss of a lease: its runs are dropped and their bodies cancelled.
fn lose(core: &Arc<Core>, lease: Lease) {
    if core.leases.held(lease.number) != Some(lease) {
        // It was handed back, or lost before.
        return;
    }
    tracing::warn!(lease = lease.number, "another engine has taken over: this one was not heard of for too long");
    core.leases.forget(lease);
    tasks::lose(core, lease);
    core.send_to_all(|| DriverEvent::Recheck(lease.number));
    core.tell_waiters();
}
