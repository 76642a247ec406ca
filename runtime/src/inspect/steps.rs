//! The steps of a run: each call with its attempts, from beginning to end.

use super::InspectError;
use super::inspector::{Inspector, Source};
use super::page::{Page, Paging};
use crate::error::{AttemptCause, AttemptFailure, Attempts};
use crate::record::Kind;
use crate::record::millis::moment;
use crate::store::{EntryRow, StoreError};
use crate::vault::redact;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The number of entries read at a time, and in all for one page: the end of a step may be far from its call.
const PAGE: usize = 2_048;
const MOST: usize = 100_000;

/// The most entries that are read for the causes of failures of one page.
const CAUSES: usize = 500;

/// A call of a step, with its attempts.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The command index of the call.
    pub position: u64,
    /// The step's name.
    pub name: String,
    /// The status of the call.
    pub status: StepStatus,
    /// The entry of the call, whose value are the arguments.
    pub called: u64,
    /// The time of the call.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub called_at: SystemTime,
    /// The version of the context that it sees: the number of the entry that wrote it. `None` if it takes none.
    pub context: Option<u64>,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
    /// The entry of its end, whose value is the result or the error.
    pub ended: Option<u64>,
    /// The time of its end.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub ended_at: Option<SystemTime>,
}

/// The status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepStatus {
    /// An attempt runs, or waits for an engine.
    Running,
    /// An attempt has failed, and another follows.
    Retrying,
    /// It has finished with a result.
    Completed,
    /// It has failed for good.
    Failed,
    /// The workflow has dropped the call.
    Abandoned,
}

/// An attempt of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// The time of its start.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub started_at: SystemTime,
    /// The time of its end, if it was recorded.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub ended_at: Option<SystemTime>,
    /// Whether it was lost with its process: the next one was started without its end.
    pub lost: bool,
    /// The way in which it failed.
    pub cause: Option<AttemptCause>,
    /// The text of its failure, without secrets.
    pub message: Option<String>,
    /// The time of the next attempt, if another followed a failure.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub retry_at: Option<SystemTime>,
}

impl Step {
    fn called(entry: &EntryRow) -> Self {
        let first = entry.attempt.unwrap_or(1);
        Self {
            position: entry.position.unwrap_or_default(),
            name: entry.name.clone().unwrap_or_default(),
            status: StepStatus::Running,
            called: entry.seq,
            called_at: moment(entry.at),
            context: entry.context,
            // A call that is refused has no attempt.
            attempts: (first > 0).then(|| Attempt::started(first, entry.at)).into_iter().collect(),
            ended: None,
            ended_at: None,
        }
    }

    fn end(&mut self, status: StepStatus, entry: &EntryRow) {
        self.status = status;
        (self.ended, self.ended_at) = (Some(entry.seq), Some(moment(entry.at)));
        if let Some(last) = self.attempts.last_mut().filter(|last| last.ended_at.is_none()) {
            last.ended_at = Some(moment(entry.at));
        }
    }

    /// Adds the causes of the failed attempts.
    fn failed(&mut self, failures: Vec<AttemptFailure>) {
        for failure in failures {
            if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.attempt == failure.attempt) {
                attempt.cause = Some(failure.cause);
                attempt.message = Some(redact(&failure.message).into_owned());
            }
        }
    }
}

impl Attempt {
    pub(super) fn started(attempt: u32, at: i64) -> Self {
        let started_at = moment(at);
        Self { attempt, started_at, ended_at: None, lost: false, cause: None, message: None, retry_at: None }
    }

    /// Returns whether it has ended, and is not known to have failed.
    const fn is_unexplained(&self) -> bool {
        self.ended_at.is_some() && self.cause.is_none()
    }
}

/// The calls of one page, by command index, and the entries whose values have causes.
#[derive(Default)]
struct Calls {
    steps: BTreeMap<u64, Step>,
    /// In the order of the calls.
    order: Vec<u64>,
    causes: Vec<(u64, u64)>,
    open: usize,
}

impl Calls {
    fn take(&mut self, entry: &EntryRow) {
        let Some(step) = entry.position.and_then(|position| self.steps.get_mut(&position)) else { return };
        if step.ended.is_some() {
            return;
        }
        match entry.kind {
            Kind::AttemptStarted => {
                if let Some(last) = step.attempts.last_mut() {
                    last.lost = last.ended_at.is_none();
                }
                step.status = StepStatus::Running;
                step.attempts.push(Attempt::started(entry.attempt.unwrap_or_default(), entry.at));
                return;
            }
            Kind::AttemptFailed => {
                step.status = StepStatus::Retrying;
                if let Some(last) = step.attempts.last_mut() {
                    last.ended_at = Some(moment(entry.at));
                    last.retry_at = entry.due.map(moment);
                }
                self.causes.push((step.position, entry.seq));
                return;
            }
            Kind::StepCompleted => step.end(StepStatus::Completed, entry),
            Kind::StepFailed => {
                step.end(StepStatus::Failed, entry);
                self.causes.push((step.position, entry.seq));
            }
            Kind::CallAbandoned => step.end(StepStatus::Abandoned, entry),
            _ => return,
        }
        self.open -= 1;
    }

    fn call(&mut self, entry: &EntryRow) {
        let step = Step::called(entry);
        self.order.push(step.position);
        self.open += 1;
        self.steps.insert(step.position, step);
    }
}

impl Source {
    fn steps(&self, run: i64, after: u64, limit: usize) -> Result<Page<Step>, StoreError> {
        let (mut calls, mut at, mut read, mut next, mut is_whole) = (Calls::default(), after, 0, None, false);
        while read < MOST && (next.is_none() || calls.open > 0) {
            let page = self.store.outline(run, at, PAGE)?;
            read += page.len();
            let Some(last) = page.last().map(|entry| entry.seq) else {
                is_whole = true;
                break;
            };
            at = last;
            for entry in &page {
                if entry.kind != Kind::StepStarted {
                    calls.take(entry);
                } else if calls.order.len() < limit {
                    calls.call(entry);
                } else if next.is_none() {
                    next = calls.order.last().and_then(|position| calls.steps.get(position)).map(|step| step.called);
                }
            }
        }
        // Every call up to there is on this page.
        next = next.or((!is_whole).then_some(at));
        self.add_causes(run, &mut calls)?;
        let Calls { mut steps, order, .. } = calls;
        let items = order.iter().filter_map(|position| steps.remove(position)).collect();
        Ok(Page::new(items, next.map(|seq| seq.to_string())))
    }

    fn add_causes(&self, run: i64, calls: &mut Calls) -> Result<(), StoreError> {
        // The last entry of a step that failed has the causes of all its attempts.
        for (position, seq) in calls.causes.iter().rev().take(CAUSES) {
            let Some(step) = calls.steps.get_mut(position) else { continue };
            if step.attempts.iter().any(Attempt::is_unexplained) {
                let entry = self.store.entries(run, seq - 1, 1)?.pop();
                step.failed(entry.as_ref().map(failures).unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// Returns the causes that an entry records: of one attempt, or of all.
fn failures(entry: &EntryRow) -> Vec<AttemptFailure> {
    let Some(value) = &entry.value else { return Vec::new() };
    if entry.kind == Kind::AttemptFailed {
        return serde_json::from_slice(&value.bytes).into_iter().collect();
    }
    // One member, named for the kind of failure; the attempts are its value or the last of its values.
    let kind: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&value.bytes).unwrap_or_default();
    let of_all = kind.into_values().next().map(|value| match value {
        serde_json::Value::Array(mut values) => values.pop().unwrap_or_default(),
        value => value,
    });
    let attempts = of_all.and_then(|value| serde_json::from_value::<Attempts>(value).ok());
    attempts.map(|attempts| attempts.failures).unwrap_or_default()
}

impl Inspector {
    /// Returns a page of the steps of a run, in the order of their calls, each with its attempts and their causes. The
    /// cursor is the number of an entry: a page from there on has the steps that were called after it. About 100,000 entries
    /// are read for a page: the end of a step is looked for among them, and a page may have fewer steps than asked for.
    ///
    /// # Errors
    /// No run has this id, the cursor is no number, or the database cannot be read.
    pub async fn steps(&self, run: &str, paging: &Paging) -> Result<Page<Step>, InspectError> {
        let (run, paging) = (run.to_owned(), paging.clone());
        self.ask(move |source| {
            let (limit, after) = (paging.checked()?, paging.number::<u64>()?);
            let number = source.run(&run)?.number;
            Ok(source.steps(number, after, limit)?)
        })
        .await
    }
}
