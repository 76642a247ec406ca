//! The writes of an append beyond the rows of its run.

use super::tables::Tables;
use crate::store::{Append, NewInboxItem, Outgoing, OutputRow, Rejected, RequestRow, RunKey, Status};

impl Tables {
    /// Performs one write; a rejected one has written nothing. Adds to `notified` the runs whose inboxes got an item.
    pub(super) fn write_outgoing(
        &mut self,
        append: &Append,
        outgoing: &Outgoing,
        notified: &mut Vec<i64>,
    ) -> Result<i64, Rejected> {
        match outgoing {
            Outgoing::Deliver { to, item } => self.deliver(to, item, notified),
            Outgoing::NotifyChildren(item) => {
                let first_run = self.first_run(append.run);
                let children =
                    self.children.range((first_run, i64::MIN)..=(first_run, i64::MAX)).map(|&(_, child)| child);
                for child in children.filter(|child| self.accepts(*child)).collect::<Vec<_>>() {
                    self.give(child, item, notified);
                }
                Ok(0)
            }
            Outgoing::Start { run, position } => {
                let number = self.start(run)?;
                self.watchers.extend(position.map(|position| (number, append.run, position)));
                Ok(number)
            }
            Outgoing::Watch { id, position } => self.watch(append, id, *position, notified),
            Outgoing::DeliverToWatched { to, position, item } => {
                let watched = self.ids.get(to).filter(|run| self.watchers.contains(&(**run, append.run, *position)));
                if watched.is_none() {
                    return Err(Rejected::NoSuchRun);
                }
                self.deliver(to, item, notified)
            }
            Outgoing::Ask(request) => {
                self.ask(append.run, request);
                Ok(0)
            }
            Outgoing::Withdraw { id } | Outgoing::Expire { id } => {
                let open = |request: &RequestRow| request.run == append.run && request.answered.is_none();
                if self.requests.get(id).is_some_and(open) {
                    self.remove_request(id);
                }
                Ok(0)
            }
            Outgoing::Put { channel, seq, value } => {
                let first_run = self.first_run(append.run);
                let output = OutputRow { item: 0, run: append.run, seq: *seq, at: append.at, value: value.clone() };
                Ok(self.put(first_run, channel, output).cast_signed())
            }
            Outgoing::Label { name, value } => {
                if let Some(run) = self.runs.get_mut(&append.run) {
                    match value {
                        Some(value) => drop(run.labels.insert(name.clone(), value.clone())),
                        None => drop(run.labels.remove(name)),
                    }
                }
                Ok(0)
            }
            Outgoing::Replace(run) if append.change.release && run.replaces == Some(append.run) => {
                self.import(run, notified)
            }
            Outgoing::Replace(_) => Err(Rejected::Fenced),
        }
    }

    /// Writes the next item of a channel, whatever the number in `output`.
    pub(super) fn put(&mut self, first_run: i64, channel: &str, output: OutputRow) -> u64 {
        let items = self.outputs.entry(first_run).or_default().entry(channel.to_owned()).or_default();
        let item = items.last().map_or(1, |last| last.item + 1);
        items.push(OutputRow { item, ..output });
        item
    }

    fn first_run(&self, run: i64) -> i64 {
        self.runs.get(&run).map_or(run, |run| run.row.first_run)
    }

    fn deliver(&mut self, to: &str, item: &NewInboxItem, notified: &mut Vec<i64>) -> Result<i64, Rejected> {
        let row = &self.find(RunKey::Id(to)).ok_or(Rejected::NoSuchRun)?.row;
        let (number, accepts) = (row.number, row.status.accepts());
        if let Some(first) = self.seen(number, item) {
            return Ok(first);
        }
        if accepts { Ok(self.give(number, item, notified)) } else { Err(Rejected::Ended) }
    }

    /// Puts an item into an inbox, and notifies its run if the item is new.
    pub(super) fn give(&mut self, run: i64, item: &NewInboxItem, notified: &mut Vec<i64>) -> i64 {
        let (number, new) = self.deposit(run, item);
        if new {
            notified.push(run);
        }
        number
    }

    fn watch(&mut self, append: &Append, id: &str, position: u64, notified: &mut Vec<i64>) -> Result<i64, Rejected> {
        let run = self.find(RunKey::Id(id)).filter(|run| run.row.status != Status::Deleting);
        let run = run.ok_or(Rejected::NoSuchRun)?;
        if !run.row.status.is_final() {
            let number = run.row.number;
            self.watchers.insert((number, append.run, position));
            return Ok(0);
        }
        let item = NewInboxItem::ended(append.run, position, &run.end(), append.at);
        Ok(self.give(append.run, &item, notified))
    }

    fn ask(&mut self, run: i64, request: &RequestRow) {
        if !self.requests.contains_key(&request.id) {
            self.asked.insert((run, request.id.clone()));
            self.requests.insert(request.id.clone(), RequestRow { run, answered: None, ..request.clone() });
        }
    }
}
