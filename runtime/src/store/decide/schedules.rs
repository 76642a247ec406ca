//! Schedules: which of their times start runs. Each change names the revision that it was planned on, so whichever
//! engines plan the same time, one of them decides it.

use super::start::Begun;
use super::{Decided, Decision, Rows};
use crate::store::{
    Fire, FireSource, Fired, FiringOutcome, FiringRow, NewInboxItem, Overlap, Rejected, RunKey, RunRow, ScheduleRow,
    Written,
};

impl<R: Rows> Decision<'_, R> {
    /// Creates or replaces a schedule, if it is in the revision that the row names; 0 if there is none.
    pub(super) fn put_schedule(&mut self, row: &ScheduleRow) -> Decided<Written> {
        self.in_revision(&row.name, row.revision)?;
        self.rows.put_schedule(&ScheduleRow { revision: row.revision + 1, ..row.clone() })?;
        Ok(Written::Done)
    }

    pub(super) fn remove_schedule(&mut self, name: &str, revision: i64) -> Decided<Written> {
        self.in_revision(name, revision)?.ok_or(Rejected::NoSuchRun)?;
        self.rows.remove_schedule(name)?;
        Ok(Written::Done)
    }

    /// Decides a nominal time.
    pub(super) fn fire(&mut self, fire: &Fire) -> Decided<Written> {
        let mut row = self.in_revision(&fire.schedule, fire.revision)?.ok_or(Rejected::NoSuchRun)?;
        if let Some(lease) = fire.lease() {
            self.held(lease)?;
        }
        row.revision += 1;
        row.state.decided = row.state.decided.max(fire.decided);
        row.state.recent.extend(fire.missed.clone());
        let fired = match self.rows.run(RunKey::Id(&fire.run.id))? {
            Some(run) => {
                started(&mut row, fire);
                Fired::Exists(run.number)
            }
            None => self.fire_new(&mut row, fire)?,
        };
        if fire.source == FireSource::Due && !matches!(fired, Fired::Skipped) {
            row.state.fired += 1;
        }
        let is_over = fire.limit.is_some_and(|limit| row.state.fired >= limit);
        // With nothing to wait for, the next look is now.
        let retry = if matches!(fired, Fired::Waits { run: None, .. }) { fire.at } else { fire.retry };
        let retry = (!row.state.waiting.is_empty()).then_some(retry);
        let due = fire.due.filter(|_| !is_over);
        let due = [due, retry].into_iter().flatten().min();
        row.due = due.filter(|_| row.state.paused.is_none());
        self.rows.put_schedule(&row)?;
        Ok(Written::Fired(fired))
    }

    fn fire_new(&mut self, row: &mut ScheduleRow, fire: &Fire) -> Decided<Fired> {
        let running = match (&row.state.run, fire.overlap) {
            (None, _) | (_, Overlap::Allow) => None,
            (Some(id), _) => self.rows.run(RunKey::Id(id))?.filter(|run| run.status.accepts()),
        };
        let Some(running) = running else {
            let has_others = fire.source == FireSource::Due && !row.state.waiting.is_empty();
            if has_others && matches!(fire.overlap, Overlap::BufferOne | Overlap::BufferAll) {
                // Those that wait came first.
                return Ok(waits(row, fire, None));
            }
            let Begun::New(number) = self.start(&fire.run, &mut Vec::new())? else {
                return Err(Rejected::Fenced.into());
            };
            started(row, fire);
            return Ok(Fired::Started(number));
        };
        match (fire.source, fire.overlap) {
            (FireSource::Waiting, _) => Ok(Fired::Waits { run: Some(running.number), is_cancelled: false }),
            (_, Overlap::BufferOne | Overlap::BufferAll) => Ok(waits(row, fire, Some(&running))),
            (_, Overlap::CancelRunning) => {
                for nominal in std::mem::take(&mut row.state.waiting) {
                    skipped(row, fire, nominal, &running.id);
                }
                row.state.waiting.push(fire.nominal);
                let item = NewInboxItem { run: running.number, ..fire.cancellation.clone() };
                self.free_by(running.number, &item)?;
                self.deposit(running.number, &item)?;
                Ok(Fired::Waits { run: Some(running.number), is_cancelled: true })
            }
            (_, Overlap::Skip | Overlap::Allow) => {
                skipped(row, fire, fire.nominal, &running.id);
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

/// Has a nominal time wait for the end of a run, if there is room.
fn waits(row: &mut ScheduleRow, fire: &Fire, running: Option<&RunRow>) -> Fired {
    let most = if fire.overlap == Overlap::BufferOne { 1 } else { ScheduleRow::WAITING };
    if row.state.waiting.len() < most {
        row.state.waiting.push(fire.nominal);
        return Fired::Waits { run: running.map(|run| run.number), is_cancelled: false };
    }
    let before = running.map(|run| run.id.clone()).or_else(|| row.state.run.clone()).unwrap_or_default();
    skipped(row, fire, fire.nominal, &before);
    Fired::Skipped
}

fn started(row: &mut ScheduleRow, fire: &Fire) {
    let state = &mut row.state;
    if fire.source == FireSource::Waiting {
        state.waiting.retain(|nominal| *nominal != fire.nominal);
    }
    if fire.source != FireSource::Manual {
        state.started += 1;
    }
    state.last = state.last.max(Some(fire.nominal));
    state.run = Some(fire.run.id.clone());
    state.note(FiringRow { nominal: fire.nominal, at: fire.at, outcome: FiringOutcome::Started(fire.run.id.clone()) });
}

fn skipped(row: &mut ScheduleRow, fire: &Fire, nominal: i64, running: &str) {
    row.state.note(FiringRow { nominal, at: fire.at, outcome: FiringOutcome::Skipped(running.to_owned()) });
}
