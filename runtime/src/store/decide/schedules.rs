//! Schedules: which of their times start runs. Each change names the revision that it was planned on, so whichever
//! engines plan the same time, one of them decides it.

use super::start::Begun;
use super::{Decided, Decision, Rows};
use crate::store::schedule::ScheduleState;
use crate::store::{
    Fire, FireSource, Fired, FiringOutcome, FiringRow, NewInboxItem, Overlap, Rejected, RunKey, RunRow, ScheduleRow,
    Written,
};

impl<R: Rows> Decision<'_, R> {
    /// Creates or replaces a schedule, if it is in the revision that the row names; 0 if there is none.
    pub(super) fn put_schedule(&mut self, row: &ScheduleRow) -> Decided<Written> {
        let before = readable(self.in_revision(&row.name, row.revision)?)?;
        let revision = before.map_or_else(first_revision, |before| before.revision + 1);
        self.rows.put_schedule(&ScheduleRow { revision, ..row.clone() })?;
        Ok(Written::Done)
    }

    pub(super) fn remove_schedule(&mut self, name: &str, revision: i64) -> Decided<Written> {
        self.in_revision(name, revision)?.ok_or(Rejected::NoSuchRun)?;
        self.rows.remove_schedule(name)?;
        Ok(Written::Done)
    }

    /// Decides a nominal time.
    pub(super) fn fire(&mut self, fire: &Fire) -> Decided<Written> {
        let row = readable(self.in_revision(&fire.schedule, fire.revision)?)?;
        let mut row = row.ok_or(Rejected::NoSuchRun)?;
        if let Some(lease) = fire.lease() {
            self.held(lease)?;
        }
        row.revision += 1;
        row.state.decided = row.state.decided.max(fire.decided);
        if let Some(missed) = &fire.missed {
            row.state.note(missed.clone());
        }
        let fired = match self.rows.run(RunKey::Id(&fire.run.id))? {
            Some(run) => {
                self.exists(&mut row, fire)?;
                Fired::Exists(run.number)
            }
            None => self.fire_new(&mut row, fire)?,
        };
        if fire.source == FireSource::Due && matches!(fired, Fired::Started(_) | Fired::Waits { .. }) {
            row.state.fired += 1;
        }
        let begun = if matches!(fired, Fired::Started(_)) { None } else { row.state.since };
        row.state.since = (!row.state.waiting.is_empty()).then(|| begun.unwrap_or(fire.at));
        let is_over = fire.limit.is_some_and(|limit| row.state.fired >= limit);
        let retry = match fired {
            Fired::Started(_) => fire.first_look,
            // With nothing to wait for, the next look is now.
            Fired::Exists(_) | Fired::Waits { run: None, .. } => fire.at,
            Fired::Skipped | Fired::Waits { .. } => fire.retry,
        };
        let retry = (!row.state.waiting.is_empty()).then_some(retry);
        let due = fire.due.filter(|_| !is_over);
        let due = [due, retry].into_iter().flatten().min();
        row.due = due.filter(|_| row.state.paused.is_none());
        self.rows.put_schedule(&row)?;
        Ok(Written::Fired(fired))
    }

    /// Notes that the run of a nominal time was there before, which may have ended long ago: it does not take the place
    /// of the one that goes on.
    fn exists(&self, row: &mut ScheduleRow, fire: &Fire) -> Decided<()> {
        let hides_none = self.running(row)?.is_none();
        decided(&mut row.state, fire);
        if hides_none {
            row.state.run = Some(fire.run.id.clone());
        }
        Ok(())
    }

    /// Returns the run that was started last, if it goes on.
    fn running(&self, row: &ScheduleRow) -> Decided<Option<RunRow>> {
        let Some(id) = &row.state.run else { return Ok(None) };
        Ok(self.rows.run(RunKey::Id(id))?.filter(|run| run.status.accepts()))
    }

    fn fire_new(&mut self, row: &mut ScheduleRow, fire: &Fire) -> Decided<Fired> {
        let running = if fire.overlap == Overlap::Allow { None } else { self.running(row)? };
        let Some(running) = running else {
            let has_others = fire.source == FireSource::Due && !row.state.waiting.is_empty();
            if has_others && matches!(fire.overlap, Overlap::BufferOne | Overlap::BufferAll) {
                // Those that wait came first.
                return Ok(waits(&mut row.state, fire, None));
            }
            let Begun::New(number) = self.start(&fire.run, &mut Vec::new())? else {
                return Err(Rejected::Fenced.into());
            };
            started(&mut row.state, fire);
            return Ok(Fired::Started(number));
        };
        match (fire.source, fire.overlap) {
            (FireSource::Waiting, _) => Ok(Fired::Waits { run: Some(running.number), is_cancelled: false }),
            (_, Overlap::BufferOne | Overlap::BufferAll) => Ok(waits(&mut row.state, fire, Some(&running))),
            (_, Overlap::CancelRunning) => {
                give_way(&mut row.state, fire, &running);
                wait(&mut row.state, fire);
                let item = NewInboxItem { run: running.number, ..fire.cancellation.clone() };
                self.free_by(running.number, &item)?;
                self.deposit(running.number, &item)?;
                Ok(Fired::Waits { run: Some(running.number), is_cancelled: true })
            }
            (_, Overlap::Skip | Overlap::Allow) => {
                skipped(&mut row.state, fire, fire.nominal, &running.id);
                Ok(Fired::Skipped)
            }
        }
    }

    /// Returns a schedule in this revision; `None` if there is none, which is revision 0.
    fn in_revision(&self, name: &str, revision: i64) -> Decided<Option<ScheduleRow>> {
        let row = self.rows.schedule(name)?;
        if row.as_ref().map_or(0, |row| row.revision) == revision { Ok(row) } else { Err(Rejected::Fenced.into()) }
    }
}

/// Refuses to replace a row that this version reads in part: it would lose what another one wrote.
fn readable(row: Option<ScheduleRow>) -> Decided<Option<ScheduleRow>> {
    match row.as_ref().and_then(|row| row.flaw.clone()) {
        Some(flaw) => Err(Rejected::Refused(flaw).into()),
        None => Ok(row),
    }
}

/// Returns the revision in which a schedule begins: a random one, so that no plan that was made on a schedule of this
/// name that was deleted is accepted.
fn first_revision() -> i64 {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    // Two bits less leave room for the changes.
    i64::try_from(random >> 2).unwrap_or_default().max(1)
}

/// Has a nominal time wait.
fn wait(state: &mut ScheduleState, fire: &Fire) {
    state.waiting.push(fire.nominal);
    if fire.source == FireSource::Manual {
        state.triggered.push(fire.nominal);
    }
}

/// Has a nominal time wait for the end of a run, if there is room.
fn waits(state: &mut ScheduleState, fire: &Fire, running: Option<&RunRow>) -> Fired {
    let most = if fire.overlap == Overlap::BufferOne { 1 } else { ScheduleRow::WAITING };
    if state.waiting.len() < most {
        wait(state, fire);
        return Fired::Waits { run: running.map(|run| run.number), is_cancelled: false };
    }
    let before = running.map(|run| run.id.clone()).or_else(|| state.run.clone()).unwrap_or_default();
    skipped(state, fire, fire.nominal, &before);
    Fired::Skipped
}

/// Has the times that wait give way to a newer one, but for those of a backfill. Those that were due do not count.
fn give_way(state: &mut ScheduleState, fire: &Fire, running: &RunRow) {
    let backfilled = &state.backfilled;
    let (kept, gone): (Vec<_>, Vec<_>) =
        std::mem::take(&mut state.waiting).into_iter().partition(|nominal| backfilled.contains(nominal));
    state.waiting = kept;
    let triggered = std::mem::take(&mut state.triggered);
    for nominal in gone {
        if !triggered.contains(&nominal) {
            state.fired = state.fired.saturating_sub(1);
        }
        skipped(state, fire, nominal, &running.id);
    }
}

/// Notes that a nominal time has its run. Returns whether it is one of the schedule's times: one that a person asks for
/// is none, whether it has waited or not.
fn decided(state: &mut ScheduleState, fire: &Fire) -> bool {
    let is_triggered = fire.source == FireSource::Manual || state.triggered.contains(&fire.nominal);
    for times in [&mut state.waiting, &mut state.backfilled, &mut state.triggered] {
        times.retain(|nominal| *nominal != fire.nominal);
    }
    if !is_triggered {
        state.last = state.last.max(Some(fire.nominal));
    }
    !is_triggered
}

fn started(state: &mut ScheduleState, fire: &Fire) {
    if decided(state, fire) {
        state.started += 1;
    }
    state.run = Some(fire.run.id.clone());
    state.note(FiringRow { nominal: fire.nominal, at: fire.at, outcome: FiringOutcome::Started(fire.run.id.clone()) });
}

fn skipped(state: &mut ScheduleState, fire: &Fire, nominal: i64, running: &str) {
    state.note(FiringRow { nominal, at: fire.at, outcome: FiringOutcome::Skipped(running.to_owned()) });
}
