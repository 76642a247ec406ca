//! What a store in memory does with a write.

use super::tables::{Run, Tables};
use crate::store::{
    Append, ImportedRun, InboxRow, Lease, LeaseRow, NewInboxItem, NewRun, Rejected, RunRow, Status, UserCode, Write,
    Written,
};

type Answer = Result<Written, Rejected>;

impl Tables {
    pub(super) fn apply(&mut self, write: &Write) -> Answer {
        if let Some(flaw) = write.flaw() {
            return Err(Rejected::Refused(flaw));
        }
        match write {
            Write::Start(run) => self.start(run),
            Write::Append(append) if append.transaction.is_some() => {
                let appended = Box::new(self.append(append)?);
                Ok(Written::Transacted { outcome: UserCode::no_sql(), appended })
            }
            Write::Append(append) => self.append(append),
            Write::Transaction(_) => Err(Rejected::Refused(UserCode::no_sql_text().to_owned())),
            Write::Import(run) => self.import(run),
            Write::Send(item) => self.send(item),
            Write::Claim { run, lease } => self.claim(*run, *lease),
            Write::OpenLease { owner } => Ok(self.open_lease(owner)),
            Write::Beat(lease) => {
                self.held(*lease)?.beat += 1;
                Ok(Written::Done)
            }
            Write::TakeLease { seen, beat, owner } => self.take_lease(*seen, *beat, owner),
            Write::CloseLease(lease) => self.close_lease(*lease),
            Write::Answer { .. } => Err(Rejected::NoSuchRun),
            Write::Delete { run, rows } => self.delete(*run, *rows),
        }
    }

    fn held(&mut self, lease: Lease) -> Result<&mut LeaseRow, Rejected> {
        self.leases.get_mut(&lease.number).filter(|row| row.epoch == lease.epoch).ok_or(Rejected::Fenced)
    }

    fn start(&mut self, new: &NewRun) -> Answer {
        if let Some(run) = self.ids.get(&new.id).and_then(|number| self.runs.get(number)) {
            return Err(Rejected::Exists(Box::new(run.row.clone())));
        }
        self.held(new.lease)?;
        self.last_run += 1;
        let number = self.last_run;
        let row = RunRow {
            number,
            id: new.id.clone(),
            workflow: new.workflow.clone(),
            status: Status::Running,
            seq: new.entries.len() as u64,
            lease: Some(new.lease.number),
            wake_at: Some(0),
            loads: 0,
            incarnation: new.incarnation,
            seed: new.incarnation,
            created_at: new.at,
            updated_at: new.at,
            parked: None,
            version: new.version,
            parent: new.parent,
            lineage: number,
            origin: None,
            successor: None,
            dedup: new.dedup.clone(),
        };
        self.insert(Run { row, entries: new.entries.clone(), fields: Vec::new(), items: Vec::new() });
        Ok(Written::Number(number))
    }

    fn insert(&mut self, run: Run) {
        let (number, row) = (run.row.number, &run.row);
        self.note(number, row.lease, row.wake_at);
        self.ids.insert(row.id.clone(), number);
        self.runs.insert(number, run);
    }

    fn import(&mut self, new: &ImportedRun) -> Answer {
        let same_id = self.ids.get(&new.id).and_then(|number| self.runs.get(number));
        let twin = || self.runs.values().find(|run| new.unique && run.row.incarnation == new.incarnation);
        if let Some(run) = same_id.or_else(twin) {
            return Err(Rejected::Exists(Box::new(run.row.clone())));
        }
        if let Some(lease) = new.lease {
            self.held(lease)?;
        }
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
            incarnation: new.incarnation,
            seed: new.seed,
            created_at: new.created_at,
            updated_at: new.at,
            parked: new.parked.clone(),
            version: new.version,
            parent: new.parent,
            lineage: number,
            origin: new.origin,
            successor: None,
            dedup: None,
        };
        let mut fields = new.fields.clone();
        fields.sort_by(|a, b| (a.seq, &a.name).cmp(&(b.seq, &b.name)));
        self.insert(Run { row, entries: new.entries.clone(), fields, items: Vec::new() });
        for item in &new.items {
            self.deposit(&NewInboxItem { run: number, ..item.clone() })?;
        }
        Ok(Written::Number(number))
    }

    fn append(&mut self, append: &Append) -> Answer {
        self.held(append.lease)?;
        let run = self
            .runs
            .get_mut(&append.run)
            .filter(|run| run.row.lease == Some(append.lease.number) && run.row.seq == append.after)
            .ok_or(Rejected::Fenced)?;
        run.entries.extend_from_slice(&append.entries);
        run.fields.extend_from_slice(&append.fields);
        let new = run.fields.len() - append.fields.len();
        run.fields[new..].sort_by(|a, b| (a.seq, &a.name).cmp(&(b.seq, &b.name)));

        let change = &append.change;
        let row = &mut run.row;
        row.seq = append.after + append.entries.len() as u64;
        row.updated_at = append.at;
        row.status = change.status.unwrap_or(row.status);
        row.loads = change.loads.unwrap_or(row.loads);
        if let Some(parked) = &change.parked {
            row.parked.clone_from(parked);
        }
        if change.release || change.wake_at.is_some_and(|at| at != row.wake_at) {
            self.place(append.run, |row| {
                row.wake_at = change.wake_at.unwrap_or(row.wake_at);
                row.lease = row.lease.filter(|_| !change.release);
            });
        }
        if !append.taken.is_empty() {
            self.take_items(append.run, &append.taken);
        }
        Ok(Written::Done)
    }

    fn send(&mut self, new: &NewInboxItem) -> Answer {
        let row = &self.runs.get(&new.run).ok_or(Rejected::NoSuchRun)?.row;
        if row.status.is_final() || row.status == Status::Deleting {
            return Err(Rejected::Ended);
        }
        self.deposit(new)
    }

    fn deposit(&mut self, new: &NewInboxItem) -> Answer {
        let run = self.runs.get_mut(&new.run).ok_or(Rejected::NoSuchRun)?;
        let same = |item: &&i64| self.inbox.get(item).is_some_and(|item| item.key == new.key);
        if let Some(first) = new.key.as_ref().and_then(|_| run.items.iter().find(same)) {
            return Ok(Written::Number(*first));
        }
        self.last_item += 1;
        let number = self.last_item;
        run.items.push(number);
        let item = InboxRow {
            number,
            run: new.run,
            kind: new.kind.clone(),
            key: new.key.clone(),
            at: new.at,
            name: new.name.clone(),
            position: new.position,
            sender: new.sender.clone(),
            value: new.value.clone(),
        };
        self.inbox.insert(number, item);
        Ok(Written::Number(number))
    }

    fn claim(&mut self, number: i64, lease: Lease) -> Answer {
        let row = &self.runs.get(&number).ok_or(Rejected::NoSuchRun)?.row;
        if row.lease.is_some() || row.status.is_final() || row.status == Status::Deleting {
            return Err(Rejected::Fenced);
        }
        self.held(lease)?;
        self.place(number, |row| row.lease = Some(lease.number));
        Ok(Written::Claimed(Box::new(self.runs[&number].row.clone())))
    }

    fn open_lease(&mut self, owner: &str) -> Written {
        self.last_lease += 1;
        let number = self.last_lease;
        self.leases.insert(number, LeaseRow { number, owner: owner.to_owned(), epoch: 1, beat: 0 });
        Written::Number(number)
    }

    fn take_lease(&mut self, seen: Lease, beat: i64, owner: &str) -> Answer {
        let row = self.held(seen)?;
        if row.beat != beat {
            return Err(Rejected::Fenced);
        }
        row.epoch += 1;
        row.beat += 1;
        owner.clone_into(&mut row.owner);
        Ok(Written::Lease(Lease { number: row.number, epoch: row.epoch }))
    }

    fn close_lease(&mut self, lease: Lease) -> Answer {
        self.held(lease)?;
        if self.owned.range((lease.number, i64::MIN)..=(lease.number, i64::MAX)).next().is_some() {
            return Err(Rejected::Fenced);
        }
        self.leases.remove(&lease.number);
        Ok(Written::Done)
    }

    fn delete(&mut self, number: i64, rows: usize) -> Answer {
        let row = &self.runs.get(&number).ok_or(Rejected::NoSuchRun)?.row;
        if row.lease.is_some() && !row.status.is_final() {
            return Err(Rejected::Fenced);
        }
        self.place(number, |row| {
            row.status = Status::Deleting;
            (row.lease, row.wake_at) = (None, None);
        });
        let Some(run) = self.runs.get_mut(&number) else { return Err(Rejected::NoSuchRun) };
        let mut left = rows;
        let mut slice = |len: usize| {
            let n = left.min(len);
            left -= n;
            n
        };
        run.entries.drain(..slice(run.entries.len()));
        run.fields.drain(..slice(run.fields.len()));
        let items = slice(run.items.len());
        for item in run.items.drain(..items) {
            self.inbox.remove(&item);
        }
        if left == 0 {
            return Ok(Written::Deleted(false));
        }
        if let Some(run) = self.runs.remove(&number) {
            self.ids.remove(&run.row.id);
        }
        Ok(Written::Deleted(true))
    }
}
