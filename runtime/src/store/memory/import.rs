//! Imports a run with all its history, in one write; it may replace another run.

use super::tables::{Keyed, Run, Tables};
use crate::store::{ImportedRun, Lease, OutputRow, Rejected, RequestRow, RunKey, RunRow, Status, TakenItem};

impl Tables {
    pub(super) fn import(&mut self, new: &ImportedRun, notified: &mut Vec<i64>) -> Result<i64, Rejected> {
        let old = self.may_import(new)?;
        let dedup = old.as_ref().and_then(|old| self.put_aside(old, new));
        let dedup = new.dedup.clone().or(dedup);
        self.last_run += 1;
        let number = self.last_run;
        let row = RunRow {
            number,
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
            first_run: old.as_ref().map_or(number, |old| old.first_run),
            forked_from: new.forked_from,
            successor: None,
            dedup: dedup.filter(|_| !new.status.is_final()),
        };
        let mut run = Run::new(row, &new.entries, &new.labels);
        run.fields.clone_from(&new.fields);
        run.fields.sort_by(|a, b| (a.seq, &a.name).cmp(&(b.seq, &b.name)));
        self.insert(run);
        let waiting = old.as_ref().map_or_else(Vec::new, |old| self.hand_over(old.number, number, new));
        for item in new.items.iter().chain(&waiting) {
            self.deposit(number, item);
        }
        let first_run = old.as_ref().map_or(number, |old| old.first_run);
        for (channel, output) in &new.outputs {
            self.put(first_run, channel, OutputRow { run: number, ..output.clone() });
        }
        self.keep_keys(number, &new.taken);
        for request in &new.requests {
            self.ask_again(number, request);
        }
        // The watchers of the replaced run have waited for this end.
        if new.status.is_final() && old.is_some() {
            self.end(number, new.status, new.at, notified);
        }
        Ok(number)
    }

    /// Returns the run that is replaced, if nothing rejects the import.
    pub(super) fn may_import(&mut self, new: &ImportedRun) -> Result<Option<RunRow>, Rejected> {
        if let Some(row) = self.in_the_way(new) {
            return Err(Rejected::Exists(Box::new(row.clone())));
        }
        let old = new.replaces.map(|number| self.replaceable(number, new.lease)).transpose()?;
        if let Some(lease) = new.lease {
            self.held(lease)?;
        }
        let key =
            new.dedup.as_ref().and_then(|key| self.dedup.get(key)).filter(|holder| new.replaces != Some(**holder));
        match key {
            Some(holder) => Err(Rejected::Held(Box::new(self.runs[holder].row.clone()))),
            None => Ok(old),
        }
    }

    /// Records the keys of items that were taken from the inbox.
    fn keep_keys(&mut self, run: i64, taken: &[TakenItem]) {
        let Some(run) = self.runs.get_mut(&run) else { return };
        for TakenItem { kind, key, at } in taken.iter().cloned() {
            self.last_item += 1;
            run.keys.entry(key).or_insert(Keyed { number: self.last_item, kind, at });
        }
    }

    /// Moves a request to this run, if it is still open.
    fn ask_again(&mut self, run: i64, request: &RequestRow) {
        match self.requests.get_mut(&request.id) {
            Some(known) if known.is_open() => {
                let asker = std::mem::replace(&mut known.run, run);
                known.value.clone_from(&request.value);
                self.asked.remove(&(asker, request.id.clone()));
            }
            Some(_) => return,
            None => drop(self.requests.insert(request.id.clone(), RequestRow { run, ..request.clone() })),
        }
        self.asked.insert((run, request.id.clone()));
    }

    /// Returns the run that has the id already, or the execution, or the id that the replaced one would get.
    fn in_the_way(&self, new: &ImportedRun) -> Option<&RunRow> {
        let other = |run: &&Run| new.replaces != Some(run.row.number);
        let same_id = self.find(RunKey::Id(&new.id)).filter(other);
        let twin = || {
            let newer = self.runs.range(new.unique?.saturating_add(1)..).map(|(_, run)| run);
            newer.filter(other).find(|run| run.row.execution == new.execution)
        };
        let aside = || self.find(RunKey::Id(&new.name_of_replaced(new.replaces?)));
        same_id.or_else(twin).or_else(aside).map(|run| &run.row)
    }

    /// Returns the run to replace, which has no owner or belongs to the same lease.
    fn replaceable(&self, number: i64, lease: Option<Lease>) -> Result<RunRow, Rejected> {
        let row = &self.runs.get(&number).ok_or(Rejected::NoSuchRun)?.row;
        match row.status {
            Status::Deleting => Err(Rejected::Ended),
            _ if row.lease.is_some() && row.lease != lease.map(|lease| lease.number) => Err(Rejected::Fenced),
            _ => Ok(row.clone()),
        }
    }

    /// Renames a run, ends it if it has not ended, and returns its deduplication key, which is free now.
    fn put_aside(&mut self, old: &RunRow, new: &ImportedRun) -> Option<String> {
        let name = new.name_of_replaced(old.number);
        self.ids.remove(&old.id);
        self.ids.insert(name.clone(), old.number);
        let dedup = self.free_dedup(old.number);
        self.place(old.number, |row| row.lease = None);
        if let Some(run) = self.runs.get_mut(&old.number) {
            let row = &mut run.row;
            (row.id, row.updated_at) = (name, new.at);
            if !row.status.is_final() {
                // Without an owner it is in no set by its due time, so this needs no `place`.
                (row.status, row.wake_at, row.parked) = (Status::Replaced, None, None);
            }
        }
        dedup
    }
}
