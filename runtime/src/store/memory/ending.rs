//! The effects of a run's end on other rows, and the deletion of runs.

use super::apply::Answer;
use super::tables::{Run, Tables};
use crate::record::InboxKind;
use crate::store::{Bond, ImportedRun, NewInboxItem, Rejected, RequestRow, Status, Written, write::End};

impl Run {
    /// Returns how it ended.
    pub(super) fn end(&self) -> End {
        let value = self.entries.last().and_then(|entry| entry.value.clone());
        End { id: self.row.id.clone(), status: self.row.status, value }
    }
}

impl Tables {
    /// Applies the end of a run with this final status: notifies its watchers, withdraws its requests, frees its
    /// deduplication key. The watchers and requests of a replaced run wait for its successor.
    pub(super) fn end(&mut self, run: i64, status: Status, at: i64, notified: &mut Vec<i64>) {
        self.free_dedup(run);
        if status == Status::Replaced {
            return;
        }
        let Some(end) = self.runs.get(&run).map(Run::end) else { return };
        for (watched, watcher, position) in self.watchers_of(run) {
            self.watchers.remove(&(watched, watcher, position));
            if self.accepts(watcher) {
                self.give(watcher, &NewInboxItem::ended(watcher, position, &end, at), notified);
            }
        }
        for id in self.open_requests(run) {
            match self.requests.get_mut(&id) {
                Some(request) if status == Status::Moved => request.answered = Some(RequestRow::MOVED.to_owned()),
                _ => self.remove_request(&id),
            }
        }
    }

    /// Returns the unfinished runs that must be in the same database as this one.
    pub(super) fn bonds(&self, run: i64) -> Vec<Bond> {
        let Some(row) = self.runs.get(&run).map(|run| &run.row) else { return Vec::new() };
        let mut parent = row.parent;
        while let Some(row) = parent.and_then(|parent| self.runs.get(&parent)).map(|run| &run.row)
            && let Some(successor) = row.successor
        {
            parent = Some(successor);
        }
        let children = self.children.range((row.first_run, i64::MIN)..=(row.first_run, i64::MAX));
        let children = children.map(|&(_, child)| (child, Bond::Child as fn(i64) -> Bond));
        let awaited = self.watchers.iter().filter(|(_, watcher, _)| *watcher == run);
        let awaited = awaited.map(|&(awaited, ..)| (awaited, Bond::Awaited as fn(i64) -> Bond));
        let waiting =
            self.watchers_of(run).into_iter().map(|(_, watcher, _)| (watcher, Bond::Waiting as fn(i64) -> Bond));
        let parent = parent.into_iter().map(|parent| (parent, Bond::Parent as fn(i64) -> Bond));
        let all = parent.chain(children).chain(awaited).chain(waiting);
        all.filter(|(run, _)| self.accepts(*run)).map(|(run, bond)| bond(run)).collect()
    }

    fn watchers_of(&self, run: i64) -> Vec<(i64, i64, u64)> {
        self.watchers.range((run, i64::MIN, 0)..=(run, i64::MAX, u64::MAX)).copied().collect()
    }

    fn open_requests(&self, run: i64) -> Vec<String> {
        let mut ids = self.asked_by(run);
        ids.retain(|id| self.requests.get(id).is_some_and(|request| request.answered.is_none()));
        ids
    }

    /// Moves the watchers of a run to its successor, and its inbox items too. Returns the items to deposit after those
    /// that the successor brings.
    pub(super) fn hand_over(&mut self, old: i64, new: i64, import: &ImportedRun) -> Vec<NewInboxItem> {
        for (watched, watcher, position) in self.watchers_of(old) {
            self.watchers.remove(&(watched, watcher, position));
            self.watchers.insert((new, watcher, position));
        }
        for id in self.open_requests(old) {
            if !import.goes_on {
                self.remove_request(&id);
                continue;
            }
            self.asked.remove(&(old, id.clone()));
            self.asked.insert((new, id.clone()));
            if let Some(request) = self.requests.get_mut(&id) {
                request.run = new;
            }
        }
        let Some(run) = self.runs.get_mut(&old) else { return Vec::new() };
        run.row.successor = Some(new);
        let inbox = &mut self.inbox;
        if !import.goes_on {
            // Pauses do not apply to a run that begins at an earlier point.
            let stands = |kind: &InboxKind| matches!(kind, InboxKind::Pause | InboxKind::Resume);
            let dropped: Vec<_> =
                run.items.extract_if(.., |item| inbox.get(item).is_some_and(|item| stands(&item.kind))).collect();
            for item in dropped {
                inbox.remove(&item);
                run.keys.retain(|_, keyed| keyed.number != item);
            }
        }
        let items: Vec<_> =
            run.items.extract_if(.., |item| inbox.get(item).is_some_and(|item| item.kind.moves_on())).collect();
        let behind = !import.items.is_empty();
        let mut keys: Vec<_> = run.keys.extract_if(|_, keyed| keyed.kind.moves_on()).collect();
        // A taken cancellation loses its key, so that the successor can be cancelled too. Items that are deposited
        // later bring their own keys.
        keys.retain(|(_, keyed)| if items.contains(&keyed.number) { !behind } else { keyed.kind != InboxKind::Cancel });
        let waiting: Vec<_> =
            if behind { items.iter().filter_map(|item| inbox.remove(item)).collect() } else { vec![] };
        for item in &items {
            if let Some(item) = inbox.get_mut(item) {
                item.run = new;
            }
        }
        if let Some(run) = self.runs.get_mut(&new) {
            run.items.extend(items.into_iter().filter(|_| !behind));
            run.keys.extend(keys);
        }
        waiting.into_iter().map(NewInboxItem::from).collect()
    }

    pub(super) fn delete(&mut self, number: i64, rows: usize) -> Answer {
        let row = self.runs.get(&number).ok_or(Rejected::NoSuchRun)?.row.clone();
        if row.lease.is_some() && !row.status.is_final() {
            return Err(Rejected::Fenced);
        }
        let mut notified = Vec::new();
        for (watched, watcher, position) in self.watchers_of(number) {
            self.watchers.remove(&(watched, watcher, position));
            if self.accepts(watcher) && row.status != Status::Deleting {
                self.give(watcher, &NewInboxItem::deleted(watcher, position, &row), &mut notified);
            }
        }
        self.place(number, |row| {
            row.status = Status::Deleting;
            (row.lease, row.wake_at) = (None, None);
        });
        self.free_dedup(number);
        if !notified.is_empty() {
            notified.dedup();
            return Ok(Written::Marked(notified));
        }
        let asked = self.asked_by(number);
        let Some(run) = self.runs.get_mut(&number) else { return Err(Rejected::NoSuchRun) };
        let mut left = rows;
        let mut slice = |len: usize| {
            let n = left.min(len);
            left -= n;
            n
        };
        run.entries.drain(..slice(run.entries.len()));
        run.fields.drain(..slice(run.fields.len()));
        let items = slice(run.items.len());
        for item in run.items.drain(..items) {
            self.inbox.remove(&item);
        }
        let last = run.row.successor.is_none().then_some(run.row.first_run);
        if let Some(channels) = last.and_then(|first_run| self.outputs.get_mut(&first_run)) {
            for items in channels.values_mut() {
                items.drain(..slice(items.len()));
            }
        }
        let asked_now = slice(asked.len());
        for id in &asked[..asked_now] {
            self.remove_request(id);
        }
        if left == 0 {
            return Ok(Written::Deleted(false));
        }
        self.watchers.retain(|&(run, watcher, _)| run != number && watcher != number);
        if let Some(first_run) = last {
            self.outputs.remove(&first_run);
        }
        if let Some(run) = self.runs.remove(&number) {
            self.ids.remove(&run.row.id);
            if let Some(parent) = run.row.parent {
                self.children.remove(&(parent, number));
            }
        }
        Ok(Written::Deleted(true))
    }
}
