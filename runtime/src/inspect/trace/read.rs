//! Reads a run's journal for its spans. Arguments, results and contexts are not read.

use super::calls::Call;
use super::follow::Follow;
use super::span::{Link, Span};
use crate::machine::{Origins, recorded_scope};
use crate::record::Kind;
use crate::store::{EntryRow, RunKey, RunRow, Store, StoreError};

impl Follow {
    /// Learns what the first entries of a run say of its place among others.
    fn open(&mut self, store: &dyn Store, first: &[EntryRow]) -> Result<(), StoreError> {
        let has_scope = first.iter().take(2).any(|entry| entry.kind == Kind::ScopeSet);
        if has_scope || self.is_copy {
            let first = store.entries(self.number, 0, 2)?;
            self.begin_after(first.first().map(Origins::of).unwrap_or_default().copied());
            if let Some(scope) = first.iter().find_map(recorded_scope) {
                self.learn(&scope);
            }
        }
        if let Some(before) = self.forked_from
            && let Some(before) = readable(store.run(RunKey::Number(before)))?
        {
            let relation = match (self.is_copy, before.successor == Some(self.number)) {
                (true, true) => "rewind_of",
                (true, false) => "fork_of",
                (false, true) => "continue_as_new_of",
                (false, false) => "continuation_of",
            };
            self.links.extend(link(store, &before, relation)?);
        }
        Ok(())
    }

    /// Follows at most `limit` more entries, and adds the spans that end with them. Returns whether there may be more.
    pub(crate) fn advance(
        &mut self,
        store: &dyn Store,
        limit: usize,
        spans: &mut Vec<Span>,
    ) -> Result<bool, StoreError> {
        let entries = store.outline(self.number, self.seq, limit)?;
        let may_have_more = entries.len() >= limit;
        if self.seq == 0 {
            self.open(store, &entries)?;
        }
        for entry in entries {
            let entry = self.whole(store, entry)?;
            let child = match self.open_child(&entry) {
                Some(call) if entry.kind == Kind::ChildEnded => child(store, self.number, call)?,
                _ => None,
            };
            self.take(&entry, child, spans);
        }
        Ok(may_have_more)
    }

    /// Returns an entry of an outline with what the outline lacks, where a span needs it: the class of a failure, or the
    /// request of an earlier execution.
    fn whole(&self, store: &dyn Store, entry: EntryRow) -> Result<EntryRow, StoreError> {
        let is_needed = match entry.kind {
            Kind::AttemptFailed | Kind::StepFailed => entry.seq > self.exported,
            Kind::ReceiveStarted => entry.name.is_none(),
            Kind::RequestAnswered => entry.position.is_none(),
            Kind::AnswerKept | Kind::RequestExpired => true,
            _ => false,
        };
        if !is_needed {
            return Ok(entry);
        }
        Ok(store.entries(self.number, entry.seq.saturating_sub(1), 1)?.pop().unwrap_or(entry))
    }
}

/// Returns the link to the run that a call has started.
fn child(store: &dyn Store, run: i64, call: &Call) -> Result<Option<Link>, StoreError> {
    let started = store.entries(run, call.seq.saturating_sub(1), 1)?.pop();
    let Some(id) = started.and_then(|entry| entry.other) else { return Ok(None) };
    let Some(row) = readable(store.run(RunKey::Id(&id)))? else { return Ok(None) };
    let is_first = row.first_run == row.number;
    let first = if is_first { Some(row) } else { readable(store.run(RunKey::Number(row.first_run)))? };
    first.map_or(Ok(None), |first| link(store, &first, "child"))
}

/// Returns the link to a run, unless its first entries cannot be read.
fn link(store: &dyn Store, row: &RunRow, relation: &'static str) -> Result<Option<Link>, StoreError> {
    let mut other = Follow::new(row);
    let Some(first) = readable(store.entries(row.number, 0, 2).map(Some))? else { return Ok(None) };
    if let Some(scope) = first.iter().find_map(recorded_scope) {
        other.learn(&scope);
    }
    let (trace, span) = other.identity();
    Ok(Some(Link { trace, span, relation }))
}

/// Returns `None` for another run whose rows cannot be read: the span then lacks the link to it.
fn readable<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(error) if error.is_of_rows() => Ok(None),
        read => read,
    }
}
