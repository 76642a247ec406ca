//! Finds the open calls of a run's history.

use super::answers::{KeptRequests, open_request, opening, with_request};
use super::{Wait, WaitsFor, queued};
use crate::command::derived_id;
use crate::inspect::heard::Hearing;
use crate::journal::SENT;
use crate::record::millis::moment;
use crate::record::{Kind, ParkReason};
use crate::store::{EntryRow, RunKey, RunRow, Status, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of last entries that are read; calls that began before them are left out.
const ENTRIES: u64 = 10_000;
const PAGE: usize = 2_048;

/// The number of child runs that are looked up.
const RUNS: usize = 50;

/// A call in flight.
struct Call {
    open: Open,
    seq: u64,
    at: i64,
    /// The name of the step, channel, request or workflow; for an answer, the id by which the run knows the request.
    name: String,
    attempt: u32,
    due: Option<i64>,
}

/// The kind of an open call.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Attempt,
    Retry,
    Timer,
    Message,
    Request,
    /// The answer to a request of an earlier execution.
    Answer,
    Run,
}

/// The open calls, by command index.
#[derive(Default)]
struct Calls {
    open: BTreeMap<u64, Call>,
    /// The calls that wait for a message, by channel: the first by command index gets the next one.
    receivers: HashMap<String, BTreeSet<u64>>,
    /// The number of messages that arrived before a call waited for them, by channel.
    kept: HashMap<String, usize>,
    /// The requests of earlier executions.
    requests: KeptRequests,
}

/// The number of runs in the cache.
const SEEN: usize = 1_024;

/// A cache of the open calls of runs whose status was read, so that reading it again costs only the entries since.
#[derive(Default)]
pub(crate) struct Seen(Mutex<HashMap<i64, (u64, Calls)>>);

impl Seen {
    fn state(&self) -> MutexGuard<'_, HashMap<i64, (u64, Calls)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, run: i64, upto: u64, calls: Calls) {
        let mut seen = self.state();
        if seen.len() >= SEEN {
            seen.clear();
        }
        seen.insert(run, (upto, calls));
    }
}

/// Returns the waits of a run that is neither parked nor paused, in the order of the calls.
pub(super) fn waits(store: &dyn Store, seen: &Seen, hearing: &Hearing, row: &RunRow) -> Result<Vec<Wait>, StoreError> {
    // Taken out, so that the lock is not held while the database is read.
    let known = seen.state().remove(&row.number).filter(|(upto, _)| *upto <= row.seq);
    let (mut after, mut calls) = match known {
        Some(known) => known,
        None => begin(store, row)?,
    };
    while after < row.seq {
        let page = store.outline(row.number, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            calls.take(with_request(store, row.number, entry)?);
        }
    }
    let has_steps = calls.open.values().any(|call| call.open == Open::Attempt);
    let queued = if has_steps { queued::of(store, hearing, row.number)? } else { BTreeMap::new() };
    let mut runs = 0;
    let waits = calls.open.iter().filter_map(|(&position, call)| {
        runs += usize::from(call.open == Open::Run);
        if runs > RUNS && call.open == Open::Run {
            return None;
        }
        let for_what = match queued.get(&position) {
            Some(queued) if call.open == Open::Attempt => queued.clone(),
            _ => call.for_what(store, row, position, &calls.requests)?,
        };
        Some(Wait { for_what, since: moment(call.at), until: call.due.map(moment) })
    });
    let waits = waits.collect();
    seen.keep(row.number, after, calls);
    Ok(waits)
}

/// Returns the entry after which the history is read, and what the entries before it say of requests.
fn begin(store: &dyn Store, row: &RunRow) -> Result<(u64, Calls), StoreError> {
    let (after, mut calls) = (row.seq.saturating_sub(ENTRIES), Calls::default());
    if after > 0 {
        for entry in opening(store, row.number, after)? {
            calls.take(entry);
        }
    }
    Ok((after, calls))
}

impl Calls {
    #[expect(clippy::too_many_lines, reason = "a table of what each kind means here")]
    fn take(&mut self, entry: EntryRow) {
        let Some(position) = entry.position else {
            let name = entry.name.clone().unwrap_or_default();
            match entry.kind {
                Kind::MessageReceived => self.came(name),
                Kind::MessageKept => *self.kept.entry(name).or_default() += 1,
                Kind::RequestKept => self.requests.keep(entry),
                Kind::AnswerKept | Kind::RequestAnswered | Kind::RequestExpired => {
                    self.settled(entry.other.unwrap_or_default());
                }
                _ => {}
            }
            return;
        };
        let name = entry.name.unwrap_or_default();
        let call = |open, name| Call {
            open,
            seq: entry.seq,
            at: entry.at,
            name,
            attempt: entry.attempt.unwrap_or(1),
            due: entry.due,
        };
        match entry.kind {
            Kind::StepStarted | Kind::AttemptStarted | Kind::AttemptFailed => {
                let open = if entry.kind == Kind::AttemptFailed { Open::Retry } else { Open::Attempt };
                let before = self.open.remove(&position).map(|before| before.name);
                let name = if name.is_empty() { before.unwrap_or_default() } else { name };
                self.open.insert(position, call(open, name));
            }
            Kind::TimerSet => drop(self.open.insert(position, call(Open::Timer, name))),
            Kind::RequestOpened => drop(self.open.insert(position, call(Open::Request, name))),
            Kind::ChildStarted => drop(self.open.insert(position, call(Open::Run, name))),
            Kind::ReceiveStarted if let Some(request) = entry.other => {
                // A request that is settled already completes the call at once, without an entry.
                if !self.requests.take_settled(&request) {
                    let due = self.requests.due(&request);
                    self.open.insert(position, Call { due, ..call(Open::Answer, request) });
                }
            }
            Kind::ReceiveStarted => {
                let kept = self.kept.entry(name.clone()).or_default();
                if *kept > 0 {
                    *kept -= 1;
                } else {
                    self.receivers.entry(name.clone()).or_default().insert(position);
                    self.open.insert(position, call(Open::Message, name));
                }
            }
            Kind::MessageTried => {
                let found = usize::from(entry.attempt == Some(1));
                let kept = self.kept.entry(name).or_default();
                *kept = kept.saturating_sub(found);
            }
            Kind::MessageReceived => self.came(name),
            Kind::StepCompleted
            | Kind::StepFailed
            | Kind::TimerFired
            | Kind::CallAbandoned
            | Kind::MessageRefused
            | Kind::RequestAnswered
            | Kind::ChildEnded => drop(self.open.remove(&position)),
            // Not a wait, or one that no person could end.
            Kind::RunStarted
            | Kind::RunCompleted
            | Kind::RunFailed
            | Kind::RunCancelled
            | Kind::RunMoved
            | Kind::RunTimedOut
            | Kind::RunRefused
            | Kind::RunReplaced
            | Kind::RunPaused
            | Kind::RunResumed
            | Kind::ContextSet
            | Kind::ContextUpdated
            | Kind::ContextRefused
            | Kind::ContextContinued
            | Kind::CancelRequested
            | Kind::DeadlineReached
            | Kind::ScopeSet
            | Kind::MessageSent
            | Kind::MessageDelivered
            | Kind::EventSent
            | Kind::ValuePublished
            | Kind::StreamWritten
            | Kind::StreamClosed
            | Kind::LabelSet
            | Kind::ChildCancelled
            | Kind::PatchMarked
            | Kind::MessageKept
            | Kind::AnswerKept
            | Kind::RequestKept
            | Kind::RequestExpired
            | Kind::StateSet
            | Kind::StateEdited
            | Kind::ClockMoved => {}
        }
    }

    /// Gives a message to the first call that still waits on its channel.
    fn came(&mut self, channel: String) {
        let receivers = self.receivers.entry(channel.clone()).or_default();
        while let Some(position) = receivers.pop_first() {
            if self.open.remove(&position).is_some() {
                return;
            }
        }
        *self.kept.entry(channel).or_default() += 1;
    }

    /// Ends the wait for the answer to a request of an earlier execution, or completes a later call for it.
    fn settled(&mut self, request: String) {
        let waits = |(_, call): &(&u64, &Call)| call.open == Open::Answer && call.name == request;
        match self.open.iter().find(waits).map(|(position, _)| *position) {
            Some(position) => drop(self.open.remove(&position)),
            None => self.requests.settle(request),
        }
    }
}

impl Call {
    fn for_what(&self, store: &dyn Store, row: &RunRow, position: u64, kept: &KeptRequests) -> Option<WaitsFor> {
        let name = || self.name.clone();
        Some(match self.open {
            Open::Attempt => WaitsFor::Step { name: name(), attempt: self.attempt },
            Open::Retry => WaitsFor::Retry { step: name(), failed: self.attempt },
            Open::Timer => WaitsFor::Timer,
            Open::Message => match self.name.strip_prefix("event:") {
                Some(event) => WaitsFor::Event(event.to_owned()),
                // The internal channel of a graph's own steps: no person could send on it.
                None if self.name == SENT => return None,
                None => WaitsFor::Message(name()),
            },
            // Requests of earlier executions may have the same command index, so it is found by its id.
            Open::Request => open_request(store, derived_id(row.execution, position))?,
            Open::Answer => open_request(store, kept.id(&self.name))?,
            Open::Run => self.run(store, row)?,
        })
    }

    /// Returns the wait for a child run, with its current status.
    fn run(&self, store: &dyn Store, row: &RunRow) -> Option<WaitsFor> {
        let started = store.entries(row.number, self.seq.saturating_sub(1), 1).ok()?.into_iter().next()?;
        let id = started.other?;
        let run = store.run(RunKey::Id(&id)).ok()?;
        let status = run.as_ref().map(|run| run.status);
        let parked = run.and_then(|run| run.parked).filter(|_| status == Some(Status::Parked));
        let parked = parked.as_deref().and_then(ParkReason::from_json).map(Box::new);
        Some(WaitsFor::Run { id, status, parked })
    }
}
