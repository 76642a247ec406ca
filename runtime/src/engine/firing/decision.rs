//! Decides nominal times of schedules, and drives the runs that they start.

use crate::engine::core::Core;
use crate::engine::error::EngineError;
use crate::engine::opening::Opening;
use crate::engine::{claiming, inbox, start};
use crate::machine::{first_entry, scope_entry};
use crate::metrics;
use crate::schedule::{Plan, Spec, Takes, Tick, Times, plan, read, shown};
use crate::scope::Scope;
use crate::store::{
    AuditRow, Fire, FireSource, Fired, Holder, Lease, NewInboxItem, NewRun, Overlap, Rejected, RunKey, RunRow,
    ScheduleRow, StoreError, StoreErrorKind, Write, Written,
};
use crate::value::{Encoding, Value};
use std::sync::Arc;

/// What became of a schedule that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// It was decided.
    Done,
    /// It has changed since its row was read, or this engine has lost its lease.
    Overtaken,
    /// This engine cannot decide it, whenever it tries.
    LeftOut,
    /// The database does not work now.
    Failed,
}

/// Why a nominal time is not decided.
pub(in crate::engine) enum Fault {
    /// The schedule is one that this engine cannot fire.
    Schedule(String),
    /// The database does not work now.
    Database(EngineError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Refused | StoreErrorKind::TooLarge => Self::Schedule(error.message),
            _ => Self::Database(error.into()),
        }
    }
}

/// The wait for the end of a run before it is looked at again, in milliseconds: a share of the time for which it has
/// been waited for. The end of a run of this engine needs no look.
fn retry(now: i64, since: i64) -> i64 {
    now.saturating_add((now.saturating_sub(since) / 8).clamp(1_000, 60_000))
}

/// Such a wait where time is skipped: the engine is alone, so no end is missed.
const SKIPPED: i64 = 86_400_000;

/// Decides the next nominal time of a schedule.
pub(super) async fn decide(core: &Arc<Core>, row: ScheduleRow, now: i64, has_room: bool) -> Decided {
    let (name, revision) = (row.name.clone(), row.revision);
    match decide_next(core, row, now, has_room).await {
        Ok(true) => Decided::Done,
        Ok(false) => Decided::Overtaken,
        Err(Fault::Schedule(why)) => {
            core.schedules.report(&name, revision, &why);
            Decided::LeftOut
        }
        Err(Fault::Database(error)) => {
            core.schedules.fail(&error);
            Decided::Failed
        }
    }
}

/// Returns whether it was decided, and not overtaken.
async fn decide_next(core: &Arc<Core>, row: ScheduleRow, now: i64, has_room: bool) -> Result<bool, Fault> {
    let (spec, times) = read(&row).map_err(Fault::Schedule)?;
    let next = plan(&row, &spec, &times, now);
    let Some((nominal, source)) = next.fire else { return move_on(core, row, next).await };
    let lease = lease(core, &row).filter(|_| has_room);
    let fire = fire(core, &row, (&spec, &times), next, (nominal, source), lease, now)?;
    Ok(commit(core, fire, others_wait(&row, source), None).await?.is_some())
}

/// Returns the lease of a run that is started here; `None` leaves it to the others.
fn lease(core: &Core, row: &ScheduleRow) -> Option<Lease> {
    let serves = core.workflows.get(&row.workflow, row.version).is_some();
    // An engine that has lost its lease has none until it opens another one.
    core.leases.all().first().copied().filter(|_| serves && !core.options.is_client)
}

/// Notes that times were missed, and when the next one is due. Returns whether it was not overtaken.
async fn move_on(core: &Arc<Core>, mut row: ScheduleRow, next: Plan) -> Result<bool, Fault> {
    row.state.decided = next.decided;
    if let Some(missed) = next.missed {
        row.state.note(missed);
    }
    row.due = next.due;
    match core.committer.write(Write::PutSchedule(Box::new(row))).await? {
        Err(Rejected::Refused(why)) => Err(Fault::Schedule(why)),
        answer => Ok(answer.is_ok()),
    }
}

/// A nominal time that a person or a program asks for.
pub(in crate::engine) struct Manual<'a> {
    pub(in crate::engine) row: &'a ScheduleRow,
    pub(in crate::engine) nominal: i64,
    /// Whether the run is left to the engines that look for one.
    pub(in crate::engine) is_unowned: bool,
    /// The action for which it is fired.
    pub(in crate::engine) record: Option<&'a AuditRow>,
}

/// Fires a schedule by hand; `None` if it has changed since its row was read, or if this engine has lost its lease. The
/// row is that of a run that was started.
///
/// # Errors
/// The schedule cannot be read, or the database does not work.
pub(in crate::engine) async fn fire_manually(
    core: &Arc<Core>,
    manual: Manual<'_>,
) -> Result<Option<(Fired, RunRow)>, Fault> {
    let Manual { row, nominal, is_unowned, record } = manual;
    let (spec, times) = read(row).map_err(Fault::Schedule)?;
    let as_before = Plan { fire: None, decided: row.state.decided, due: row.due, missed: None };
    let lease = lease(core, row).filter(|_| !is_unowned);
    let source = (nominal, FireSource::Manual);
    let fire = fire(core, row, (&spec, &times), as_before, source, lease, nominal)?;
    let (id, execution) = (fire.run.id.clone(), fire.run.execution);
    match commit(core, fire, !row.state.waiting.is_empty(), record).await {
        Err(Fault::Database(error)) => {
            // It is unknown whether the run was written.
            let written = core.ask(move |store| store.run(RunKey::Id(&id))).await;
            match written.ok().flatten().filter(|run| run.execution == execution) {
                Some(run) => Ok(Some((Fired::Started(run.number), run))),
                None => Err(Fault::Database(error)),
            }
        }
        answer => answer,
    }
}

/// Returns the nominal time before: the latest one that has a run. A time that was filled in later begins where the one
/// before it ended, whatever has started since.
fn previous(row: &ScheduleRow, times: &Times, nominal: i64, source: FireSource) -> Option<i64> {
    let is_backfilled = source == FireSource::Waiting && row.state.backfilled.contains(&nominal);
    match row.state.last {
        Some(last) if last < nominal && !is_backfilled => Some(last),
        None if !is_backfilled => None,
        _ => times.before(nominal),
    }
}

/// Makes the write that decides a nominal time.
fn fire(
    core: &Core,
    row: &ScheduleRow,
    (spec, times): (&Spec, &Times),
    next: Plan,
    (nominal, source): (i64, FireSource),
    lease: Option<Lease>,
    now: i64,
) -> Result<Fire, Fault> {
    let tick = Tick::new(&row.name, nominal, previous(row, times, nominal, source));
    let input = composed(&row.input, spec.takes, &tick)
        .ok_or_else(|| Fault::Schedule("its input has no place for a `Tick`".to_owned()))?;
    let limit = spec.limit.filter(|_| source != FireSource::Manual);
    let reason = format!("schedule `{}` starts the run of {}", row.name, shown(nominal));
    Ok(Fire {
        schedule: row.name.clone(),
        revision: row.revision,
        nominal,
        source,
        overlap: spec.overlap,
        previous: row.state.run.clone(),
        run: run(core, row, nominal, lease, input).map_err(|error| Fault::Schedule(error.to_string()))?,
        cancellation: NewInboxItem::cancellation(0, &reason, core.now()),
        decided: next.decided,
        due: next.due,
        retry: next_look(core, spec, now, row.state.since.unwrap_or(now)),
        first_look: next_look(core, spec, now, now),
        limit,
        missed: next.missed,
        at: now,
    })
}

/// Returns the time of the next look at a run whose end is waited for since a moment.
fn next_look(core: &Core, spec: &Spec, now: i64, since: i64) -> i64 {
    match spec.overlap {
        Overlap::Allow => now,
        _ if core.clock.skips() => now.saturating_add(SKIPPED),
        _ => retry(now, since),
    }
}

/// Returns the run of a nominal time; without a lease, it is for others to claim.
fn run(
    core: &Core,
    row: &ScheduleRow,
    nominal: i64,
    lease: Option<Lease>,
    input: Value,
) -> Result<NewRun, EngineError> {
    let at = core.now();
    let id = format!("{}@{}", row.name, shown(nominal));
    let given = Scope::new().id(id).label("schedule", &row.name);
    let opening = Opening::within(given, Scope::default(), None, core.recorded_now())?;
    let entries = [first_entry(&row.workflow, input, at)].into_iter().chain(scope_entry(2, &opening.scope, at));
    Ok(NewRun {
        queued: None,
        holder: Holder::Keeps,
        workflow: row.workflow.clone(),
        lease,
        execution: *uuid::Uuid::new_v4().as_bytes(),
        at,
        entries: entries.collect(),
        version: row.version,
        parent: None,
        dedup: None,
        labels: opening.labels(),
        id: opening.id,
    })
}

/// Returns the input with this `Tick`, in place of the one with which it was stored.
pub(in crate::engine) fn composed(input: &Value, takes: Takes, tick: &Tick) -> Option<Value> {
    if takes == Takes::Value {
        return Some(input.clone());
    }
    let stored = Tick::new(&tick.schedule, 0, None).to_json();
    let tick = tick.to_json();
    if input.encoding != Encoding::Json {
        return None;
    }
    let rest = match takes {
        Takes::Both => input.bytes.strip_prefix(b"[")?,
        _ => &input.bytes[..],
    };
    let rest = rest.strip_prefix(stored.as_bytes())?;
    let mut bytes = Vec::with_capacity(input.bytes.len() + tick.len());
    if takes == Takes::Both {
        bytes.push(b'[');
    }
    bytes.extend_from_slice(tick.as_bytes());
    bytes.extend_from_slice(rest);
    Some(Value::json(bytes))
}

/// Returns whether a time waits apart from the one that is fired.
fn others_wait(row: &ScheduleRow, source: FireSource) -> bool {
    row.state.waiting.len() > usize::from(source == FireSource::Waiting)
}

/// Counts a run whose start may have been written, though the answer to the commit was lost. Does not wait.
fn count_if_written(core: &Arc<Core>, run: &RunRow) {
    if !metrics::is_recording() {
        return;
    }
    let (core, id, execution) = (core.clone(), run.id.clone(), run.execution);
    core.runtime.clone().spawn(async move {
        let found = core.read(move |store| store.run(RunKey::Id(&id))).await;
        if let Some(found) = found.ok().flatten().filter(|found| found.execution == execution) {
            metrics::run_started(&found.workflow);
        }
    });
}

/// Commits a decision and begins what it has started, whose end other times may wait for. Returns what became of it,
/// with the row of a run that was started; `None` if it was overtaken.
async fn commit(
    core: &Arc<Core>,
    fire: Fire,
    others_wait: bool,
    record: Option<&AuditRow>,
) -> Result<Option<(Fired, RunRow)>, Fault> {
    let (schedule, mut row, entries) = (fire.schedule.clone(), fire.run.row(0), fire.run.entries.clone());
    let lease: Option<Lease> = fire.run.lease;
    let (sender, answer) = tokio::sync::oneshot::channel();
    let (noting, planned) = (core.clone(), (fire.source != FireSource::Manual).then_some(fire.nominal));
    core.committer.submit(Write::Fire(Box::new(fire)).recorded(record), move |answer| {
        if let (Ok(Ok(Written::Fired(Fired::Started(_)))), Some(nominal)) = (&answer, planned) {
            metrics::fired(&schedule, nominal, noting.now());
        }
        // Noted here, because the next commit may end that run.
        match &answer {
            Ok(Ok(Written::Fired(Fired::Waits { run: Some(run), .. }))) => noting.schedules.wait(*run, schedule),
            Ok(Ok(Written::Fired(Fired::Started(run)))) if others_wait => noting.schedules.wait(*run, schedule),
            Ok(Ok(Written::Fired(Fired::Started(_))) | Err(Rejected::NoSuchRun)) => {
                noting.schedules.wait_no_more(&schedule);
            }
            _ => {}
        }
        let _ = sender.send(answer);
    });
    let fired = match answer.await.map_err(|_| Fault::Database(EngineError::ShuttingDown))? {
        Ok(Ok(Written::Fired(fired))) => fired,
        Ok(Err(Rejected::Refused(why))) => return Err(Fault::Schedule(why)),
        // Another engine was faster, or the schedule has changed.
        Ok(_) => return Ok(None),
        Err(error) => {
            // The run may have been written.
            core.catch_up();
            count_if_written(core, &row);
            return Err(error.into());
        }
    };
    match &fired {
        Fired::Started(number) => {
            (row.number, row.first_run) = (*number, *number);
            start::begin(core, &row, lease, entries);
        }
        Fired::Waits { run: Some(run), is_cancelled: true } => inbox::look_all(core, vec![*run]),
        Fired::Exists(_) | Fired::Skipped | Fired::Waits { .. } => {}
    }
    if matches!(fired, Fired::Started(_)) && lease.is_none() && !core.options.is_client {
        claiming::look(core);
    }
    Ok(Some((fired, row)))
}
