//! Applies a write to a store in memory.

use super::tables::{Run, Tables};
use crate::store::{Append, Lease, LeaseRow, NewRun, Outgoing, Rejected, RunRow, Status, UserCode, Write, Written};

pub(super) type Answer = Result<Written, Rejected>;

impl Tables {
    pub(super) fn apply(&mut self, write: &Write) -> Answer {
        if let Some(flaw) = write.flaw() {
            return Err(Rejected::Refused(flaw));
        }
        match write {
            Write::Start(run) => self.start(run).map(Written::Number),
            Write::Append(append) if append.transaction.is_some() => {
                let appended = Box::new(self.append(append)?);
                Ok(Written::Transacted { outcome: UserCode::no_sql(), appended })
            }
            Write::Append(append) => self.append(append),
            Write::Transaction(_) => Err(Rejected::Refused(UserCode::no_sql_text().to_owned())),
            Write::Import(run) => self.import(run, &mut Vec::new()).map(Written::Number),
            Write::Send(item) => self.send(item).map(Written::Number),
            Write::Claim { run, lease } => self.claim(*run, *lease),
            Write::Adopt(lease) => self.adopt(*lease),
            Write::OpenLease { owner } => Ok(self.open_lease(owner)),
            Write::Heartbeat(lease) => {
                let row = self.held(*lease)?;
                row.heartbeat = row.heartbeat.checked_add(1).unwrap_or(0);
                Ok(Written::Done)
            }
            Write::TakeLease { seen, heartbeat, owner } => self.take_lease(*seen, *heartbeat, owner),
            Write::CloseLease(lease) => self.close_lease(*lease),
            Write::Answer { request, hash, item } => self.answer(request, hash, item),
            Write::Delete { run, rows } => self.delete(*run, *rows),
        }
    }

    pub(super) fn held(&mut self, lease: Lease) -> Result<&mut LeaseRow, Rejected> {
        self.leases.get_mut(&lease.number).filter(|row| row.epoch == lease.epoch).ok_or(Rejected::Fenced)
    }

    /// Refuses an append that ends a run whose successor cannot be written: it would be lost.
    fn may_replace(&mut self, append: &Append) -> Result<(), Rejected> {
        for outgoing in &append.outgoing {
            if let Outgoing::Replace(run) = outgoing
                && append.change.release
                && run.replaces == Some(append.run)
                && let Err(rejected) = self.may_import(run)
            {
                let why = match rejected {
                    Rejected::Exists(row) => format!("run `{}` is in the way", row.id),
                    rejected => format!("{rejected:?}"),
                };
                return Err(Rejected::Refused(format!("run {} cannot continue as new: {why}", append.run)));
            }
        }
        Ok(())
    }

    pub(super) fn start(&mut self, new: &NewRun) -> Result<i64, Rejected> {
        if let Some(run) = self.ids.get(&new.id).and_then(|number| self.runs.get(number)) {
            return Err(Rejected::Exists(Box::new(run.row.clone())));
        }
        self.held(new.lease)?;
        if let Some(holder) = new.dedup.as_ref().and_then(|key| self.dedup.get(key)) {
            return Err(Rejected::Held(Box::new(self.runs[holder].row.clone())));
        }
        self.last_run += 1;
        let number = self.last_run;
        let row = new.row(number);
        self.insert(Run::new(row, &new.entries, &new.labels));
        Ok(number)
    }

    fn append(&mut self, append: &Append) -> Answer {
        self.held(append.lease)?;
        let answered =
            |id| self.requests.get(id).is_some_and(|asked| asked.run == append.run && asked.answered.is_some());
        if append.expired().any(answered) {
            return Err(Rejected::Fenced);
        }
        if append.change.status == Some(Status::Moved) && !self.bonds(append.run).is_empty() {
            return Err(Rejected::Fenced);
        }
        self.may_replace(append)?;
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
        let mut notified = Vec::new();
        let outcomes: Vec<_> =
            append.outgoing.iter().map(|outgoing| self.write_outgoing(append, outgoing, &mut notified)).collect();
        if let Some(status) = change.status.filter(|status| status.is_final()) {
            self.end(append.run, status, append.at, &mut notified);
        }
        if outcomes.is_empty() && notified.is_empty() {
            return Ok(Written::Done);
        }
        notified.sort_unstable();
        notified.dedup();
        Ok(Written::Appended { outcomes, notified })
    }

    fn claim(&mut self, number: i64, lease: Lease) -> Answer {
        let row = &self.runs.get(&number).ok_or(Rejected::NoSuchRun)?.row;
        if row.lease.is_some() || !row.status.accepts() {
            return Err(Rejected::Fenced);
        }
        self.held(lease)?;
        self.place(number, |row| row.lease = Some(lease.number));
        Ok(Written::Claimed(Box::new(self.runs[&number].row.clone())))
    }

    fn adopt(&mut self, lease: Lease) -> Answer {
        self.held(lease)?;
        let is_lost = |row: &RunRow| {
            let is_owned = row.lease.is_some_and(|owner| self.leases.contains_key(&owner));
            !is_owned && matches!(row.status, Status::Running | Status::Sleeping | Status::Paused)
        };
        let lost: Vec<i64> =
            self.runs.values().map(|run| &run.row).filter(|row| is_lost(row)).map(|row| row.number).collect();
        for run in &lost {
            self.place(*run, |row| row.lease = Some(lease.number));
        }
        Ok(Written::Number(i64::try_from(lost.len()).unwrap_or(i64::MAX)))
    }

    fn open_lease(&mut self, owner: &str) -> Written {
        self.last_lease += 1;
        let number = self.last_lease;
        self.leases.insert(number, LeaseRow { number, owner: owner.to_owned(), epoch: 1, heartbeat: 0 });
        Written::Number(number)
    }

    fn take_lease(&mut self, seen: Lease, heartbeat: i64, owner: &str) -> Answer {
        let row = self.held(seen)?;
        if row.heartbeat != heartbeat {
            return Err(Rejected::Fenced);
        }
        row.epoch = row.epoch.checked_add(1).unwrap_or(1);
        row.heartbeat = row.heartbeat.checked_add(1).unwrap_or(0);
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
}
