//! Creates, reads and changes schedules while engines run.

mod info;

pub use info::{Firing, FiringOutcome, ScheduleInfo};

use super::core::Core;
use super::error::EngineError;
use super::firing::{self, Manual, composed, fire_manually};
use super::handle::Run;
use super::opening::Wanted;
use super::{Engine, opening};
use crate::fields::Fields;
use crate::record::RunIdentity;
use crate::schedule::{Schedule, ScheduleInput, Spec, Takes, Tick, millis, shown};
use crate::store::{Fired, Rejected, RunKey, ScheduleRow, ScheduleState, Write};
use crate::value::Value;
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
}

/// The longest name of a schedule, in bytes: the ids of its runs have a time too.
const NAME: usize = 400;

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
        ScheduleHandle { engine: self.clone(), name: name.into() }
    }

    /// Returns at most 100 schedules, in order of their names: the first ones, or those after a name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn schedules(&self, after: Option<&str>) -> Result<Vec<ScheduleInfo>, EngineError> {
        let after = after.unwrap_or_default().to_owned();
        let read = self.core.ask(move |store| info::facts(store, store.schedules(&after, PAGE)?));
        Ok(read.await?.into_iter().map(info::info).collect())
    }
}

/// What a schedule is to become.
struct Declared {
    spec: Spec,
    workflow: &'static str,
    version: u32,
    input: Value,
}

impl ScheduleHandle {
    /// Creates the schedule, or changes it, and returns whether that has changed anything: it may be called at each
    /// start of a program. `value` is the input of the workflow; one that takes a [`Tick`] and a value gets both, and one
    /// that takes a `Tick` alone has the value `()`. Secrets cannot be part of it.
    ///
    /// A schedule that is changed goes on from where it is: what its new times say of the past is not made up. A pause
    /// stays.
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

    pub(super) async fn set_to(&self, mut spec: Spec, wanted: Wanted, takes: Takes) -> Result<bool, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        let name = &self.name;
        opening::check_id(name)?;
        if name.len() > NAME {
            let length = name.len();
            return Err(self.error(format!("its name has {length} bytes, and at most {NAME} are allowed")));
        }
        wanted.check(core)?;
        spec.takes = takes;
        spec.check(name, self.now().await?).map_err(|why| self.error(why))?;
        let input = self.encoded(&wanted, takes)?;
        let declared = Declared { spec, workflow: wanted.workflow, version: wanted.version, input };
        self.change_or_create(|row, now| Ok(declared.applied(name, row, now))).await
    }

    /// Encodes the input for no run.
    fn encoded(&self, wanted: &Wanted, takes: Takes) -> Result<Value, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        let run = RunIdentity { id: self.name.clone(), workflow: wanted.workflow.to_owned(), execution: [0; 16] };
        let options = &core.options;
        let (database, stores) = (core.store.database_id(), options.stores.clone());
        let fields = Fields::new(database, Arc::new(run), stores, None, options.limits.value);
        let input = wanted.encode(&fields).map_err(|error| {
            self.error(format!("{error}. A schedule has no keys, so its value cannot have a `Secret`"))
        })?;
        let tick = Tick::new(&self.name, 0, None);
        if composed(&input, takes, &tick).is_none() {
            return Err(self.error("its workflow's input is not stored as JSON, so a `Tick` cannot be put in"));
        }
        Ok(input)
    }

    /// Starts nothing of it until it is [resumed](Self::resume); runs that it has started go on. `note` is shown as
    /// [`ScheduleInfo::paused`]. Times that pass meanwhile are not made up.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn pause(&self, note: impl Into<String>) -> Result<(), EngineError> {
        let note = crate::lengths::cut(note);
        self.change(|mut row, _| {
            row.state.paused = Some(note.clone());
            row.due = None;
            Ok(row)
        })
        .await
    }

    /// Starts runs again, at the times from now on.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn resume(&self) -> Result<(), EngineError> {
        self.change(|mut row, now| {
            if row.state.paused.take().is_some() {
                row.state.decided = row.state.decided.max(now);
                row.due = self.due(&row, now)?;
            }
            Ok(row)
        })
        .await
    }

    /// Starts a run now, whatever the times, and also while the schedule is paused or over. The overlap policy holds:
    /// `None` if it starts nothing now, because a run of the schedule has not ended. If this engine does not have the
    /// workflow, another one drives the run.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn trigger(&self) -> Result<Option<Run>, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        for _ in 0..TRIES {
            let row = self.row().await?.ok_or_else(|| self.unknown())?;
            let manual = Manual { row: &row, nominal: self.now().await? };
            let number = match fire_manually(core, manual).await? {
                None => continue,
                Some(Fired::Started(number) | Fired::Exists(number)) => number,
                Some(Fired::Skipped | Fired::Waits { .. }) => return Ok(None),
            };
            let row = core.ask(move |store| store.run(RunKey::Number(number))).await?;
            return Ok(row.map(|row| Run::new(&self.engine, &row)));
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
        let mut count = 0;
        self.change(|mut row, now| {
            let (_, times) = self.read(&row)?;
            count = 0;
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
                    return Err(self.error(format!(
                        "more than {most} times wait with those from {from} to {until}: backfill less at once"
                    )));
                }
            }
            row.state.waiting.sort_unstable();
            row.due = self.due(&row, now)?;
            Ok(row)
        })
        .await?;
        Ok(count)
    }

    /// Deletes the schedule. Its runs stay, and go on.
    ///
    /// # Errors
    /// There is no such schedule, or the database does not work.
    pub async fn delete(&self) -> Result<(), EngineError> {
        for _ in 0..TRIES {
            let row = self.row().await?.ok_or_else(|| self.unknown())?;
            let write = Write::RemoveSchedule { schedule: row.name, revision: row.revision };
            match self.engine.core.committer.write(write).await? {
                Ok(_) => return Ok(()),
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
        let read = self.engine.core.ask(move |store| info::facts(store, store.schedule(&name)?.into_iter().collect()));
        Ok(info::info(read.await?.pop().ok_or_else(|| self.unknown())?))
    }

    async fn row(&self) -> Result<Option<ScheduleRow>, EngineError> {
        let name = self.name.clone();
        self.engine.core.ask(move |store| store.schedule(&name)).await
    }

    /// Returns the clock by which schedules are due.
    async fn now(&self) -> Result<i64, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        if core.clock.skips() { Ok(core.now()) } else { core.ask(crate::store::Store::clock).await }
    }

    async fn change(
        &self,
        mut change: impl FnMut(ScheduleRow, i64) -> Result<ScheduleRow, EngineError>,
    ) -> Result<(), EngineError> {
        let changed = |row: Option<ScheduleRow>, now| change(row.ok_or_else(|| self.unknown())?, now).map(Some);
        self.change_or_create(changed).await.map(drop)
    }

    /// Changes the row as it is; `None` leaves it. Returns whether it has changed.
    async fn change_or_create(
        &self,
        mut change: impl FnMut(Option<ScheduleRow>, i64) -> Result<Option<ScheduleRow>, EngineError>,
    ) -> Result<bool, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        for _ in 0..TRIES {
            let (before, now) = (self.row().await?, self.now().await?);
            let Some(row) = change(before.clone(), now)?.filter(|row| before.as_ref() != Some(row)) else {
                return Ok(false);
            };
            match core.committer.write(Write::PutSchedule(Box::new(row))).await? {
                Ok(_) => {
                    firing::look(core);
                    return Ok(true);
                }
                // An engine has fired it meanwhile.
                Err(Rejected::Fenced) => {}
                Err(Rejected::Refused(why)) => return Err(self.error(why)),
                Err(_) => return Err(self.unknown()),
            }
        }
        Err(self.busy())
    }

    fn read(&self, row: &ScheduleRow) -> Result<(Spec, crate::schedule::Times), EngineError> {
        let spec: Spec = serde_json::from_str(&row.spec).map_err(|error| self.error(error))?;
        let times = spec.times(&self.name).map_err(|why| self.error(why))?;
        Ok((spec, times))
    }

    /// Returns when a schedule is due next.
    fn due(&self, row: &ScheduleRow, now: i64) -> Result<Option<i64>, EngineError> {
        let (spec, times) = self.read(row)?;
        Ok(due(row, &spec, &times, now))
    }

    fn unknown(&self) -> EngineError {
        let name = &self.name;
        self.error(format!("there is none of this name: create it with `engine.schedule(\"{name}\").set(..)`"))
    }

    fn busy(&self) -> EngineError {
        self.error("it was fired again and again while it was to be changed; try again")
    }

    fn error(&self, why: impl std::fmt::Display) -> EngineError {
        EngineError::value(format!("schedule `{}`: {why}", self.name))
    }
}

fn due(row: &ScheduleRow, spec: &Spec, times: &crate::schedule::Times, now: i64) -> Option<i64> {
    if row.state.paused.is_some() {
        return None;
    }
    let waiting = (!row.state.waiting.is_empty()).then_some(now);
    let is_over = spec.limit.is_some_and(|limit| row.state.fired >= limit);
    let next = times.after(row.state.decided).filter(|_| !is_over).map(|nominal| times.due(nominal));
    [waiting, next].into_iter().flatten().min()
}

impl Declared {
    /// Returns the row that the schedule is to have.
    fn applied(&self, name: &str, row: Option<ScheduleRow>, now: i64) -> Option<ScheduleRow> {
        let spec = self.spec.to_json();
        let is_same = |row: &ScheduleRow| {
            row.spec == spec
                && row.input == self.input
                && (&*row.workflow, row.version) == (self.workflow, self.version)
        };
        if row.as_ref().is_some_and(is_same) {
            return None;
        }
        let state = ScheduleState { decided: now, ..ScheduleState::default() };
        let row = row.unwrap_or_else(|| ScheduleRow {
            name: name.to_owned(),
            workflow: String::new(),
            version: 0,
            spec: String::new(),
            input: self.input.clone(),
            revision: 0,
            due: None,
            state,
        });
        let (workflow, version) = (self.workflow.to_owned(), self.version);
        let mut row = ScheduleRow { workflow, version, spec, input: self.input.clone(), ..row };
        row.state.decided = row.state.decided.max(now);
        let times = self.spec.times(name).ok()?;
        row.due = due(&row, &self.spec, &times, now);
        Some(row)
    }
}
