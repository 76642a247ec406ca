//! Invariants that hold whatever the fault.

use crate::record::Kind;
use crate::record::result_of;
use crate::shared_state::rows;
use crate::store::{EntryRow, FieldRow, Status};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The state of a run as seen from outside so far.
#[derive(Default)]
pub(super) struct Seen {
    /// The committed journal as it was last read.
    journal: Vec<EntryRow>,
    /// The attempts whose bodies have started.
    started: BTreeSet<(u64, u32)>,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    pub(super) status: Status,
    pub(super) value: Option<Value>,
    pub(super) context: BTreeMap<String, Value>,
    /// The user's own tables, each with its number of rows.
    pub(super) rows: Vec<(String, i64)>,
    /// The outputs, by channel and by the step that wrote them: several writers have no common order.
    pub(super) shown: ShownBy,
    /// The ends of the runs in queues and of those that were started from outside, by id.
    pub(super) queued: BTreeMap<String, (Status, Option<Value>)>,
}

/// Outputs, by channel and writer.
pub(super) type ShownBy = BTreeMap<(String, Writer), Vec<Option<Value>>>;

/// A step of one execution of a run; `None` for its workflow.
pub(super) type Writer = Option<(usize, Option<u64>)>;

impl Seen {
    /// Checks that an attempt is in the journal when its body starts, and that its step has no result.
    pub(super) fn body_started(&mut self, journal: &[EntryRow], position: u64, attempt: u32) -> Result<(), String> {
        let of_this = |entry: &&EntryRow| entry.position == Some(position);
        let recorded = journal.iter().filter(of_this).any(|entry| {
            matches!(entry.kind, Kind::StepStarted | Kind::AttemptStarted) && entry.attempt == Some(attempt)
        });
        if !recorded {
            return Err(format!("attempt {attempt} of the step at position {position} ran before it was recorded"));
        }
        let finished = |entry: &EntryRow| matches!(entry.kind, Kind::StepCompleted | Kind::StepFailed);
        if journal.iter().filter(of_this).any(finished) {
            return Err(format!("the step at position {position} ran again although its result was recorded"));
        }
        if !self.started.insert((position, attempt)) {
            return Err(format!("attempt {attempt} of the step at position {position} was started twice"));
        }
        Ok(())
    }

    /// Checks that the committed journal extends what was seen of it, and has every attempt that was started.
    pub(super) fn journal(&mut self, now: Vec<EntryRow>) -> Result<(), String> {
        if now.len() < self.journal.len() || now[..self.journal.len()] != self.journal[..] {
            let (before, after) = (self.journal.len(), now.len());
            return Err(format!("the journal of {before} entries was replaced by another of {after}"));
        }
        for (seq, entry) in (1..).zip(&now) {
            if entry.seq != seq {
                return Err(format!("entry {seq} of the journal has number {}", entry.seq));
            }
        }
        for (position, attempt) in &self.started {
            let recorded = now.iter().any(|entry| {
                entry.position == Some(*position)
                    && entry.attempt == Some(*attempt)
                    && matches!(entry.kind, Kind::StepStarted | Kind::AttemptStarted)
            });
            if !recorded {
                return Err(format!("attempt {attempt} at position {position} ran, but the journal does not know it"));
            }
        }
        let mut results = BTreeSet::new();
        for entry in now.iter().filter(|entry| matches!(entry.kind, Kind::StepCompleted | Kind::StepFailed)) {
            if !results.insert(entry.position) {
                return Err(format!("the step at position {:?} has two results", entry.position));
            }
        }
        let mut written = BTreeSet::new();
        for entry in now.iter().filter(|entry| entry.kind == Kind::StreamWritten && entry.attempt.is_some()) {
            if !written.insert((entry.position, &entry.other)) {
                return Err(format!("the step at position {:?} has written an item twice: {entry:?}", entry.position));
            }
        }
        let mut edited = BTreeSet::new();
        for entry in now.iter().filter(|entry| entry.kind == Kind::StateEdited) {
            if !edited.insert((entry.position, &entry.other)) {
                return Err(format!("the step at position {:?} has made an edit twice: {entry:?}", entry.position));
            }
        }
        told_to_end(&now)?;
        self.journal = now;
        Ok(())
    }

    /// Returns the journal as it was last read.
    pub(super) fn read(&self) -> &[EntryRow] {
        &self.journal
    }
}

pub(super) const fn is_end(kind: Kind) -> bool {
    !matches!(kind.end(), crate::record::End::No | crate::record::End::Moved)
}

/// Checks that a run that is ended early ends so, once, after its step for that.
fn told_to_end(journal: &[EntryRow]) -> Result<(), String> {
    let asks = |entry: &EntryRow| matches!(entry.kind, Kind::CancelRequested | Kind::DeadlineReached);
    let Some(asked) = journal.iter().position(asks) else { return Ok(()) };
    let after = &journal[asked + 1..];
    let Some(end) = after.iter().position(|entry| is_end(entry.kind)) else { return Ok(()) };
    let is_cancelled = journal[asked].kind == Kind::CancelRequested;
    let fits = if is_cancelled { Kind::RunCancelled } else { Kind::RunTimedOut };
    if after[end].kind != fits || end + 1 != after.len() || after.iter().any(asks) {
        return Err(format!("entry {} asks for the end of the run, and then came {after:?}", journal[asked].seq));
    }
    let began = after.iter().filter(|entry| entry.kind == Kind::StepStarted);
    let ended = after.iter().filter(|entry| matches!(entry.kind, Kind::StepCompleted | Kind::StepFailed));
    if began.count() > ended.count() {
        return Err(format!("the run ended before what it does on such an end had ended: {after:?}"));
    }
    Ok(())
}

impl End {
    /// Returns the end that a journal records.
    pub(super) fn of(journal: &[EntryRow], fields: Vec<FieldRow>) -> Option<Self> {
        let last = journal.last()?;
        // A run that continues elsewhere has not ended.
        let gone = [Status::Moved, Status::Replaced];
        let status = Status::ended_by(last.kind).filter(|status| !gone.contains(status))?;
        // The order in which steps edit shared state is undefined, and so is the resulting state.
        let fields =
            fields.into_iter().filter(|row| rows::parse(&row.name).is_none() && result_of(&row.name).is_none());
        let context = fields.map(|row| (row.name, row.value)).collect();
        Some(Self {
            status,
            value: last.value.clone(),
            context,
            rows: Vec::new(),
            shown: BTreeMap::new(),
            queued: BTreeMap::new(),
        })
    }
}
