//! Items of inboxes.

use crate::store::decide::{ItemHead, Place};
use crate::store::memory::tables::{Tables, Taken};
use crate::store::{InboxRow, NewInboxItem, TakenItem};

impl Tables {
    pub(super) fn item_heads(&self, run: i64) -> Vec<ItemHead> {
        let Some(run) = self.runs.get(&run) else { return Vec::new() };
        let waiting = run.items.iter().filter_map(|number| self.inbox.get(number));
        let waiting = waiting.map(|row| ItemHead {
            number: row.number,
            kind: row.kind.clone(),
            key: row.key.clone(),
            taken: false,
        });
        let taken = run.keys.values().filter_map(|number| Some((*number, &self.taken.get(number)?.item)));
        let taken = taken.map(|(number, item)| ItemHead {
            number,
            kind: item.kind.clone(),
            key: Some(item.key.clone()),
            taken: true,
        });
        let mut items: Vec<_> = waiting.chain(taken).collect();
        items.sort_unstable_by_key(|item| item.number);
        items
    }

    pub(super) fn put_item(&mut self, run: i64, new: &NewInboxItem) -> i64 {
        self.last_item += 1;
        let number = self.last_item;
        let NewInboxItem { run: _, kind, key, at, name, position, sender, value } = new.clone();
        self.put_row(InboxRow { number, run, kind, key, at, name, position, sender, value });
        number
    }

    fn put_row(&mut self, row: InboxRow) {
        if let Some(run) = self.runs.get_mut(&row.run) {
            run.items.push(row.number);
            if let Some(key) = &row.key {
                run.keys.insert(key.clone(), row.number);
            }
        }
        self.inbox.insert(row.number, row);
    }

    pub(super) fn put_taken(&mut self, run: i64, item: &TakenItem) {
        let Some(keys) = self.runs.get_mut(&run).map(|run| &mut run.keys) else { return };
        if !keys.contains_key(&item.key) {
            self.last_item += 1;
            keys.insert(item.key.clone(), self.last_item);
            self.taken.insert(self.last_item, Taken { run, item: item.clone() });
        }
    }

    pub(super) fn take(&mut self, run: i64, item: i64) {
        let Some(row) = self.inbox.remove(&item) else { return };
        if row.run != run {
            self.inbox.insert(item, row);
            return;
        }
        if let Some(run) = self.runs.get_mut(&run) {
            run.items.retain(|waiting| *waiting != item);
        }
        if let Some(key) = row.key {
            self.taken.insert(item, Taken { run, item: TakenItem { kind: row.kind, key, at: row.at } });
        }
    }

    pub(super) fn move_to(&mut self, item: i64, to: i64, place: Place) {
        if let Some(Taken { run, item: mark }) = self.taken.get_mut(&item) {
            let (from, key) = (std::mem::replace(run, to), mark.key.clone());
            if let Some(from) = self.runs.get_mut(&from) {
                from.keys.remove(&key);
            }
            if let Some(to) = self.runs.get_mut(&to) {
                to.keys.insert(key, item);
            }
        } else if let Some(row) = self.drop_item(item) {
            let number = match place {
                Place::Kept => item,
                Place::Last => self.last_item + 1,
            };
            self.last_item = self.last_item.max(number);
            self.put_row(InboxRow { number, run: to, ..row });
        }
    }

    /// Removes an item with its key, and returns it if it waits.
    pub(super) fn drop_item(&mut self, item: i64) -> Option<InboxRow> {
        if let Some(Taken { run, item }) = self.taken.remove(&item) {
            if let Some(run) = self.runs.get_mut(&run) {
                run.keys.remove(&item.key);
            }
            return None;
        }
        let row = self.inbox.remove(&item)?;
        if let Some(run) = self.runs.get_mut(&row.run) {
            run.items.retain(|waiting| *waiting != item);
            if let Some(key) = &row.key {
                run.keys.remove(key);
            }
        }
        Some(row)
    }
}
