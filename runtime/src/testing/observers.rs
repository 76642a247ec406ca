//! Observers of a scenario's runs, and what must hold of the outputs they see.

use super::oracle::{Seen, ShownBy, is_end};
use crate::record::{InboxKind, Kind, OutputKind};
use crate::store::{EntryRow, InboxRow, OutputRow, RequestKey, RunKey, RunRow, Status, Store};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The outputs that were seen so far.
#[derive(Default)]
pub(super) struct Observers {
    /// The outputs, by first run and channel.
    shown: BTreeMap<(i64, String), Vec<OutputRow>>,
    /// The messages that were ever in an inbox, by first run.
    sent: BTreeMap<i64, Vec<(i64, Said)>>,
    /// The final statuses of runs.
    ended: BTreeMap<i64, Status>,
}

/// The channel of a message, its sender, and its content.
type Said = (Option<String>, Option<String>, Option<Value>);

impl Observers {
    /// Reads everything, and compares it with what was seen before and with the journals.
    pub(super) fn look(
        &mut self,
        store: &dyn Store,
        rows: &[RunRow],
        seen: &BTreeMap<i64, Seen>,
    ) -> Result<(), String> {
        for row in rows {
            match self.ended.get(&row.number) {
                Some(ended) if *ended != row.status => {
                    return Err(format!("run `{}` had ended as {ended}, and is {} now", row.id, row.status));
                }
                _ if row.status.is_final() => drop(self.ended.insert(row.number, row.status)),
                _ => {}
            }
            requests(store, row, seen[&row.number].read())?;
        }
        let first_runs: BTreeSet<i64> = rows.iter().map(|row| row.first_run).collect();
        for first_run in first_runs {
            let runs: Vec<&RunRow> = rows.iter().filter(|row| row.first_run == first_run).collect();
            self.messages(store, first_run, &runs, seen)?;
            self.outputs(store, first_run, &runs, seen)?;
        }
        Ok(())
    }

    /// Checks that each message is received once and in order, or still waits.
    fn messages(
        &mut self,
        store: &dyn Store,
        first_run: i64,
        runs: &[&RunRow],
        seen: &BTreeMap<i64, Seen>,
    ) -> Result<(), String> {
        let mut there = Vec::new();
        for row in runs {
            let items = store.inbox(RunKey::Number(row.number), 0, usize::MAX).map_err(|error| error.to_string())?;
            let messages = items.into_iter().filter(|item| item.kind == InboxKind::Message);
            there.extend(messages.map(|InboxRow { number, name, sender, value, .. }| (number, (name, sender, value))));
        }
        there.sort_by_key(|(number, _)| *number);
        let sent = self.sent.entry(first_run).or_default();
        let new = there.iter().filter(|(number, _)| sent.iter().all(|(known, _)| known != number));
        let new: Vec<_> = new.cloned().collect();
        sent.extend(new);
        let entries = runs.iter().flat_map(|row| seen[&row.number].read());
        let received = entries.filter(|entry| entry.kind == Kind::MessageReceived);
        let received = received.map(|entry| (entry.name.clone(), entry.other.clone(), entry.value.clone()));
        let known: Vec<Said> = received.chain(there.into_iter().map(|(_, said)| said)).collect();
        if known.iter().ne(sent.iter().map(|(_, said)| said)) {
            return Err(format!("the messages {sent:?} were sent, and now received or there are {known:?}"));
        }
        Ok(())
    }

    /// Checks that outputs that were read stay, and that each entry that writes one has one item.
    fn outputs(
        &mut self,
        store: &dyn Store,
        first_run: i64,
        runs: &[&RunRow],
        seen: &BTreeMap<i64, Seen>,
    ) -> Result<(), String> {
        let mut written: BTreeMap<String, Vec<(i64, u64)>> = BTreeMap::new();
        for row in runs {
            for entry in seen[&row.number].read() {
                if let Some(channel) = channel(entry) {
                    written.entry(channel).or_default().push((row.number, entry.seq));
                }
            }
        }
        for (channel, written) in written {
            let items = store.outputs(first_run, &channel, 0, usize::MAX, false).map_err(|error| error.to_string())?;
            let before = self.shown.entry((first_run, channel)).or_default();
            let numbered = (1..).zip(&items).all(|(number, item)| item.item == number);
            if !items.starts_with(before) || !numbered || items.iter().map(|item| (item.run, item.seq)).ne(written) {
                return Err(format!("a channel of the run had {before:?}, and now it has {items:?}"));
            }
            *before = items;
        }
        Ok(())
    }

    /// Returns the outputs of a run, in order for each writer.
    pub(super) fn shown_by(&self, first_run: i64, seen: &BTreeMap<i64, Seen>) -> Result<ShownBy, String> {
        let mut shown = ShownBy::new();
        for ((of, channel), items) in &self.shown {
            let mut runs: Vec<i64> = items.iter().map(|item| item.run).collect();
            runs.dedup();
            for item in items.iter().filter(|_| *of == first_run) {
                let entry = seen.get(&item.run).and_then(|seen| seen.read().iter().find(|entry| entry.seq == item.seq));
                let entry = entry.ok_or("an item was shown of which no journal knows")?;
                let execution = runs.iter().position(|run| *run == item.run).unwrap_or_default();
                let writer = entry.attempt.map(|_| (execution, entry.position));
                shown.entry((channel.clone(), writer)).or_default().push(item.value.clone());
            }
        }
        Ok(shown)
    }
}

/// Returns the channel of an entry's output.
fn channel(entry: &EntryRow) -> Option<String> {
    Some(OutputKind::of(entry.kind, entry.name.as_deref()?)?.channel())
}

/// Checks that a request in the journal can be answered until its run knows otherwise.
fn requests(store: &dyn Store, row: &RunRow, journal: &[EntryRow]) -> Result<(), String> {
    if journal.last().is_some_and(|last| is_end(last.kind)) {
        return Ok(());
    }
    for opened in journal.iter().filter(|entry| entry.kind == Kind::RequestOpened) {
        let closes = |entry: &&EntryRow| {
            let answers = entry.kind == Kind::RequestAnswered && entry.other == opened.other;
            let ends = matches!(entry.kind, Kind::TimerFired | Kind::CallAbandoned);
            answers || (ends && entry.position == opened.position)
        };
        let open = !journal.iter().any(|entry| closes(&entry));
        let id = opened.other.as_deref().unwrap_or_default();
        let found = store.requests(RequestKey::Id(id)).map_err(|error| error.to_string())?;
        if open && found.is_empty() {
            return Err(format!("request {id} of run `{}` waits for its answer and cannot be answered", row.id));
        }
    }
    Ok(())
}
