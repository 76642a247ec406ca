//! Creates, reads and changes schedules while engines run.

mod changing;

use super::Engine;
use super::core::Core;
use super::error::EngineError;
use super::firing::{self, Fault, Manual, fire_manually};
use super::handle::Run;
use super::opening::Wanted;
use crate::inspect::schedules::{self, ScheduleInfo};
use crate::schedule::{Schedule, ScheduleInput, Tick, millis, shown};
use crate::store::{AuditRow, Fired, Rejected, ScheduleRow, Store, StoreError, Write};
use crate::workflow::{Startable, WorkflowDef};
use futures_util::future::BoxFuture;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

/// A schedule of an engine's database; see [`Engine::schedule`].
#[derive(Clone, Debug)]
pub struct ScheduleHandle {
    engine: Engine,
    name: String,
    record: Option<AuditRow>,
}

/// The most schedules of a page.
const PAGE: usize = 100;

/// How often a change is tried while engines fire the schedule.
const TRIES: usize = 100;

impl Engine {
    /// Returns a schedule by its name, to create, read and change it while everything runs. It starts runs of a workflow
    /// at its times, each exactly once, whichever engines run, die or start meanwhile: the id of a run is made of the
    /// schedule and the nominal time, `nightly@2026-03-29T01:00:00Z`.
    ///
    /// ```
    /// use steadfast::prelude::*;
    /// use steadfast::{Schedule, Tick};
    ///
    /// #[workflow]
    /// async fn report(_flow: &mut Flow, tick: Tick, team: String) -> Result<String> {
    ///     Ok(format!("{team}, {:?}", tick.nominal))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(report).start().await?;
    /// let nightly = engine.schedule("nightly");
    /// nightly.set(Schedule::cron("0 3 * * *").zone("Europe/Berlin"), report, "red".to_owned()).await?;
    /// assert_eq!(nightly.info().await?.next.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn schedule(&self, name: impl Into<String>) -> ScheduleHandle {
        ScheduleHandle { engine: self.clone(), name: name.into(), record: None }
    }

    /// Returns at most 100 schedules, in order of their names: the first ones, or those after a name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn schedules(&self, after: Option<&str>) -> Result<Vec<ScheduleInfo>, EngineError> {
        let after = after.unwrap_or_default().to_owned();
        read(&self.core, move |store| store.schedules(&after, PAGE)).await
    }
}

impl ScheduleHandle {
    /// Has what is done by this handle recorded as this action.
    pub(crate) fn recorded(self, record: AuditRow) -> Self {
        Self { record: Some(record), ..self }
    }

    /// Creates the schedule, or changes it, and returns whether that has changed anything: it may be called at each
    /// start of a program. `value` is the input of the workflow; one that takes a [`Tick`] and a value gets both, and one
    /// that takes a `Tick` alone has the value `()`. Secrets cannot be part of it.
    ///
    /// A schedule that is changed goes on from where it is: what its new times say of the past is not made up. Where only
    /// its workflow, its input or its policies change, what was [missed](Schedule::missed) is. A pause stays. This runs
    /// to its end even if the caller stops waiting, as do all changes of a schedule.
    ///
    /// # Errors
    /// A cron text, a time zone or another part of the schedule is wrong, it can never fire, this engine does not have the
    /// workflow, the value cannot be stored, or the database does not work.
    // No `async fn`: its future would have the types of a workflow and a value that do not fit, in two more errors.
    pub fn set<F, M, V>(&self, schedule: Schedule, workflow: F, value: V) -> BoxFuture<'_, Result<bool, EngineError>>
    where
        F: Startable<M>,
        <F::Workflow as WorkflowDef>::Input: ScheduleInput<V>,
    {
        drop(workflow);
        let takes = <<F::Workflow as WorkflowDef>::Input as ScheduleInput<V>>::TAKES;
        let input = ScheduleInput::with(Tick::new(&self.name, 0, None), value);
        Box::pin(self.set_to(schedule.spec, Wanted::new::<F::Workflow>(input), takes))
    }

    /// Starts nothing of it until it is [resumed](Self::resume); runs that it has started go on. `note` is shown as
    /// [`ScheduleInfo::paused`]. Times that pass meanwhile are not made up.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn pause(&self, note: impl Into<String>) -> Result<(), EngineError> {
        let note = crate::lengths::cut(note);
        self.change(move |_, mut row, _| {
            row.state.paused = Some(note.clone());
            row.due = None;
            Ok((row, ()))
        })
        .await
    }

    /// Starts runs again, at the times from now on. That holds also after the clock of the database was ahead, and times
    /// that are still to come were decided by it: those that have a run start no other one.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn resume(&self) -> Result<(), EngineError> {
        self.change(|handle, mut row, now| {
            if row.state.paused.take().is_some() {
                row.state.decided = now;
                row.due = handle.due(&row, now)?;
            }
            Ok((row, ()))
        })
        .await
    }

    /// Starts a run now, whatever the times, and also while the schedule is paused or over. The overlap policy holds:
    /// `None` if it starts nothing now, because a run of the schedule has not ended. If this engine does not have the
    /// workflow, another one drives the run. The moment of the call is its [`Tick::nominal`]; it is none of the schedule's
    /// times, and counts for no limit. This runs to its end even if the caller stops waiting.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn trigger(&self) -> Result<Option<Run>, EngineError> {
        self.to_the_end(|handle| async move { handle.triggered().await }).await
    }

    async fn triggered(&self) -> Result<Option<Run>, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        let (mut least, mut tried) = (i64::MIN, None);
        for _ in 0..TRIES {
            let row = self.row().await?.ok_or_else(|| self.unknown())?;
            let mut nominal = self.now().await?.max(least);
            while row.state.waiting.contains(&nominal) {
                nominal += 1;
            }
            // Rejected though nothing has changed: it is the lease of this engine that was lost.
            let is_unowned = tried.replace(row.revision) == Some(row.revision);
            let fired = match fire_manually(
                core,
                Manual { row: &row, nominal, is_unowned, record: self.record.as_ref() },
            )
            .await
            {
                Ok(None) => continue,
                // Another run of this millisecond.
                Ok(Some((Fired::Exists(_), _))) => {
                    least = nominal.saturating_add(1);
                    continue;
                }
                Ok(Some(fired)) => fired,
                Err(Fault::Schedule(why)) => return Err(self.error(why)),
                Err(Fault::Database(error)) => return Err(error),
            };
            firing::look(core);
            return Ok(matches!(fired.0, Fired::Started(_)).then(|| Run::new(&self.engine, &fired.1)));
        }
        Err(self.busy())
    }

    /// Starts a run for each nominal time of a range that has none, from its start on and before its end, the oldest
    /// first. With [`Overlap::Allow`](crate::Overlap::Allow) they run at once, otherwise one after the other, whatever
    /// the policy. Returns how many times there are.
    ///
    /// # Errors
    /// There are more than 1,000 times, there is no such schedule, or the database does not work.
    pub async fn backfill(&self, range: Range<SystemTime>) -> Result<usize, EngineError> {
        let (from, until) = (millis(range.start), millis(range.end));
        self.change(move |handle, mut row, now| {
            let (_, times) = handle.read(&row)?;
            let mut count = 0;
            let mut moment = from.saturating_sub(1);
            while let Some(nominal) = times.after(moment).filter(|nominal| *nominal < until) {
                moment = nominal;
                count += 1;
                if !row.state.waiting.contains(&nominal) {
                    row.state.waiting.push(nominal);
                    row.state.backfilled.push(nominal);
                    row.state.since.get_or_insert(now);
                }
                if row.state.waiting.len() > ScheduleRow::WAITING {
                    let (from, until) = (shown(from), shown(until));
                    let most = ScheduleRow::WAITING;
                    return Err(handle.error(format!(
                        "more than {most} times wait with those from {from} to {until}: backfill less at once"
                    )));
                }
            }
            row.state.waiting.sort_unstable();
            row.due = handle.due(&row, now)?;
            Ok((row, count))
        })
        .await
    }

    /// Deletes the schedule. Its runs stay, and go on.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn delete(&self) -> Result<(), EngineError> {
        self.to_the_end(|handle| async move { handle.deleted().await }).await
    }

    async fn deleted(&self) -> Result<(), EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        for _ in 0..TRIES {
            let row = self.row().await?.ok_or_else(|| self.unknown())?;
            let write = Write::RemoveSchedule { schedule: row.name, revision: row.revision };
            match core.committer.write(write.recorded(self.record.as_ref())).await? {
                Ok(_) => {
                    core.schedules.wait_no_more(&self.name);
                    return Ok(());
                }
                Err(Rejected::Fenced) => {}
                Err(_) => return Err(self.unknown()),
            }
        }
        Err(self.busy())
    }

    /// Returns the schedule as it is: its times, its pause, and how the last times went.
    ///
    /// # Errors
    /// There is no such schedule, or the database cannot be read.
    pub async fn info(&self) -> Result<ScheduleInfo, EngineError> {
        let name = self.name.clone();
        let read = read(&self.engine.core, move |store| Ok(store.schedule(&name)?.into_iter().collect()));
        read.await?.pop().ok_or_else(|| self.unknown())
    }
}

/// Reads schedules and what is known of them.
async fn read(
    core: &Core,
    rows: impl FnOnce(&dyn Store) -> Result<Vec<ScheduleRow>, StoreError> + Send + 'static,
) -> Result<Vec<ScheduleInfo>, EngineError> {
    let (hearing, skipped) = (core.hearing.clone(), core.clock.skips().then(|| core.now()));
    let facts = core.ask(move |store| {
        let rows = rows(store)?;
        let gone = hearing.gone(&store.leases()?);
        let now = skipped.map_or_else(|| store.clock(), Ok)?;
        schedules::facts(store, rows, &gone, now)
    });
    Ok(facts.await?.into_iter().map(schedules::info).collect())
}
