//! The calls of a run over time, without their values: what a picture of it is drawn from.

use super::InspectError;
use super::entries::Entry;
use super::inspector::{Inspector, Source};
use super::steps::{Attempt, StepStatus};
use super::trace::calls::{Call, Calls, What};
use super::waits::with_request;
use crate::record::Kind;
use crate::record::millis::moment;
use crate::store::{EntryRow, RunRow};
use serde::Serialize;
use std::collections::HashMap;
use std::time::SystemTime;

/// The number of entries read at a time, and in all.
const PAGE: usize = 4_096;
const MOST: usize = 100_000;

/// The calls of a run over time: steps with their attempts, and everything else that it waited for.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Timeline {
    /// The id of the run.
    pub run: String,
    /// The calls, in the order in which they were made.
    pub calls: Vec<TimelineCall>,
    /// The entries that changed the context or were refused a change, in order and without values.
    pub changes: Vec<Entry>,
    /// The time of the first entry that was read; `None` if there is none.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub from: Option<SystemTime>,
    /// The time of the last entry that was read.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub until: Option<SystemTime>,
    /// The number of the last entry that was read, if there are more: those after it are another timeline.
    pub next: Option<u64>,
}

/// A call on a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TimelineCall {
    /// The kind of the entry of the call, which says what the run waits for.
    pub kind: Kind,
    /// The name of the step, channel, question or workflow; empty for a sleep.
    pub name: String,
    /// The command index of the call.
    pub position: u64,
    /// The status of the call.
    pub status: StepStatus,
    /// The entry of the call.
    pub called: u64,
    /// The time of the call.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub called_at: SystemTime,
    /// The version of the context that a step sees: the number of the entry that wrote it.
    pub context: Option<u64>,
    /// The attempts of a step, in order, without the causes of their failures.
    pub attempts: Vec<Attempt>,
    /// The entry of its end.
    pub ended: Option<u64>,
    /// The time of its end.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub ended_at: Option<SystemTime>,
    /// The end of a sleep, the next attempt of a step that has failed, or the end of a limited wait.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub due: Option<SystemTime>,
}

/// What was read of a history.
#[derive(Default)]
struct Reading {
    open: Calls,
    calls: Vec<TimelineCall>,
    /// The place of each call among the calls, by command index.
    places: HashMap<u64, usize>,
    changes: Vec<Entry>,
    from: Option<i64>,
    until: Option<i64>,
}

impl Reading {
    fn take(&mut self, entry: &EntryRow) {
        self.from = self.from.or(Some(entry.at));
        self.until = self.until.max(Some(entry.at));
        match entry.kind {
            Kind::ContextSet | Kind::ContextUpdated | Kind::ContextRefused => self.change(entry),
            Kind::AttemptStarted | Kind::AttemptFailed => self.attempt(entry),
            Kind::MessageKept => self.open.keep(entry.name.clone().unwrap_or_default()),
            Kind::MessageTried if entry.attempt == Some(1) => {
                self.open.take_kept(entry.name.as_deref().unwrap_or_default());
            }
            _ => self.call(entry),
        }
    }

    fn change(&mut self, entry: &EntryRow) {
        self.changes.push(Entry::of(EntryRow { value: None, ..entry.clone() }, Vec::new()));
    }

    fn call(&mut self, entry: &EntryRow) {
        if let Some((position, _)) = self.open.end(entry) {
            self.end(position, entry);
            return;
        }
        let at_once = self.open.begin(entry);
        let begun = at_once.as_ref().map(|(_, call)| call);
        let Some(position) = entry.position else { return };
        let Some(call) = begun.or_else(|| self.open.at(position).filter(|call| call.seq == entry.seq)) else { return };
        let call = TimelineCall::begun(position, call, entry);
        self.places.insert(position, self.calls.len());
        self.calls.push(call);
        if at_once.is_some() {
            self.end(position, entry);
        }
    }

    fn end(&mut self, position: u64, entry: &EntryRow) {
        let Some(call) = self.places.get(&position).and_then(|place| self.calls.get_mut(*place)) else { return };
        call.status = match entry.kind {
            Kind::StepFailed | Kind::MessageRefused => StepStatus::Failed,
            Kind::CallAbandoned => StepStatus::Abandoned,
            _ => StepStatus::Completed,
        };
        (call.ended, call.ended_at) = (Some(entry.seq), Some(moment(entry.at)));
        if let Some(last) = call.attempts.last_mut().filter(|last| last.ended_at.is_none()) {
            last.ended_at = call.ended_at;
        }
    }

    fn attempt(&mut self, entry: &EntryRow) {
        let place = entry.position.and_then(|position| self.places.get(&position));
        let Some(call) = place.and_then(|place| self.calls.get_mut(*place)) else { return };
        let last = call.attempts.last_mut().filter(|last| last.ended_at.is_none());
        if entry.kind == Kind::AttemptStarted {
            if let Some(last) = last {
                last.lost = true;
            }
            call.attempts.push(Attempt::started(entry.attempt.unwrap_or(1), entry.at));
            (call.status, call.due) = (StepStatus::Running, None);
        } else {
            if let Some(last) = last {
                (last.ended_at, last.retry_at) = (Some(moment(entry.at)), entry.due.map(moment));
            }
            (call.status, call.due) = (StepStatus::Retrying, entry.due.map(moment));
        }
    }
}

impl TimelineCall {
    fn begun(position: u64, call: &Call, entry: &EntryRow) -> Self {
        Self {
            kind: entry.kind,
            name: call.name.clone(),
            position,
            status: StepStatus::Running,
            called: call.seq,
            called_at: moment(call.at),
            context: call.context.filter(|_| call.what == What::Step),
            attempts: call.attempt.map(|attempt| Attempt::started(attempt.number, attempt.at)).into_iter().collect(),
            ended: None,
            ended_at: None,
            due: entry.due.map(moment),
        }
    }
}

impl Source {
    fn timeline(&self, row: &RunRow, after: u64) -> Result<Timeline, InspectError> {
        let (mut reading, mut at, mut read) = (Reading::default(), after, 0);
        while read < MOST && at < row.seq {
            let page = self.store.outline(row.number, at, PAGE)?;
            let Some(last) = page.last() else { break };
            at = last.seq;
            read += page.len();
            for entry in page {
                reading.take(&with_request(&*self.store, row.number, entry)?);
            }
        }
        let next = (at < row.seq && read >= MOST).then_some(at);
        if row.status.is_final() && next.is_none() {
            // The end of a run drops what it still waits for.
            for call in reading.calls.iter_mut().filter(|call| call.ended.is_none()) {
                call.status = StepStatus::Abandoned;
            }
        }
        let Reading { calls, changes, from, until, .. } = reading;
        Ok(Timeline { run: row.id.clone(), calls, changes, from: from.map(moment), until: until.map(moment), next })
    }
}

impl Inspector {
    /// Returns the calls of a run over time, of those made after an entry; 0 for all. At most about 100,000 entries are
    /// read, and none of their values.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn timeline(&self, run: &str, after: u64) -> Result<Timeline, InspectError> {
        let run = run.to_owned();
        self.ask(move |source| {
            let row = source.run(&run)?;
            source.timeline(&row, after)
        })
        .await
    }
}
