//! Imports a run with all its history, in one write; it may replace another run.

use super::{Decided, Decision, Place, RequestChange, Rows, RunChange};
use crate::record::InboxKind;
use crate::store::{ImportedRun, Lease, OutputRow, Rejected, RequestRow, RunKey, RunRow, Status};

impl<R: Rows> Decision<'_, R> {
    pub(super) fn import(&mut self, new: &ImportedRun, notified: &mut Vec<i64>) -> Decided<i64> {
        let old = self.may_import(new)?;
        if let Some(old) = &old {
            // Before the insert: ids and deduplication keys are unique.
            self.put_aside(old, new)?;
        }
        let place = match &old {
            // The place of a run that has ended is gone; one that goes on as this one keeps it.
            Some(old) if old.queue.is_some() && !new.status.is_final() => self.place(old.number)?,
            _ => None,
        };
        let row = row(new, old.as_ref(), place.map(|place| place.queue));
        let number = self.rows.insert_run(&row)?;
        self.rows.append(number, &new.entries, &new.fields)?;
        self.insert_labels(number, &new.labels)?;
        for (name, value) in &new.indexed {
            self.rows.index(number, &new.workflow, name, Some(value))?;
        }
        match &old {
            Some(old) => {
                self.hand_over(old.number, number, new)?;
                if row.queue.is_some() {
                    self.wait_no_more(old.number)?;
                    self.rows.move_place(old.number, number)?;
                }
            }
            None => self.deposit_all(number, new)?,
        }
        let first_run = if row.first_run == 0 { number } else { row.first_run };
        for (channel, output) in &new.outputs {
            self.rows.insert_output(first_run, channel, &OutputRow { run: number, ..output.clone() })?;
        }
        for item in &new.taken {
            self.rows.insert_taken(number, item)?;
        }
        for request in &new.requests {
            self.ask_again(number, request)?;
        }
        // The watchers of the replaced run have waited for this end.
        if new.status.is_final() && old.is_some() {
            self.end(number, new.status, row.dedup.is_some(), new.at, notified)?;
        }
        Ok(number)
    }

    /// Returns the run that is replaced, if nothing rejects the import.
    pub(super) fn may_import(&self, new: &ImportedRun) -> Decided<Option<RunRow>> {
        let is_other = |row: &RunRow| new.replaces != Some(row.number);
        let exists = |row| Rejected::Exists(Box::new(row)).into();
        if let Some(row) = self.rows.run(RunKey::Id(&new.id))?.filter(is_other) {
            return Err(exists(row));
        }
        if let Some(after) = new.unique
            && let Some(row) = self.rows.twin(new.execution, after, new.replaces)?
        {
            return Err(exists(row));
        }
        let old = new.replaces.map(|number| self.replaceable(number, new.lease)).transpose()?;
        if let Some(lease) = new.lease {
            self.held(lease)?;
        }
        if let Some(key) = &new.dedup
            && let Some(holder) = self.rows.holder(key)?.filter(is_other)
        {
            return Err(Rejected::Held(Box::new(holder)).into());
        }
        if let Some(old) = &old
            && let Some(row) = self.rows.run(RunKey::Id(&new.name_of_replaced(old.number)))?
        {
            return Err(exists(row));
        }
        Ok(old)
    }

    /// Returns the run to replace, which has no owner or belongs to the same lease.
    fn replaceable(&self, number: i64, lease: Option<Lease>) -> Decided<RunRow> {
        let row = self.rows.run(RunKey::Number(number))?.ok_or(Rejected::NoSuchRun)?;
        match row.status {
            Status::Deleting => Err(Rejected::Ended.into()),
            _ if row.lease.is_some() && row.lease != lease.map(|lease| lease.number) => Err(Rejected::Fenced.into()),
            _ => Ok(row),
        }
    }

    /// Renames a run and frees its deduplication key, and ends it if it has not ended.
    fn put_aside(&mut self, old: &RunRow, new: &ImportedRun) -> Decided<()> {
        let name = new.name_of_replaced(old.number);
        let mut change = RunChange {
            id: Some(&name),
            lease: Some(None),
            updated_at: Some(new.at),
            frees_dedup: true,
            ..RunChange::default()
        };
        if !old.status.is_final() {
            (change.status, change.wake_at, change.parked) = (Some(Status::Replaced), Some(None), Some(None));
            if let Some(lease) = new.lease.filter(|_| new.traced) {
                self.rows.owe_trace(old.number, lease.number)?;
            }
        }
        Ok(self.rows.change_run(old.number, &change)?)
    }

    fn deposit_all(&mut self, run: i64, new: &ImportedRun) -> Decided<()> {
        new.items.iter().try_for_each(|item| self.deposit(run, item).map(drop))
    }

    /// Moves the watchers of a run to its successor, and its inbox items after those that the successor brings.
    fn hand_over(&mut self, old: i64, number: i64, new: &ImportedRun) -> Decided<()> {
        self.rows.change_run(old, &RunChange { successor: Some(number), ..RunChange::default() })?;
        self.rows.move_watchers(old, number)?;
        for id in self.rows.open_requests(old)? {
            if new.goes_on {
                self.rows.change_request(&id, &RequestChange { run: Some(number), ..RequestChange::default() })?;
            } else {
                self.rows.remove_request(&id)?;
            }
        }
        let items = self.rows.items(old)?;
        let (taken, waiting): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.taken);
        // A cancellation that was taken stays, so that the successor can be cancelled too.
        for item in taken.iter().filter(|item| item.kind.moves_on() && item.kind != InboxKind::Cancel) {
            self.rows.move_item(item.number, number, Place::Kept)?;
        }
        self.deposit_all(number, new)?;
        // Items are read in the order of their numbers: those that must follow the successor's own get new ones.
        let place = if new.items.is_empty() { Place::Kept } else { Place::Last };
        for item in waiting.iter().filter(|item| item.kind.moves_on()) {
            // A pause does not apply to a run that begins at an earlier point.
            let pauses = matches!(item.kind, InboxKind::Pause | InboxKind::Resume);
            let arrived = item.key.as_ref().map(|key| self.rows.item(number, key)).transpose()?.flatten();
            if arrived.is_some() || pauses && !new.goes_on {
                self.rows.remove_item(item.number)?;
            } else {
                self.rows.move_item(item.number, number, place)?;
            }
        }
        Ok(())
    }

    /// Moves a request to this run if it is still open, and writes it if it is new.
    fn ask_again(&mut self, run: i64, request: &RequestRow) -> Decided<()> {
        match self.rows.request(&request.id)? {
            Some(known) if known.is_open() => {
                let (run, value) = (Some(run), Some(&request.value));
                self.rows.change_request(&request.id, &RequestChange { run, value, answered: None })?;
            }
            Some(_) => {}
            None => self.rows.insert_request(&RequestRow { run, ..request.clone() })?,
        }
        Ok(())
    }
}

/// Returns the row of an imported run. Its first run is 0 if that is the run itself.
fn row(new: &ImportedRun, old: Option<&RunRow>, queue: Option<String>) -> RunRow {
    let dedup = new.dedup.as_ref().or(old.and_then(|old| old.dedup.as_ref()));
    RunRow {
        number: 0,
        id: new.id.clone(),
        workflow: new.workflow.clone(),
        status: new.status,
        seq: new.entries.len() as u64,
        lease: new.lease.map(|lease| lease.number),
        wake_at: new.wake_at,
        loads: 0,
        execution: new.execution,
        seed: new.seed,
        created_at: new.created_at,
        updated_at: new.at,
        parked: new.parked.clone(),
        version: new.version,
        parent: new.parent,
        first_run: old.map_or(0, |old| old.first_run),
        forked_from: new.forked_from,
        successor: None,
        dedup: dedup.filter(|_| !new.status.is_final()).cloned(),
        queue,
    }
}
