//! Calls whose answers come from outside of the run: recorded at their first poll, or compared with what is recorded.

use super::arguments::{same_value, to_record};
use super::calls::RunJournal;
use super::outgoing::Sent;
use super::run_scope::scope_entry;
use super::state::{State, What};
use super::turn::{Turn, first_entry};
use crate::fields::Fields;
use crate::journal::{Child, Journal, Operation};
use crate::lengths;
use crate::record::{Kind, ParkReason, RunIdentity};
use crate::store::{EntryRow, Lease, NewInboxItem, NewRun, Outgoing, RequestRow};
use crate::value::Value;
use data_encoding::HEXLOWER;
use std::sync::Arc;

/// 32 hexadecimal digits that belong to a position of an incarnation.
pub(crate) fn derived(incarnation: [u8; 16], position: u64) -> String {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"derived");
    hash.update(incarnation);
    hash.update(position.to_le_bytes());
    HEXLOWER.encode(&hash.finalize()[..16])
}

/// The id of a request in a copy of the run that has kept it under another id; 32 hexadecimal digits.
pub(crate) fn asked_again(incarnation: [u8; 16], known: &str) -> String {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"asked again");
    hash.update(incarnation);
    hash.update(known.as_bytes());
    HEXLOWER.encode(&hash.finalize()[..16])
}

impl RunJournal {
    /// 32 hexadecimal digits that belong to a position of this incarnation.
    pub(super) fn derived(&self, position: u64) -> String {
        derived(self.identity().incarnation, position)
    }

    pub(super) fn begin_operation(&self, position: u64, operation: Operation) {
        let mut guard = self.state();
        if let Some(entry) = guard.recorded(position, || in_words(&operation)) {
            // Comparing decodes and encodes with the user's code, which must not find the lock held.
            drop(guard);
            self.vault().take_fault();
            let same = entry.position == Some(position) && is_recorded(&entry, &operation);
            let missing_key = if same { None } else { self.missing_key(Some(position)) };
            let mut state = self.state();
            match missing_key {
                Some(reason) => drop(state.fault.get_or_insert(reason)),
                None if !same => state.diverged(&entry, in_words(&operation)),
                None => self.wait(&mut state, position, operation, Some(&entry)),
            }
            return;
        }
        if guard.turn.as_mut().and_then(Turn::live).is_none() {
            return;
        }
        drop(guard);
        self.record_operation(position, operation);
    }

    /// The first time: the entry, and what it writes into the database with it.
    fn record_operation(&self, position: u64, operation: Operation) {
        let mut operation = operation;
        let started = match &mut operation {
            Operation::Child(child) if child.input.is_ok() => match self.new_run(position, child) {
                Ok(run) => Some(run),
                Err(why) => {
                    child.input = Err(why);
                    None
                }
            },
            _ => None,
        };
        if refusal(&operation).is_some() {
            // What waits for a key is not refused.
            if let Some(reason) = self.missing_key(Some(position)) {
                self.state().fault.get_or_insert(reason);
                return;
            }
        }
        let limit = self.limits().arguments;
        // What is compared later may be a hash; deciding that runs the user's code.
        let recorded = match &operation {
            Operation::Send { value: Ok(value), recode, .. } => Some(to_record(*recode, value, limit)),
            Operation::Child(Child { input: Ok(input), recode, .. }) => Some(to_record(*recode, input, limit)),
            Operation::Request { value: Ok(value), .. } => Some(value.clone()),
            _ => None,
        };
        let mut guard = self.state();
        let state = &mut *guard;
        let (now, due) = (state.now, operation.due().map(|due| state.recorded_now(due)));
        let Some(turn) = state.turn.as_mut().and_then(Turn::live) else { return };
        turn.record(kind(&operation), |entry| {
            entry.position = Some(position);
            entry.value = recorded;
            match &operation {
                Operation::Receive { channel, .. } => {
                    entry.name = Some((*channel).to_owned());
                    entry.due = due;
                }
                Operation::Send { to, channel, value, .. } => {
                    entry.name = Some((*channel).to_owned());
                    // The id may be what is refused.
                    entry.other = value.is_ok().then(|| to.clone());
                }
                Operation::Request { name, .. } => {
                    entry.name = Some((*name).to_owned());
                    entry.other = Some(self.derived(position));
                    entry.due = due;
                }
                Operation::Child(child) => {
                    entry.name = Some(child.workflow.to_owned());
                    entry.other = started.as_ref().map(|run| run.id.clone());
                }
                Operation::Answer { id, .. } => entry.other = Some(id.clone()),
            }
        });
        match (&operation, started) {
            (Operation::Child(_), Some(run)) => {
                let outgoing = Outgoing::Start { run: Box::new(run), position: Some(position) };
                turn.outgoing.push(Sent { outgoing, awaited_at: Some(position) });
            }
            _ => turn.outgoing.extend(self.outgoing(position, &operation, now, due)),
        }
        self.wait(state, position, operation, None);
    }

    /// What a call writes into the database beyond its entry, with its due time as it is recorded; written again, it changes
    /// nothing.
    fn outgoing(&self, position: u64, operation: &Operation, now: i64, due: Option<i64>) -> Option<Sent> {
        match operation {
            Operation::Send { to, channel, value: Ok(value), .. } => {
                let item = NewInboxItem {
                    key: Some(self.derived(position)),
                    name: Some((*channel).to_owned()),
                    sender: Some(self.identity().id.clone()),
                    value: Some(value.clone()),
                    ..NewInboxItem::new(0, "message", now)
                };
                let outgoing = Outgoing::Tell { to: to.clone(), item };
                Some(Sent { outgoing, awaited_at: Some(position) })
            }
            Operation::Request { name, answer, value: Ok(value), .. } => {
                let row = RequestRow {
                    id: self.derived(position),
                    run: 0,
                    position,
                    name: (*name).to_owned(),
                    answer: (*answer).to_owned(),
                    at: now,
                    due,
                    answered: None,
                    value: value.clone(),
                };
                Some(Sent { outgoing: Outgoing::Ask(row), awaited_at: None })
            }
            _ => None,
        }
    }

    /// What a run that is loaded again says once more, because nobody knows whether it arrived: a message whose answer is
    /// not recorded; a question and a wait for another run, which a copy of a run has not yet in this database.
    pub(super) fn said_again(&self, position: u64, state: &State) -> Option<Sent> {
        let call = state.calls.get(&position).filter(|call| call.completion.is_none())?;
        match &call.what {
            What::Operation { operation, due, .. } if !matches!(**operation, Operation::Child(_)) => {
                self.outgoing(position, operation, state.now, due.map(|due| state.recorded_due(due)))
            }
            // Whether the run that has a given id is the one that was started is asked first; one that was refused is not
            // there.
            What::Operation { operation, .. } if matches!(&**operation, Operation::Child(child) if child.id.is_some() || child.input.is_err()) => {
                None
            }
            What::Operation { other, .. } => {
                let id = other.clone()?;
                let outgoing = Outgoing::Watch { id, position };
                Some(Sent { outgoing, awaited_at: Some(position) })
            }
            _ => None,
        }
    }

    /// The call is in flight; a message that has come already is its answer.
    fn wait(&self, state: &mut State, position: u64, operation: Operation, recorded: Option<&EntryRow>) {
        let due = match (&operation, recorded) {
            (_, Some(entry)) => entry.due.map(|due| state.elapsed_due(due)),
            (_, None) => operation.due(),
        };
        let other = match (&operation, recorded) {
            // A copy of a run asks its own question.
            (Operation::Request { .. }, _) => Some(self.derived(position)),
            (Operation::Child(child), None) => Some(child.id.clone().unwrap_or_else(|| self.derived(position))),
            (Operation::Answer { id, .. }, _) => Some(id.clone()),
            (_, entry) => entry.and_then(|entry| entry.other.clone()),
        };
        let known = match (&operation, recorded) {
            (Operation::Request { .. }, Some(entry)) if entry.other != other => entry.other.clone(),
            _ => None,
        };
        let is_refused = match &operation {
            Operation::Answer { id, .. } => !state.may_be_answered(id),
            operation => refusal(operation).is_some(),
        };
        if is_refused {
            state.refused.insert(position);
        }
        state.insert(position, What::Operation { operation: Box::new(operation), due, other, known });
        state.serve(position);
    }

    /// As random as this run's own, and another for each call.
    fn child_incarnation(&self, position: u64) -> [u8; 16] {
        let mut hash = hmac_sha256::Hash::new();
        hash.update(b"child");
        hash.update(self.identity().incarnation);
        hash.update(position.to_le_bytes());
        let mut incarnation = [0; 16];
        incarnation.copy_from_slice(&hash.finalize()[..16]);
        incarnation
    }

    /// The run that a workflow starts, as it begins. Who owns it and whose child it is, the machine knows.
    fn new_run(&self, position: u64, child: &Child) -> Result<NewRun, String> {
        let id = child.id.clone().unwrap_or_else(|| self.derived(position));
        let incarnation = self.child_incarnation(position);
        let identity = RunIdentity { id: id.clone(), workflow: child.workflow.to_owned(), incarnation };
        let fields: Arc<Fields> = self.fields().sibling(identity);
        child.id.iter().try_for_each(|id| lengths::check("a run's id", id, 1))?;
        child.dedup.iter().try_for_each(|key| lengths::check("a deduplication key", key, 1))?;
        for (name, value) in &child.scope.labels {
            lengths::check("the name of a label", name, 1)?;
            lengths::check(&format!("the value of the label `{name}`"), value, 0)?;
        }
        child.scope.check_size()?;
        let input = (child.encode)(&fields)?;
        let at = self.state().now;
        let mut entries = vec![first_entry(child.workflow, input, at)];
        entries.extend(scope_entry(2, &child.scope, at));
        Ok(NewRun {
            id,
            workflow: child.workflow.to_owned(),
            lease: Lease { number: 0, epoch: 0 },
            incarnation,
            at,
            entries,
            version: child.version,
            parent: (!child.detached).then_some(0),
            dedup: child.dedup.clone(),
            labels: child.scope.labels.clone().into_iter().collect(),
        })
    }

    /// The run is to be parked: a value cannot be stored, or the key of its secret is missing.
    pub(super) fn cannot_store(&self, position: u64, why: &str) {
        let reason = self.missing_key(Some(position)).unwrap_or_else(|| {
            let run = self.identity();
            let message = format!(
                "run `{}` (workflow `{}`) cannot go on at position {position}: what it gives away cannot be stored: {why}. \
                 Deploy code whose value can be; the run then goes on by itself",
                run.id, run.workflow
            );
            ParkReason::new(crate::record::ParkCause::Unstorable, message).at(Some(position))
        });
        self.state().fault.get_or_insert(reason);
    }
}

pub(super) fn refusal(operation: &Operation) -> Option<&String> {
    match operation {
        Operation::Send { value, .. } | Operation::Request { value, .. } => value.as_ref().err(),
        Operation::Child(child) => child.input.as_ref().err(),
        Operation::Receive { .. } | Operation::Answer { .. } => None,
    }
}

const fn kind(operation: &Operation) -> Kind {
    match operation {
        Operation::Receive { .. } | Operation::Answer { .. } => Kind::ReceiveStarted,
        Operation::Send { .. } => Kind::MessageSent,
        Operation::Request { .. } => Kind::RequestOpened,
        Operation::Child(_) => Kind::ChildStarted,
    }
}

/// Whether a recorded call is today's.
fn is_recorded(entry: &EntryRow, operation: &Operation) -> bool {
    let name = entry.name.as_deref();
    let same = |recode: fn(&Value) -> Option<Value>, found: &Result<Value, String>| match (&entry.value, found) {
        (Some(recorded), Ok(found)) => same_value(recode, recorded, found),
        // What was refused when it was called stays refused.
        (recorded, _) => recorded.is_none(),
    };
    entry.kind == kind(operation)
        && match operation {
            Operation::Receive { channel, .. } => name == Some(channel),
            Operation::Answer { id, .. } => entry.other.as_deref() == Some(id),
            Operation::Send { to, channel, value, recode } => {
                let to_same = entry.value.is_none() || entry.other.as_deref() == Some(to);
                name == Some(channel) && to_same && same(*recode, value)
            }
            Operation::Request { name: question, value, recode, .. } => name == Some(question) && same(*recode, value),
            Operation::Child(child) => {
                name == Some(child.workflow)
                    && child.id.as_ref().is_none_or(|id| entry.value.is_none() || entry.other.as_ref() == Some(id))
                    && same(child.recode, &child.input)
            }
        }
}

/// A call in the words of the user.
fn in_words(operation: &Operation) -> String {
    let value = |value: &Result<Value, String>| {
        value.as_ref().map_or_else(|_| "a value that cannot be stored".to_owned(), ToString::to_string)
    };
    match operation {
        Operation::Receive { channel, .. } => format!("a wait for a message `{channel}`"),
        Operation::Answer { id, .. } => format!("a wait for the answer to request {id}"),
        Operation::Send { to, channel, value: said, .. } => {
            format!("message `{channel}` sent to run `{to}`: {}", value(said))
        }
        Operation::Request { name, value: asked, .. } => format!("request `{name}`: {}", value(asked)),
        Operation::Child(child) => match &child.id {
            Some(id) => format!("workflow `{}` started as `{id}` with {}", child.workflow, value(&child.input)),
            None => format!("workflow `{}` started with {}", child.workflow, value(&child.input)),
        },
    }
}
