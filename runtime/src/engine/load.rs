//! Activates a run: counts the load, replays the history, and drives the run until it is evicted.

use super::admission::PATIENCE;
use super::claiming;
use super::core::{Core, Mailbox, Outcome, Work};
use super::driver::{Driver, DriverExit};
use super::driving::{self, Driving};
use super::lease::Takes;
use super::loaded::{foreign, with_stubs};
use super::parking::{self, append, blocking, park_by_number};
use super::probation;
use super::queued_runs::{self, Admitted};
use super::rebuild::rebuild;
use super::suspects::{Record, Watch, watched};
use super::timers::Busy;
use super::workflows;
use super::{fields, trace};
use super::{recovery, tasks};
use crate::journal::AnyWorkflow;
use crate::machine::{Machine, Rebuild};
use crate::metrics;
use crate::panics::{self, caught_future};
use crate::record::{ParkCause, ParkReason};
use crate::store::{Change, EntryRow, FieldRow, Lease, RunKey, RunRow, Status, StoreError, StoreErrorKind, successor};
use futures_util::FutureExt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tracing::Instrument;

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The functions that the lower parts of an engine call; schedules are looked for by parts above this one.
pub(super) const WORK: Work = Work {
    load,
    load_and_wait: |core, number| {
        let core = core.clone();
        Box::pin(async move { load_and_wait(&core, number).await })
    },
    catch_up: recovery::catch_up,
    look_for_tasks: tasks::look,
    look_for_runs: claiming::look,
    look_for_cancelled_tasks: tasks::look_at_all,
    #[cfg(feature = "schedules")]
    look_for_schedules: |_| {},
};

/// Activates a run of ours; `false` if it is active, perhaps about to be evicted.
fn load(core: &Arc<Core>, number: i64) -> bool {
    let Some(mail) = core.enter(number) else { return false };
    spawn(core, number, |driving, busy| supervise(core.clone(), number, mail, None, driving, busy));
    true
}

/// Drives a run that was just started from its first entry, which is durable.
pub(super) fn drive_new(
    core: &Arc<Core>,
    number: i64,
    mail: Mailbox,
    mut run: Box<Machine>,
    workflow: Arc<dyn AnyWorkflow>,
    entries: Vec<EntryRow>,
) {
    let all = core.clone();
    core.trials.mark(number);
    spawn(core, number, |driving, busy| async move {
        run.start(&*workflow, &entries);
        drop(workflow);
        supervise(all, number, mail, Some(run), driving, busy).await;
    });
}

/// Spawns a driver. A panic in a user's `Deserialize` or `Drop` parks the run: otherwise it would stay registered as
/// active without a driver. A clock that skips sleeps stops until the driver has begun.
fn spawn<F>(core: &Arc<Core>, number: i64, drive: impl FnOnce(Weak<Driving>, Option<Busy>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let all = core.clone();
    let driven = driving::driven(|driving| {
        let drive = caught_future(drive(driving, all.busy()).boxed());
        Box::pin(async move {
            if let Err(panic) = drive.await {
                let message = format!("driving run number {number} panicked: {panic}");
                tracing::error!(run = number, message, "the run is parked");
                park_by_number(&all, number, &ParkReason::new(ParkCause::Panicked, message)).await;
                leave(&all, number, &Outcome::Evicted);
            }
        })
    });
    core.runtime.spawn(driven);
}

/// Activates a run and waits, for a limited time, until it has been replayed, driven or refused: a run that is blocked,
/// for example by a field store that hangs, must not block those behind it.
async fn load_and_wait(core: &Arc<Core>, number: i64) {
    let loading = core.clone();
    let loaded = core.runtime.spawn(async move { load_here(&loading, number).await });
    // After the timeout the load continues in its task.
    let _ = tokio::time::timeout(PATIENCE, loaded).await;
}

async fn load_here(core: &Arc<Core>, number: i64) {
    if let Some(mut mail) = core.enter(number) {
        let run = bring(core, number, &mut mail).await;
        if let Some(run) = run {
            spawn(core, number, |driving, busy| supervise(core.clone(), number, mail, Some(run), driving, busy));
        }
    }
}

/// Drives a run until it is evicted, reloading it after lost or failed appends; while the store does not work, the run
/// is blocked.
async fn supervise(
    core: Arc<Core>,
    number: i64,
    mut mail: Mailbox,
    mut first: Option<Box<Machine>>,
    driving: Weak<Driving>,
    mut busy: Option<Busy>,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let run = match first.take() {
            Some(run) => run,
            // In a box of its own, so that the future of a run that was just started does not contain the state of a
            // load.
            None => match core.places.admit(bring(&core, number, &mut mail).boxed()).await {
                Some(run) => run,
                None => return,
            },
        };
        let tail = run.tail();
        let id = run.identity().id.clone();
        let began = Instant::now();
        let span = trace::run(&run);
        let driver = Driver::new(core.clone(), number, run, &mut mail, driving.clone());
        let drive = driver.drive(busy.take()).instrument(span);
        match watched(core.suspects.watch(number), drive).await {
            DriverExit::Done(outcome) => {
                leave(&core, number, &outcome);
                if let Outcome::Ended(Status::Replaced, _) = outcome {
                    go_on(&core, number).await;
                }
                return;
            }
            DriverExit::Gone => return,
            // The row shows whether the run belongs to another engine now.
            DriverExit::Lost => {
                tracing::warn!(run = %id, after = tail, "an append was rejected; the run is looked at again");
            }
            DriverExit::Unwritten(error) if error.kind == StoreErrorKind::Closed => {
                return core.leave(number, &Outcome::Evicted);
            }
            DriverExit::Unwritten(error) if error.kind == StoreErrorKind::Refused => {
                let message = format!("the database refuses what run `{id}` has to record: {error}");
                park_by_number(&core, number, &ParkReason::new(ParkCause::Unstorable, message)).await;
                return leave(&core, number, &Outcome::Evicted);
            }
            DriverExit::Unwritten(error) => {
                tracing::warn!(run = %id, after = tail, %error, "the run stands still: its journal could not be written");
                // The store worked for a while: the backoff starts anew.
                if began.elapsed() > LONGEST_WAIT {
                    wait = FIRST_WAIT;
                }
                if !core.pause(wait).await {
                    return core.leave(number, &Outcome::Evicted);
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        // Events for the last driver are not for the next one.
        mail = core.renew(number);
    }
}

/// Evicts a run, and frees the room that it has in a queue.
fn leave(core: &Arc<Core>, number: i64, outcome: &Outcome) {
    queued_runs::left(core, number, matches!(outcome, Outcome::Ended(..)), || {
        core.leave(number, outcome);
        true
    });
}

/// Drives the successor of a run.
async fn go_on(core: &Arc<Core>, number: i64) {
    loop {
        let next = blocking(core, move |store| match store.run(RunKey::Number(number))? {
            Some(row) => successor(store, &row),
            None => Ok(None),
        });
        match next.await {
            Ok(next) => {
                if let Some(next) = next {
                    load(core, next.number);
                }
                return;
            }
            Err(error) if matches!(error.kind, StoreErrorKind::Closed | StoreErrorKind::Damaged) => return,
            Err(_) if core.pause(FIRST_WAIT).await => {}
            Err(_) => return,
        }
    }
}

/// Loads a run, retrying while the store does not work. `None` if there is nothing to drive; the run is then evicted.
async fn bring(core: &Arc<Core>, number: i64, mail: &mut Mailbox) -> Option<Box<Machine>> {
    let mut wait = FIRST_WAIT;
    loop {
        match try_bring(core, number, mail).await {
            Ok(Brought::Machine(run)) => return Some(run),
            // What was sent meanwhile may be about a change after the row was read.
            Ok(Brought::Nothing) if queued_runs::left(core, number, false, || core.leave_unless_sent(number, mail)) => {
                return None;
            }
            // A claim since then has given it room.
            Ok(Brought::Waits) if core.leave_unless_sent(number, mail) => return None,
            Ok(Brought::Held) => break,
            Ok(Brought::Nothing | Brought::Waits | Brought::Moved) => {}
            Err(error) if error.kind == StoreErrorKind::Closed => break,
            Err(error) => {
                tracing::warn!(run = number, %error, "the run cannot be loaded yet");
                if !core.pause(wait).await {
                    break;
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        *mail = core.renew(number);
    }
    core.leave(number, &Outcome::Evicted);
    None
}

/// The outcome of one try to load a run.
enum Brought {
    Machine(Box<Machine>),
    /// The run is not ours to drive: it has ended, is parked, or belongs to another engine.
    Nothing,
    /// It waits for room in its queue.
    Waits,
    /// It is loaded later, apart from the others.
    Held,
    /// The run has advanced meanwhile: read it again.
    Moved,
}

/// Tries once to load a run.
async fn try_bring(core: &Arc<Core>, number: i64, mail: &mut Mailbox) -> Result<Brought, StoreError> {
    let row = blocking(core, move |store| store.run(RunKey::Number(number))).await?;
    let Some(mut row) = row else { return Ok(Brought::Nothing) };
    if row.status == Status::Queued {
        core.look_for_tasks();
    } else if row.lease.is_none() && !row.status.is_final() {
        // It was set free by a commit whose answer was lost.
        core.look_for_runs();
    }
    let Some(lease) = core.lease(row.lease) else { return Ok(Brought::Nothing) };
    if row.status.is_final() || row.status == Status::Deleting {
        return Ok(Brought::Nothing);
    }
    let is_to_stop = match queued_runs::admit(core, &row, lease).await? {
        Admitted::Yes => false,
        Admitted::ToStop => true,
        Admitted::Waits => return Ok(Brought::Waits),
        Admitted::Moved => return Ok(Brought::Moved),
    };
    if let Some(after) = core.suspects.count(lease.number, number, Record::of(row.loads)) {
        let change = Change { loads: Some(after.loads()), ..Change::default() };
        if !append(core, &row, lease, change).await? {
            return Ok(Brought::Moved);
        }
        row.loads = after.loads();
    }
    core.suspects.counted(lease.number, number);
    core.trials.mark(number);
    let record = Record::of(row.loads);
    if record.is_found() {
        return park(core, &row, lease, probation::ends_the_process(&row, record)).await;
    }
    if !core.suspects.admits(number, record) {
        if core.suspects.hold(number, &row.id, record) {
            core.runtime.spawn(probation::look_after(core.clone()));
        }
        return Ok(Brought::Held);
    }
    let Some(workflow) = core.workflows.get(&row.workflow, row.version).cloned() else {
        if core.takes() != Takes::All {
            // It came with the lease of an engine that had the workflow: another one may have it.
            let release = Change { release: true, ..Change::default() };
            return Ok(if append(core, &row, lease, release).await? { Brought::Nothing } else { Brought::Moved });
        }
        return park(core, &row, lease, workflows::unknown_workflow(&row, &core.workflows)).await;
    };
    let run = rebuilt(core, &row, lease, mail, workflow).await?;
    brought(core, &row, lease, run, is_to_stop).await
}

/// Returns what is to be done with a run that was rebuilt, or could not be.
async fn brought(
    core: &Arc<Core>,
    row: &RunRow,
    lease: Lease,
    run: Result<Box<Machine>, Rebuild>,
    is_to_stop: bool,
) -> Result<Brought, StoreError> {
    match run {
        // Its time limit was prolonged, or it was resumed meanwhile.
        Ok(run) if is_to_stop && !run.stops() => {
            Ok(match queued_runs::wait(core, row.number, lease, run.deadline()).await? {
                Admitted::Waits => Brought::Waits,
                Admitted::Yes | Admitted::ToStop => Brought::Machine(run),
                Admitted::Moved => Brought::Moved,
            })
        }
        Ok(run) => {
            if let Some(reason) = run.parked() {
                tracing::warn!(run = %row.id, workflow = %row.workflow, %reason, "the run is parked");
            }
            Ok(Brought::Machine(run))
        }
        // A retry would not fix the row.
        Err(Rebuild::Store(error)) if matches!(error.kind, StoreErrorKind::Damaged | StoreErrorKind::Newer) => {
            let message = format!("the history of run `{}` cannot be read: {error}", row.id);
            park(core, row, lease, ParkReason::new(ParkCause::Damaged, message)).await
        }
        Err(Rebuild::Store(error)) => Err(error),
        Err(Rebuild::Park(reason)) => park(core, row, lease, reason).await,
    }
}

/// Rebuilds the run from its history, on a thread that may block.
async fn rebuilt(
    core: &Arc<Core>,
    row: &RunRow,
    lease: Lease,
    mail: &Mailbox,
    workflow: Arc<dyn AnyWorkflow>,
) -> Result<Result<Box<Machine>, Rebuild>, StoreError> {
    let (sender, mails) = (mail.sender.clone(), core.clone());
    let rebuilt = row.clone();
    let limits = core.options.limits;
    // The offset as it was when the run was activated: its driver records later changes of the clock.
    let (clock, offset, env) = (core.clock.clone(), mail.offset, core.env(row));
    let watch = core.suspects.watch(row.number);
    blocking(core, move |store| {
        let _polled = watch.as_ref().map(Watch::enter);
        let began = metrics::timer();
        let foreign = foreign(&mails, sender);
        let mut run = with_stubs(&mails.options, Machine::new(&rebuilt, lease, limits, env.clone(), foreign));
        run = run.on_clock(clock.elapsed(), offset);
        let now = |run: &mut Machine| {
            // A clock that skips sleeps resumes where it stood when the run was driven last.
            clock.jump(run.latest());
            run.go_on_at(clock.elapsed());
            clock.now()
        };
        let outcome = panics::caught(|| {
            let mut load = |row: &FieldRow| fields::load(&mails, rebuilt.number, &env, row);
            rebuild(store, watch.as_deref(), &mut run, &rebuilt, &*workflow, now, &mut load)
        });
        Ok(match outcome {
            Ok(Ok(())) => {
                metrics::replayed(&rebuilt.workflow, run.tail(), began);
                Ok(run)
            }
            Ok(Err(refusal)) => Err(refusal),
            Err(panic) => {
                let message = format!("replaying run `{}` panicked: {panic}", rebuilt.id);
                Err(Rebuild::Park(ParkReason::new(ParkCause::Panicked, message)))
            }
        })
    })
    .await
}

/// Parks a run that could not be rebuilt.
async fn park(core: &Core, row: &RunRow, lease: Lease, reason: ParkReason) -> Result<Brought, StoreError> {
    Ok(if parking::park(core, row, lease, reason).await? { Brought::Nothing } else { Brought::Moved })
}
