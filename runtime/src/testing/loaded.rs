//! The active runs of a scenario, loaded as the engine loads them.

use super::attempts::RunningAttempts;
use super::places::Admitted;
use super::scenario::Scenario;
use super::secrets;
use crate::engine::{rebuild, result_of};
use crate::fields::Fields;
use crate::machine::{LoadField, Machine, Rebuild};
use crate::record::{Limits, RunIdentity};
use crate::run_env::RunEnv;
use crate::session::Session;
use crate::store::{Lease, LeaseRow, RunKey, RunRow, Status, Write, Written};
use crate::value::{Encoding, Pointer, Value};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError};

/// An active run.
pub(super) struct Loaded {
    pub(super) number: i64,
    pub(super) run: Box<Machine>,
    pub(super) attempts: RunningAttempts,
    /// Whether its inbox has items that it has not read.
    pub(super) look: bool,
}

impl Scenario<'_> {
    /// Loads the runs that a starting engine finds: those with a due time, and those with items in their inboxes.
    pub(super) async fn load_all(&mut self) -> Result<(), String> {
        for row in self.rows()? {
            let items = self.store.inbox(RunKey::Number(row.number), 0, 1).map_err(|error| error.to_string())?;
            // One that waits in a queue for a time takes no room before it.
            let is_due = |due| row.queue.is_none() || due <= self.now;
            if row.wake_at.is_some_and(is_due) || !items.is_empty() {
                self.load(row.number).await?;
            }
        }
        Ok(())
    }

    /// Makes a run read its inbox, after loading it if it is not active.
    pub(super) fn is_notified(&mut self, number: i64) {
        match self.loaded.get_mut(&number) {
            Some(loaded) => loaded.look = true,
            None => drop(self.absent.insert(number)),
        }
    }

    /// Loads a run, unless it has ended or is active.
    pub(super) async fn load(&mut self, number: i64) -> Result<(), String> {
        let row = self.row(number)?;
        if row.status.is_final() || self.loaded.contains_key(&number) {
            return Ok(());
        }
        let admitted = self.admit(&row)?;
        if admitted == Admitted::No {
            return Ok(());
        }
        let mut run = self.new_machine(&row);
        self.rebuild(&mut run, &row).await?;
        if admitted == Admitted::ToStop && !run.stops() {
            self.places.wait(number, run.deadline());
            return Ok(());
        }
        let attempts = RunningAttempts::of(run.env(), self.plan.order);
        self.loaded.insert(number, Loaded { number, run, attempts, look: false });
        Ok(())
    }

    /// Loads the successor of a run that continued as new.
    pub(super) async fn go_on(&mut self, number: i64) -> Result<(), String> {
        match self.row(number)?.successor {
            Some(successor) => self.load(successor).await,
            None => Ok(()),
        }
    }

    /// Returns the means to write and read the values of a run.
    pub(super) fn fields(&self, row: &RunRow) -> Arc<Fields> {
        let RunRow { id, workflow, execution, .. } = row.clone();
        secrets::fields(RunIdentity { id, workflow, execution }, self.stores.clone(), self.subject.cipher.clone())
    }

    pub(super) fn env(&self, row: &RunRow, session: Session) -> Arc<RunEnv> {
        RunEnv::with_queues(self.fields(row), self.resources.clone(), session, self.subject.queues.clone())
    }

    fn new_machine(&mut self, row: &RunRow) -> Box<Machine> {
        let session = self.sessions.entry(row.number).or_default().clone();
        let env = self.env(row, session);
        let run = Machine::new(row, self.lease, Limits::default(), env, || {});
        let run = run.with_stubs(self.subject.stubs.clone());
        if self.subject.releasing_early { run.releasing_early() } else { run }
    }

    async fn rebuild(&mut self, run: &mut Machine, row: &RunRow) -> Result<(), String> {
        // A replay cannot wait, so the values that it may load are loaded before.
        let rows = self.store.fields(row.number, 1, u64::MAX).map_err(|error| error.to_string())?;
        let mut values = HashMap::new();
        for row in rows.into_iter().filter(|row| row.value.encoding == Encoding::Stored) {
            let pointer = Pointer::read(&row.value).map_err(|error| error.to_string())?;
            let value = run.env().fields.load(&pointer).await.map_err(|error| error.to_string())?;
            values.insert((row.seq, row.name), value);
        }
        let items = self.store.inbox(RunKey::Number(row.number), 0, usize::MAX).map_err(|error| error.to_string())?;
        for pointer in items.iter().filter_map(result_of) {
            let value = run.env().fields.load(&pointer).await.map_err(|error| error.to_string())?;
            values.insert((0, pointer.field.clone()), value);
        }
        let load: LoadField<'_> = &mut |row| Ok(values[&(row.seq, row.name.clone())].clone());
        let workflow = self.subject.workflow(row)?;
        match rebuild(&*self.store, None, run, row, &*workflow, |_| self.now, load) {
            Ok(()) => Ok(()),
            Err(Rebuild::Park(reason)) => Err(format!("the run was parked in replay: {}", secrets::why(&reason))),
            Err(Rebuild::Store(error)) => Err(error.to_string()),
        }
    }

    /// Replays the journals of all ended runs once more from the start, and checks that the code reaches the same end.
    pub(super) async fn replay_whole(&mut self) -> Result<(), String> {
        for row in self.rows()?.into_iter().filter(|row| row.status.is_final()) {
            if !self.is_new(&row)? {
                continue;
            }
            let mut run = self.new_machine(&row);
            self.rebuild(&mut run, &row).await?;
            let (ended, recorded): (Option<Status>, _) = (run.ended(), row.status);
            if ended != Some(recorded) {
                let id = row.id;
                return Err(format!("replayed from the start run `{id}` ends as {ended:?}, recorded is {recorded}"));
            }
        }
        Ok(())
    }

    /// Returns whether no identical journal was replayed before.
    fn is_new(&self, row: &RunRow) -> Result<bool, String> {
        let mut hash = DefaultHasher::new();
        let value = |hash: &mut DefaultHasher, value: Option<&Value>| {
            value.map(|value| (value.encoding, &value.bytes)).hash(hash);
        };
        (&row.workflow, row.version, row.execution, row.seed).hash(&mut hash);
        for entry in self.journal(row.number)? {
            let kind = entry.kind.as_str();
            (entry.seq, kind, entry.cause, entry.at, entry.position, entry.attempt, entry.due).hash(&mut hash);
            (&entry.name, &entry.other, entry.context).hash(&mut hash);
            value(&mut hash, entry.value.as_ref());
        }
        for field in self.store.fields(row.number, 1, u64::MAX).map_err(|error| error.to_string())? {
            (field.seq, &field.name).hash(&mut hash);
            value(&mut hash, Some(&field.value));
        }
        let mut replayed = self.subject.replayed.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(replayed.insert(hash.finish()))
    }

    pub(super) fn take_over(&mut self) -> Result<(), String> {
        let leases = self.store.leases().map_err(|error| error.to_string())?;
        let LeaseRow { number, epoch, heartbeat, .. } = leases.into_iter().next().ok_or("there is no lease")?;
        let take = Write::TakeLease { seen: Lease { number, epoch }, heartbeat, owner: "another".into() };
        match self.store.write(take)? {
            Written::Lease(lease) => {
                self.lease = lease;
                Ok(())
            }
            other => Err(format!("taking the lease gave {other:?}")),
        }
    }
}
