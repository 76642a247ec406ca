//! Removes the rows of a run, a table at a time.

use crate::store::decide::{Part, Rows};
use crate::store::memory::tables::Tables;

impl Tables {
    /// Removes at most `limit` rows, and returns how many were removed.
    pub(super) fn remove_rows(&mut self, number: i64, part: Part, limit: usize) -> usize {
        match part {
            Part::Items => self.remove_some(self.item_heads(number), limit, |tables, item| {
                tables.drop_item(item.number);
            }),
            Part::Requests => self.remove_some(self.asked_by(number), limit, |tables, id| {
                let _ = tables.remove_request(&id);
            }),
            Part::Watches => {
                let of_run = |&&(watched, watcher, _): &&(i64, i64, u64)| watched == number || watcher == number;
                let watches = self.watchers.iter().filter(of_run).copied().collect();
                self.remove_some(watches, limit, |tables, watch| {
                    tables.watchers.remove(&watch);
                })
            }
            Part::Traces => usize::from(limit > 0 && self.traces.remove(&number).is_some()),
            Part::Outputs => {
                let Some(channels) = self.outputs.get_mut(&number) else { return 0 };
                let mut left = limit;
                for items in channels.values_mut() {
                    left -= items.drain(..left.min(items.len())).count();
                }
                if left > 0 {
                    self.outputs.remove(&number);
                }
                limit - left
            }
            Part::Entries | Part::Fields | Part::Labels | Part::Indexed => {
                let Some(run) = self.runs.get_mut(&number) else { return 0 };
                match part {
                    Part::Entries => run.entries.drain(..limit.min(run.entries.len())).count(),
                    Part::Fields => run.fields.drain(..limit.min(run.fields.len())).count(),
                    _ => {
                        let texts = if part == Part::Labels { &mut run.labels } else { &mut run.indexed };
                        let removed = texts.len().min(limit);
                        (0..removed).for_each(|_| drop(texts.pop_first()));
                        removed
                    }
                }
            }
        }
    }

    fn remove_some<T>(&mut self, rows: Vec<T>, limit: usize, remove: impl Fn(&mut Self, T)) -> usize {
        let removed = rows.len().min(limit);
        rows.into_iter().take(limit).for_each(|row| remove(self, row));
        removed
    }
}
