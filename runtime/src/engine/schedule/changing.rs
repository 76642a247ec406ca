//! How a schedule is changed while engines fire it: from the revision that was read, and again if that was overtaken.

use super::{ScheduleHandle, TRIES};
use crate::engine::core::Core;
use crate::engine::error::EngineError;
use crate::engine::firing::{self, composed};
use crate::engine::opening::{self, Wanted};
use crate::fields::Fields;
use crate::record::RunIdentity;
use crate::schedule::{self, Spec, Takes, Tick, Times};
use crate::store::{Rejected, ScheduleRow, ScheduleState, Store, Write};
use crate::value::Value;
use std::sync::Arc;

/// The longest name of a schedule, in bytes: the ids of its runs have a time too.
const NAME: usize = 400;

/// What a schedule is to become.
struct Declared {
    spec: Spec,
    workflow: &'static str,
    version: u32,
    input: Value,
}

impl ScheduleHandle {
    pub(in crate::engine) async fn set_to(
        &self,
        spec: Spec,
        wanted: Wanted,
        takes: Takes,
    ) -> Result<bool, EngineError> {
        self.to_the_end(move |handle| async move { handle.set_now(spec, wanted, takes).await }).await
    }

    async fn set_now(&self, mut spec: Spec, wanted: Wanted, takes: Takes) -> Result<bool, EngineError> {
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
        let set = self.changed(|row, now| Ok((declared.applied(name, row, now), ()))).await?;
        Ok(set.0)
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

    /// Does some work to its end, even if the caller stops waiting.
    pub(super) async fn to_the_end<T: Send + 'static, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let core: &Arc<Core> = &self.engine.core;
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        let (busy, work) = (core.busy(), work(self.clone()));
        let work = async move {
            let done = work.await;
            drop(busy);
            done
        };
        core.to_the_end(work).await
    }

    /// Changes the schedule, to its end, and returns what the change does.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl Fn(&Self, ScheduleRow, i64) -> Result<(ScheduleRow, T), EngineError> + Send + Sync + 'static,
    ) -> Result<T, EngineError> {
        self.to_the_end(move |handle| async move {
            let with = |row: Option<ScheduleRow>, now| {
                let (row, done) = change(&handle, row.ok_or_else(|| handle.unknown())?, now)?;
                Ok((Some(row), done))
            };
            handle.changed(with).await.map(|(_, done)| done)
        })
        .await
    }

    /// Changes the row as it is; `None` leaves it. Returns whether it has changed, and what the change returns.
    async fn changed<T>(
        &self,
        change: impl Fn(Option<ScheduleRow>, i64) -> Result<(Option<ScheduleRow>, T), EngineError>,
    ) -> Result<(bool, T), EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        for _ in 0..TRIES {
            let (before, now) = (self.row().await?, self.now().await?);
            if let Some(flaw) = before.as_ref().and_then(|row| row.flaw.as_ref()) {
                return Err(self.error(format!("this version cannot read it, and so does not change it: {flaw}")));
            }
            let (row, done) = change(before.clone(), now)?;
            let Some(row) = row.filter(|row| before.as_ref() != Some(row)) else { return Ok((false, done)) };
            let write = Write::PutSchedule(Box::new(row));
            match core.committer.write(write.recorded(self.record.as_ref())).await? {
                Ok(_) => {
                    firing::look(core);
                    return Ok((true, done));
                }
                // An engine has fired it meanwhile.
                Err(Rejected::Fenced) => {}
                Err(Rejected::Refused(why)) => return Err(self.error(why)),
                Err(_) => return Err(self.unknown()),
            }
        }
        Err(self.busy())
    }

    pub(super) async fn row(&self) -> Result<Option<ScheduleRow>, EngineError> {
        let name = self.name.clone();
        self.engine.core.ask(move |store| store.schedule(&name)).await
    }

    /// Returns the clock by which schedules are due.
    pub(super) async fn now(&self) -> Result<i64, EngineError> {
        let core: &Arc<Core> = &self.engine.core;
        if core.clock.skips() { Ok(core.now()) } else { core.ask(Store::clock).await }
    }

    pub(super) fn read(&self, row: &ScheduleRow) -> Result<(Spec, Times), EngineError> {
        schedule::read(row).map_err(|why| self.error(why))
    }

    /// Returns when a schedule is due next.
    pub(super) fn due(&self, row: &ScheduleRow, now: i64) -> Result<Option<i64>, EngineError> {
        let (spec, times) = self.read(row)?;
        Ok(due(row, &spec, &times, now))
    }

    pub(super) fn unknown(&self) -> EngineError {
        let name = &self.name;
        self.error(format!("there is none of this name: create it with `engine.schedule(\"{name}\").set(..)`"))
    }

    pub(super) fn busy(&self) -> EngineError {
        self.error("it was fired again and again while it was to be changed; try again")
    }

    pub(super) fn error(&self, why: impl std::fmt::Display) -> EngineError {
        EngineError::value(format!("schedule `{}`: {why}", self.name))
    }
}

fn due(row: &ScheduleRow, spec: &Spec, times: &Times, now: i64) -> Option<i64> {
    if row.state.paused.is_some() {
        return None;
    }
    let waiting = (!row.state.waiting.is_empty()).then_some(now);
    let next =
        times.after(row.state.decided).filter(|_| !spec.is_over(row.state.fired)).map(|nominal| times.due(nominal));
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
        let mut row = row.unwrap_or_else(|| ScheduleRow {
            name: name.to_owned(),
            workflow: String::new(),
            version: 0,
            spec: String::new(),
            input: self.input.clone(),
            revision: 0,
            due: None,
            state,
            flaw: None,
        });
        // Of other times, or of one that was over, nothing was missed.
        let before = serde_json::from_str::<Spec>(&row.spec).ok();
        if before.is_none_or(|before| !before.has_times_of(&self.spec) || before.is_over(row.state.fired)) {
            row.state.decided = now;
        }
        let (workflow, version) = (self.workflow.to_owned(), self.version);
        let mut row = ScheduleRow { workflow, version, spec, input: self.input.clone(), ..row };
        let times = self.spec.times(name).ok()?;
        row.due = due(&row, &self.spec, &times, now);
        Some(row)
    }
}
