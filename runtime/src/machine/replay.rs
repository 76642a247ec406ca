//! Rebuilds a run from its history: the same entries are delivered, and the body's commands are compared group by
//! group.

use super::delivered::Delivered;
use super::ending::Ending;
use super::origins::Origins;
use super::suspended::Deferred;
use super::turn::Turn;
use super::{Machine, Purpose, state};
use crate::codec;
use crate::command::{Command, Finish, recorded_version};
use crate::journal::{AnyWorkflow, BodyEnd, Journal};
use crate::record::{FORMAT, Kind, ParkCause, ParkReason, Role};
use crate::store::{EntryRow, FieldRow, Status, StoreError};
use crate::value::Value;
use std::collections::VecDeque;
use std::iter::Peekable;

/// Loads the value of a field that is in a store.
pub(crate) type LoadField<'a> = &'a mut dyn FnMut(&FieldRow) -> Result<Value, Rebuild>;

/// The reason why a run could not be rebuilt.
pub(crate) enum Rebuild {
    /// The run is to be parked.
    Park(ParkReason),
    /// The database cannot be read.
    Store(StoreError),
}

impl From<ParkReason> for Rebuild {
    fn from(reason: ParkReason) -> Self {
        Self::Park(reason)
    }
}

/// The turn whose group is being collected.
#[derive(Default)]
pub(super) struct PendingTurn {
    cause: Option<EntryRow>,
    group: VecDeque<EntryRow>,
    fields: VecDeque<FieldRow>,
    /// Whether nothing follows in the history.
    last: bool,
    /// Whether a cancellation follows, perhaps in the middle of this turn.
    cut: bool,
}

impl Machine {
    /// Replays the next entries of the history, in order, with the field values that they wrote.
    ///
    /// # Errors
    /// The reason for parking the run: the history is damaged, or the code diverges from it.
    pub(crate) fn replay(
        &mut self,
        workflow: &dyn AnyWorkflow,
        entries: Vec<EntryRow>,
        fields: Vec<FieldRow>,
        load: LoadField<'_>,
    ) -> Result<(), Rebuild> {
        let mut fields = fields.into_iter().peekable();
        for entry in entries {
            if entry.seq != self.unwritten.tail + 1 {
                return Err(self
                    .damaged(&format!("entry {} is followed by entry {}", self.unwritten.tail, entry.seq))
                    .into());
            }
            if entry.format > FORMAT {
                let (found, known) = (entry.format, FORMAT);
                let what = format!(
                    "entry {} has format {found}, this version knows formats up to {known}: use a newer version",
                    entry.seq
                );
                return Err(self.damaged(&what).into());
            }
            self.unwritten.tail = entry.seq;
            self.unwritten.appended = entry.seq;
            self.calls.replayed(&entry);
            let role = entry.kind.role();
            if role != Role::Clock {
                self.note_time(&entry);
            }
            match role {
                Role::Scope => self.set_scope(&entry),
                // No command of a turn writes it, and it does not change the values that the turn observes.
                Role::State => {
                    let rows = self.rows_of(&entry, &mut fields);
                    self.check_written(&entry, &rows)?;
                    self.replay_state(&entry, rows);
                }
                Role::Continued => {
                    let rows: Vec<FieldRow> =
                        std::iter::from_fn(|| fields.next_if(|field| field.seq <= entry.seq)).collect();
                    self.check_written(&entry, &rows)?;
                    self.go_on_with(workflow, &entry, rows, load)?;
                }
                Role::Kept => self.keep(entry),
                Role::Command | Role::Refused if entry.cause.is_some() => self.collect(entry, &mut fields)?,
                Role::Turn
                | Role::Command
                | Role::Edit
                | Role::AttemptStarted
                | Role::AttemptFailed
                | Role::Pause
                | Role::Clock
                | Role::Refused
                | Role::Moved
                | Role::Replaced => self.between_turns(role, entry, &mut fields, workflow, load)?,
            }
        }
        Ok(())
    }

    /// Adds an entry to the group of the turn that is being collected.
    fn collect(
        &mut self,
        entry: EntryRow,
        fields: &mut Peekable<impl Iterator<Item = FieldRow>>,
    ) -> Result<(), Rebuild> {
        if self.pending.cause.as_ref().map(|pending| pending.seq) != entry.cause {
            let cause = entry.cause.unwrap_or_default();
            return Err(self.damaged(&format!("entry {} names entry {cause} as its cause", entry.seq)).into());
        }
        while let Some(field) = fields.next_if(|field| field.seq <= entry.seq) {
            self.pending.fields.push_back(field);
        }
        self.check_rows(&entry, &self.pending.fields)?;
        self.pending.group.push_back(entry);
        Ok(())
    }

    /// Handles an entry that follows the group of a turn, which is thereby complete.
    fn between_turns(
        &mut self,
        role: Role,
        entry: EntryRow,
        fields: &mut Peekable<impl Iterator<Item = FieldRow>>,
        workflow: &dyn AnyWorkflow,
        load: LoadField<'_>,
    ) -> Result<(), Rebuild> {
        self.pending.cut = entry.kind == Kind::CancelRequested;
        self.deliver_pending(workflow, load)?;
        match role {
            Role::Turn => {
                // A step that sends an event has written an output too.
                self.apply_attempt(&entry);
                let mut entry = entry;
                if entry.writes_fields() {
                    let rows = self.rows_of(&entry, fields);
                    self.check_written(&entry, &rows)?;
                    self.load_result(&mut entry, &rows, load)?;
                }
                self.pending.cause = Some(entry);
            }
            Role::Edit => {
                let rows = self.rows_of(&entry, fields);
                self.check_written(&entry, &rows)?;
                self.replay_state(&entry, rows);
            }
            Role::Clock => self.note_time(&entry),
            Role::Moved => self.fate.ended = Some(Status::Moved),
            Role::Replaced => {
                self.suspended = None;
                self.fate.ended = Some(Status::Replaced);
            }
            Role::Pause => self.replay_pause(&entry),
            Role::AttemptStarted | Role::AttemptFailed | Role::Command => self.apply_attempt(&entry),
            Role::Refused | Role::Scope | Role::Continued | Role::Kept | Role::State => {}
        }
        Ok(())
    }

    /// Takes the values that an entry wrote outside a turn. Those of the turn before it are kept for that turn.
    fn rows_of(&mut self, entry: &EntryRow, fields: &mut Peekable<impl Iterator<Item = FieldRow>>) -> Vec<FieldRow> {
        let mut rows = Vec::new();
        while let Some(field) = fields.next_if(|field| field.seq <= entry.seq) {
            if field.seq == entry.seq {
                rows.push(field);
            } else {
                self.pending.fields.push_back(field);
            }
        }
        rows
    }

    /// Finishes a replay at the end of the history: delivers the last turn, and restarts what was in flight.
    ///
    /// # Errors
    /// The reason for parking the run.
    pub(crate) fn finish_replay(
        &mut self,
        workflow: &dyn AnyWorkflow,
        now: i64,
        load: LoadField<'_>,
    ) -> Result<(), Rebuild> {
        (self.pending.last, self.pending.cut) = (true, false);
        self.deliver_pending(workflow, load)?;
        if self.is_replacing() {
            return Ok(());
        }
        if self.is_open() {
            self.load_stored_state(workflow, load)?;
            self.open_state()?;
        }
        if self.suspended.is_some() {
            self.deferred.push_back(Deferred::Restart);
        } else if self.purpose == Purpose::Drive {
            self.restart(now);
        }
        Ok(())
    }

    /// Delivers the collected turn, after loading the stored fields that it reads.
    fn deliver_pending(&mut self, workflow: &dyn AnyWorkflow, load: LoadField<'_>) -> Result<(), Rebuild> {
        let mut fields = std::mem::take(&mut self.pending.fields);
        let group = std::mem::take(&mut self.pending.group);
        let version = |row: &FieldRow| group.iter().find(|entry| entry.seq == row.seq).map_or(1, recorded_version);
        let loaded = self.load_stored(workflow, fields.iter_mut(), &version, load);
        self.pending.group = group;
        loaded?;
        self.load_stored_state(workflow, load)?;
        self.pending.fields = fields;
        let turn = self.pending.cause.as_ref().map(|cause| cause.seq);
        Ok(self.follow(workflow).map_err(|reason| reason.in_turn(turn))?)
    }

    /// Delivers an entry again whose group was not recorded.
    fn deliver_again(&mut self, cause: &EntryRow, ending: Option<Ending>) -> Result<(), ParkReason> {
        self.journal.state().see(cause);
        if let Some(ending) = ending {
            self.give_way(ending);
            if self.future.is_none() {
                self.finish_ending(cause.seq);
                return Ok(());
            }
        }
        let delivered = self.delivered(cause)?;
        // Durations that the body starts now begin at the time of that entry.
        let now = self.clock.elapsed;
        let then = self.journal.state().time.elapsed;
        self.clock.elapsed = now.map(|now| then.min(now));
        self.live_turn(cause.seq, cause.at, delivered);
        self.clock.elapsed = now;
        Ok(())
    }

    fn follow(&mut self, workflow: &dyn AnyWorkflow) -> Result<(), ParkReason> {
        let Some(cause) = self.pending.cause.take() else { return Ok(()) };
        let group = std::mem::take(&mut self.pending.group);
        let fields = std::mem::take(&mut self.pending.fields);
        if self.fate.ended.is_some() {
            return Err(ParkReason::diverged(None, state::describe(&cause), "the end of the workflow".into()));
        }
        if cause.kind == Kind::RunStarted {
            let new = group.is_empty() && self.purpose == Purpose::Drive && !self.pending.cut;
            if self.was_refused(&group) || (new && self.refuses(workflow, &cause)) {
                return Ok(());
            }
            self.begin(workflow, &cause)?;
        }
        let ending = Ending::of(&cause);
        if group.is_empty() && self.may_be_unrecorded(&cause) {
            return match self.purpose {
                Purpose::Check => Ok(()),
                Purpose::Drive => self.deliver_again(&cause, ending),
            };
        }
        if let Some(ending) = ending {
            // The body runs no code after an early end without a step of its own.
            if !self.follow_ending(ending) {
                return Ok(());
            }
        }
        let delivered = self.delivered(&cause)?;
        let wake = {
            let mut state = self.journal.state();
            state.see(&cause);
            state.turn = Some(Turn::Replay { cause: cause.seq, group, fields });
            delivered.deliver(&mut state)
        };
        let before = self.held_back.paused.then(|| self.journal.state().running.clone());
        let end = self.poll_body(wake);
        if let Some(before) = before {
            let state = self.journal.state();
            let new = state.running.difference(&before).copied();
            self.held_back.starts.extend(new);
        }
        self.compare(&cause, end)
    }

    /// Returns whether an empty group may mean that the turn was not recorded: the turn parked the run; or it is the
    /// start, which is committed alone and whose turn always leaves something. The result of a transaction is committed
    /// alone too, but its turn may leave nothing, so only the last entry of the history counts.
    fn may_be_unrecorded(&self, cause: &EntryRow) -> bool {
        !self.pending.cut
            && (self.fate.unfinished == Some(cause.seq)
                || cause.kind == Kind::RunStarted
                || (self.pending.last && self.is_of_transaction(cause)))
    }

    /// Compares what the body did in a turn with its recorded group.
    fn compare(&mut self, cause: &EntryRow, end: Result<Option<BodyEnd>, ParkReason>) -> Result<(), ParkReason> {
        let (turn, fault) = {
            let mut state = self.journal.state();
            (state.turn.take(), state.fault.take())
        };
        let Some(Turn::Replay { mut group, .. }) = turn else { return fault.map_or(Ok(()), Err) };
        match fault {
            // The turn was cut: the run was cancelled while the body's fields were being saved.
            Some(_) if self.pending.cut && group.is_empty() => return Ok(()),
            Some(fault) => return Err(fault),
            None => {}
        }
        let replaced = self.journal.state().replaced.take();
        if let Some(with) = replaced {
            self.replace(with, cause.seq, cause.at);
            return Ok(());
        }
        let Some(end) = end? else {
            let Some(missing) = group.front() else { return Ok(()) };
            let found = "nothing: the workflow does not come to it".into();
            return Err(ParkReason::diverged(missing.position, state::describe(missing), found));
        };
        let (kind, status) = match end {
            _ if self.fate.ending.is_some() => self.told_to_end().unwrap_or((Kind::RunCancelled, Status::Cancelled)),
            BodyEnd::Completed(_) => (Kind::RunCompleted, Status::Completed),
            BodyEnd::Failed(_) => (Kind::RunFailed, Status::Failed),
            BodyEnd::Unstorable(why) => return Err(self.unstorable(&why)),
        };
        let (position, recorded) = match group.pop_front() {
            Some(entry) if entry.kind == kind => {
                self.fate.ended = Some(status);
                return Ok(());
            }
            Some(entry) => (entry.position, state::describe(&entry)),
            None => (None, format!("nothing more after entry {}", cause.seq)),
        };
        let found = Command::<(), ()>::Finish(Finish { kind, value: None }).to_string();
        Err(ParkReason::diverged(position, recorded, found))
    }

    /// Makes the body from the first entry.
    pub(super) fn begin(&mut self, workflow: &dyn AnyWorkflow, first: &EntryRow) -> Result<(), ParkReason> {
        self.journal.state().origins = Origins::of(first);
        self.declare_state(workflow.state());
        let input = first.value.as_ref().ok_or_else(|| self.damaged("its first entry has no input"))?;
        match workflow.body(self.journal.clone(), input) {
            Ok(body) => {
                self.future = Some(body);
                self.fate.on_end = Some(workflow.on_end());
                Ok(())
            }
            Err(error) => Err(self.unreadable_input(&error)),
        }
    }

    fn unreadable_input(&self, error: &codec::CodecError) -> ParkReason {
        if let Some(reason) = self.journal.missing_key(None) {
            return reason;
        }
        let run = self.journal.identity();
        ParkReason::new(
            ParkCause::Unreadable,
            format!(
                "the recorded input of run `{}` does not fit workflow `{}` any longer: {error}. \
                 Deploy code whose input type reads what is recorded; the run then resumes automatically",
                run.id, run.workflow
            ),
        )
    }

    /// Returns the delivery of an entry.
    fn delivered(&self, entry: &EntryRow) -> Result<Delivered, ParkReason> {
        let incomplete = || self.damaged(&format!("entry {} ({}) is incomplete", entry.seq, entry.kind.as_str()));
        Delivered::of(entry).ok_or_else(incomplete)
    }

    pub(super) fn damaged(&self, what: &str) -> ParkReason {
        let run = self.journal.identity();
        ParkReason::new(
            ParkCause::Damaged,
            format!("the history of run `{}` (number {}) cannot be followed: {what}", run.id, self.number),
        )
    }
}
