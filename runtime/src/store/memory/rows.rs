//! What a decision reads and changes in a store in memory.

mod acts;
mod inbox;
mod parts;
mod runs;
mod schedules;
mod tasks;
mod traces;

use super::tables::Tables;
use crate::record::AttemptOutcome;
use crate::store::audit::{ActOutcome, AuditRow, JobRow};
use crate::store::decide::{
    ItemHead, Part, Place, Record, Related, Relation, RequestChange, Rows, RunChange, RunState, perform,
};
use crate::store::{
    EntryRow, FieldRow, LeaseRow, NewInboxItem, OutputRow, Rejected, RequestRow, RunKey, RunQuery, RunRow, ScheduleRow,
    StoreError, TakenItem, TraceMark, UserCode, Write, Written,
};
use crate::value::Value;
use std::sync::Arc;

impl Tables {
    pub(super) fn perform(&mut self, write: &Write) -> Result<Written, Rejected> {
        match write {
            Write::Transaction(_) => Err(Rejected::Refused(UserCode::no_sql_text().to_owned())),
            write => perform(self, write).unwrap_or_else(|error| Err(Rejected::Refused(error.message))),
        }
    }
}

/// Nothing here fails: the rows are in memory.
impl Rows for Tables {
    fn epoch(&self, lease: i64) -> Result<Option<i64>, StoreError> {
        Ok(self.leases.get(&lease).map(|row| row.epoch))
    }

    fn lease(&self, number: i64) -> Result<Option<LeaseRow>, StoreError> {
        Ok(self.leases.get(&number).cloned())
    }

    fn open_lease(&mut self, owner: &str) -> Result<i64, StoreError> {
        self.last_lease += 1;
        let number = self.last_lease;
        let owner = owner.to_owned();
        self.leases.insert(number, LeaseRow { number, owner, epoch: 1, heartbeat: 0, about: None, seen: None });
        Ok(number)
    }

    fn change_lease(&mut self, row: &LeaseRow) -> Result<(), StoreError> {
        let seen = Some(self.now());
        self.leases.insert(row.number, LeaseRow { seen, ..row.clone() });
        Ok(())
    }

    fn remove_lease(&mut self, number: i64) -> Result<(), StoreError> {
        self.leases.remove(&number);
        Ok(())
    }

    fn owns_runs(&self, lease: i64) -> Result<bool, StoreError> {
        Ok(self.owned.range((lease, i64::MIN)..=(lease, i64::MAX)).next().is_some())
    }

    fn adopt(&mut self, lease: i64) -> Result<usize, StoreError> {
        let is_lost = |row: &RunRow| {
            let is_owned = row.lease.is_some_and(|owner| self.leases.contains_key(&owner));
            !is_owned && row.status.is_driven()
        };
        let lost: Vec<i64> =
            self.runs.values().map(|run| &run.row).filter(|row| is_lost(row)).map(|row| row.number).collect();
        for run in &lost {
            self.place(*run, |row| row.lease = Some(lease));
        }
        Ok(lost.len())
    }

    fn claim_served(
        &mut self,
        lease: i64,
        served: &[(String, u32)],
        limit: usize,
    ) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
        let query = RunQuery { unowned: Some(Arc::new(served.to_vec())), ..RunQuery::default() };
        let runs = self.runs.values().map(|run| &run.row).filter(|row| query.leaves_to_all(row));
        let runs = runs.map(|row| (row.number, row.wake_at));
        let runs: Vec<_> = runs.take(limit).collect();
        for (run, _) in &runs {
            self.place(*run, |row| row.lease = Some(lease));
        }
        Ok(runs)
    }

    fn state(&self, run: i64) -> Result<Option<RunState>, StoreError> {
        Ok(self.runs.get(&run).map(|run| RunState {
            status: run.row.status,
            lease: run.row.lease,
            seq: Some(run.row.seq),
            wake_at: Some(run.row.wake_at),
            loads: Some(run.row.loads),
            first_run: run.row.first_run,
            successor: run.row.successor,
            has_dedup: run.row.dedup.is_some(),
            has_queue: run.row.queue.is_some(),
        }))
    }

    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        Ok(self.find(key).map(|run| run.row.clone()))
    }

    fn holder(&self, dedup: &str) -> Result<Option<RunRow>, StoreError> {
        Ok(self.dedup.get(dedup).and_then(|holder| self.runs.get(holder)).map(|run| run.row.clone()))
    }

    fn twin(&self, execution: [u8; 16], after: i64, but: Option<i64>) -> Result<Option<RunRow>, StoreError> {
        let mut newer = self.runs.range(after.saturating_add(1)..).map(|(_, run)| &run.row);
        Ok(newer.find(|row| row.execution == execution && Some(row.number) != but).cloned())
    }

    fn insert_run(&mut self, row: &RunRow) -> Result<i64, StoreError> {
        Ok(self.insert_row(row))
    }

    fn change_run(&mut self, run: i64, change: &RunChange<'_>) -> Result<(), StoreError> {
        self.change_row(run, change);
        Ok(())
    }

    fn remove_run(&mut self, run: i64) -> Result<(), StoreError> {
        self.remove_row(run);
        Ok(())
    }

    fn append(&mut self, run: i64, entries: &[EntryRow], fields: &[FieldRow]) -> Result<(), StoreError> {
        if let Some(run) = self.runs.get_mut(&run) {
            if let Some(last) = entries.last() {
                run.row.seq = last.seq;
            }
            run.entries.extend_from_slice(entries);
            let new = run.fields.len();
            run.fields.extend_from_slice(fields);
            run.fields[new..].sort_by(|a, b| (a.seq, &a.name).cmp(&(b.seq, &b.name)));
        }
        Ok(())
    }

    fn value(&self, run: i64, seq: u64) -> Result<Option<Value>, StoreError> {
        let entry = self.entries(run, seq.saturating_sub(1), 1);
        Ok(entry.first().and_then(|entry| entry.value.clone()))
    }

    fn label(&mut self, run: i64, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        if let Some(run) = self.runs.get_mut(&run) {
            set(&mut run.labels, name, value);
        }
        Ok(())
    }

    fn index(&mut self, run: i64, _: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        if let Some(run) = self.runs.get_mut(&run) {
            set(&mut run.indexed, name, value);
        }
        Ok(())
    }

    fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        let indexed = self.runs.get(&run).map(|run| run.indexed.clone());
        Ok(indexed.unwrap_or_default().into_iter().collect())
    }

    fn item(&self, run: i64, key: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.runs.get(&run).and_then(|run| run.keys.get(key)).copied())
    }

    fn items(&self, run: i64) -> Result<Vec<ItemHead>, StoreError> {
        Ok(self.item_heads(run))
    }

    fn insert_item(&mut self, run: i64, item: &NewInboxItem) -> Result<i64, StoreError> {
        Ok(self.put_item(run, item))
    }

    fn insert_taken(&mut self, run: i64, item: &TakenItem) -> Result<(), StoreError> {
        self.put_taken(run, item);
        Ok(())
    }

    fn take_item(&mut self, run: i64, item: i64, _at: i64) -> Result<(), StoreError> {
        self.take(run, item);
        Ok(())
    }

    fn move_item(&mut self, item: i64, to: i64, place: Place) -> Result<(), StoreError> {
        self.move_to(item, to, place);
        Ok(())
    }

    fn remove_item(&mut self, item: i64) -> Result<(), StoreError> {
        self.drop_item(item);
        Ok(())
    }

    fn request(&self, id: &str) -> Result<Option<RequestRow>, StoreError> {
        Ok(self.requests.get(id).cloned())
    }

    fn open_requests(&self, run: i64) -> Result<Vec<String>, StoreError> {
        let mut ids = self.asked_by(run);
        ids.retain(|id| self.requests.get(id).is_some_and(RequestRow::is_open));
        Ok(ids)
    }

    fn insert_request(&mut self, row: &RequestRow) -> Result<(), StoreError> {
        self.asked.insert((row.run, row.id.clone()));
        self.requests.insert(row.id.clone(), row.clone());
        Ok(())
    }

    fn change_request(&mut self, id: &str, change: &RequestChange<'_>) -> Result<(), StoreError> {
        let Some(row) = self.requests.get_mut(id) else { return Ok(()) };
        self.asked.remove(&(row.run, id.to_owned()));
        row.run = change.run.unwrap_or(row.run);
        self.asked.insert((row.run, id.to_owned()));
        if let Some(answered) = change.answered {
            row.answered = Some(answered.to_owned());
        }
        if let Some(value) = change.value {
            row.value = value.clone();
        }
        Ok(())
    }

    fn remove_request(&mut self, id: &str) -> Result<(), StoreError> {
        if let Some(row) = self.requests.remove(id) {
            self.asked.remove(&(row.run, row.id));
        }
        Ok(())
    }

    fn insert_output(&mut self, first_run: i64, channel: &str, output: &OutputRow) -> Result<i64, StoreError> {
        let items = self.outputs.entry(first_run).or_default().entry(channel.to_owned()).or_default();
        let item = items.last().map_or(1, |last| last.item + 1);
        items.push(OutputRow { item, ..output.clone() });
        Ok(item.cast_signed())
    }

    fn related(&self, run: i64, how: Relation) -> Result<Vec<Related>, StoreError> {
        Ok(self.related_to(run, how))
    }

    fn watches(&self, watcher: i64, position: u64, run: i64) -> Result<bool, StoreError> {
        Ok(self.watchers.contains(&(run, watcher, position)))
    }

    fn watch(&mut self, watcher: i64, position: u64, run: i64) -> Result<(), StoreError> {
        self.watchers.insert((run, watcher, position));
        Ok(())
    }

    fn end_watch(&mut self, run: i64) -> Result<(), StoreError> {
        for watch in self.watchers_of(run) {
            self.watchers.remove(&watch);
        }
        Ok(())
    }

    fn move_watchers(&mut self, from: i64, to: i64) -> Result<(), StoreError> {
        for (watched, watcher, position) in self.watchers_of(from) {
            self.watchers.remove(&(watched, watcher, position));
            self.watchers.insert((to, watcher, position));
        }
        Ok(())
    }

    fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        Ok(self.schedules.get(name).cloned())
    }

    fn put_schedule(&mut self, row: &ScheduleRow) -> Result<(), StoreError> {
        self.alter_schedule(row);
        Ok(())
    }

    fn remove_schedule(&mut self, name: &str) -> Result<(), StoreError> {
        self.drop_schedule(name);
        Ok(())
    }

    fn audited(&self, key: &str) -> Result<Option<ActOutcome>, StoreError> {
        Ok(self.outcome_of(key))
    }

    fn record(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        self.put_record(row);
        Ok(())
    }

    fn job(&self, number: i64) -> Result<Option<JobRow>, StoreError> {
        Ok(self.jobs.get(&number).cloned())
    }

    fn insert_job(&mut self, row: &JobRow) -> Result<i64, StoreError> {
        self.last_job += 1;
        let number = self.last_job;
        self.jobs.insert(number, JobRow { number, ..row.clone() });
        Ok(number)
    }

    fn change_job(&mut self, row: &JobRow) -> Result<(), StoreError> {
        self.jobs.insert(row.number, row.clone());
        Ok(())
    }

    fn owe_trace(&mut self, run: i64, lease: i64) -> Result<(), StoreError> {
        self.put_owed(run, lease);
        Ok(())
    }

    fn mark_trace(&mut self, mark: TraceMark) -> Result<(), StoreError> {
        self.put_mark(mark);
        Ok(())
    }

    fn claim_traces(&mut self, lease: i64) -> Result<usize, StoreError> {
        Ok(self.take_owed(lease))
    }

    fn remove_part(&mut self, run: i64, part: Part, limit: usize) -> Result<usize, StoreError> {
        Ok(self.remove_rows(run, part, limit))
    }

    fn user_code(&mut self, _: &UserCode, _: Record<'_, Self>) -> Result<AttemptOutcome, StoreError> {
        Ok(UserCode::no_sql())
    }
}

fn set(texts: &mut std::collections::BTreeMap<String, String>, name: &str, value: Option<&str>) {
    match value {
        Some(value) => drop(texts.insert(name.to_owned(), value.to_owned())),
        None => drop(texts.remove(name)),
    }
}
