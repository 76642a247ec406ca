//! The queries of a store in memory.

use super::tables::{Run, Tables};
use crate::store::decide::bonds;
use crate::store::{
    Belongings, EntryRow, FieldRow, InboxRow, OutputRow, RequestKey, RequestRow, RunKey, RunQuery, RunRow,
};
use std::ops::Bound;

impl Tables {
    pub(super) fn select(&self, query: &RunQuery) -> Vec<RunRow> {
        let row = |number: i64| self.runs.get(&number).map(|run| &run.row);
        let first = match query.after {
            Some(after) if !query.newest_first => after.saturating_add(1),
            _ => i64::MIN,
        };
        let last = match query.after {
            Some(after) if query.newest_first => after.saturating_sub(1),
            _ => i64::MAX,
        };
        let fits = |row: &&RunRow| fits(row, query) && query.leaves_to_all(row) && self.is_found(row.number, query);
        let copied = |rows: &mut dyn Iterator<Item = &RunRow>| rows.filter(fits).take(query.limit).cloned().collect();

        if query.by_id {
            let after = |row: &&RunRow| query.after_id.as_ref().is_none_or(|after| row.id > *after);
            let mut rows: Vec<_> = self.runs.range(first..).map(|(_, run)| &run.row).filter(after).collect();
            rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
            return copied(&mut rows.into_iter());
        }
        if query.newest_first {
            return copied(&mut self.runs.range(..=last).rev().map(|(_, run)| &run.row));
        }
        match (query.lease, query.wake_at, query.by_wake_at) {
            (Some(lease), Some((from, to)), false) => {
                let mut due: Vec<_> = self.due_between(lease, from, to).filter(|number| *number >= first).collect();
                due.sort_unstable();
                copied(&mut due.into_iter().filter_map(row))
            }
            (Some(lease), times, true) => {
                let (from, to) = times.unwrap_or((i64::MIN, i64::MAX));
                copied(&mut self.due_between(lease, from, to).filter_map(row))
            }
            (Some(lease), None, false) => {
                copied(&mut self.owned.range((lease, first)..=(lease, i64::MAX)).filter_map(|&(_, number)| row(number)))
            }
            (None, _, false) if query.parent.is_some() => {
                let parent = query.parent.unwrap_or_default();
                copied(
                    &mut self
                        .children
                        .range((parent, first)..=(parent, i64::MAX))
                        .filter_map(|&(_, number)| row(number)),
                )
            }
            (None, _, false) => copied(&mut self.runs.range(first..).map(|(_, run)| &run.row)),
            (None, _, true) => {
                let mut due: Vec<_> =
                    self.runs.values().map(|run| &run.row).filter(|row| row.wake_at.is_some()).collect();
                due.sort_by_key(|row| (row.wake_at, row.number));
                copied(&mut due.into_iter())
            }
        }
    }

    /// Returns whether a run has the labels and the indexed fields of a query.
    fn is_found(&self, run: i64, query: &RunQuery) -> bool {
        let labelled = |run: &Run| query.labels.iter().all(|(name, value)| run.labels.get(name) == Some(value));
        let indexed =
            |run: &Run| query.fields.iter().all(|asked| run.indexed.get(&asked.name).is_some_and(|key| asked.has(key)));
        query.labels.is_empty() && query.fields.is_empty()
            || self.runs.get(&run).is_some_and(|run| labelled(run) && indexed(run))
    }

    /// Returns the numbers of a lease's runs that are due in a range of time, in order of that time.
    fn due_between(&self, lease: i64, from: i64, to: i64) -> impl Iterator<Item = i64> {
        let end = if from > to { (lease, from, i64::MIN) } else { (lease, to, i64::MAX) };
        self.due.range((lease, from, i64::MIN)..end).map(|&(_, _, number)| number)
    }

    pub(super) fn entries(&self, run: i64, after: u64, limit: usize) -> &[EntryRow] {
        let Some(run) = self.runs.get(&run) else { return &[] };
        let from = run.entries.partition_point(|entry| entry.seq <= after);
        let rest = &run.entries[from..];
        &rest[..rest.len().min(limit)]
    }

    pub(super) fn fields(&self, run: i64, from: u64, to: u64) -> Vec<FieldRow> {
        let Some(run) = self.runs.get(&run) else { return Vec::new() };
        let start = run.fields.partition_point(|field| field.seq < from);
        run.fields[start..].iter().take_while(|field| field.seq <= to).cloned().collect()
    }

    pub(super) fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Vec<InboxRow> {
        let waiting = |item: &&InboxRow| item.number > after;
        if let RunKey::Lease(lease) = of {
            let owned = |item: &&InboxRow| self.owned.contains(&(lease, item.run));
            return self.inbox.values().filter(waiting).filter(owned).take(limit).cloned().collect();
        }
        let items = self.find(of).map_or(&[][..], |run| &run.items);
        items.iter().filter_map(|item| self.inbox.get(item)).filter(waiting).take(limit).cloned().collect()
    }

    pub(super) fn requests(&self, which: RequestKey<'_>) -> Vec<RequestRow> {
        let open = |request: &&RequestRow| request.answered.is_none();
        match which {
            RequestKey::Id(id) => self.requests.get(id).cloned().into_iter().collect(),
            RequestKey::Run(run) => {
                let ids = self.asked_by(run);
                ids.iter().filter_map(|id| self.requests.get(id)).filter(open).cloned().collect()
            }
            RequestKey::OfRun { run, after, limit } => {
                let ids = self.asked_by(run);
                let of_page = ids.iter().filter(|id| id.as_str() > after).filter_map(|id| self.requests.get(id));
                of_page.take(limit).cloned().collect()
            }
            RequestKey::Open { after, limit } => {
                let later = (Bound::Excluded(after), Bound::Unbounded);
                self.requests
                    .range::<str, _>(later)
                    .map(|(_, request)| request)
                    .filter(open)
                    .take(limit)
                    .cloned()
                    .collect()
            }
        }
    }

    pub(super) fn belongings(&self, number: i64) -> Option<Belongings> {
        let run = self.runs.get(&number)?;
        let channels = self.outputs.get(&run.row.first_run).into_iter().flatten();
        let mut taken: Vec<_> =
            run.keys.values().filter_map(|item| self.taken.get(item)).map(|taken| taken.item.clone()).collect();
        taken.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let requests = self.asked_by(number);
        Some(Belongings {
            channels: channels.filter(|(_, items)| !items.is_empty()).map(|(channel, _)| channel.clone()).collect(),
            taken,
            requests: requests.iter().filter_map(|id| self.requests.get(id)).cloned().collect(),
            bonds: bonds(self, &run.row).unwrap_or_default(),
        })
    }

    pub(super) fn channels(&self, first_run: i64, after: &str, limit: usize) -> Vec<String> {
        let channels = self.outputs.get(&first_run).into_iter();
        let later = channels.flat_map(|of_run| of_run.range::<str, _>((Bound::Excluded(after), Bound::Unbounded)));
        later.filter(|(_, items)| !items.is_empty()).map(|(channel, _)| channel.clone()).take(limit).collect()
    }

    pub(super) fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> &[OutputRow] {
        let items = self.outputs.get(&first_run).and_then(|channels| channels.get(channel));
        let Some(items) = items else { return &[] };
        let rest = &items[items.partition_point(|item| item.item <= after)..];
        let count = rest.len().min(limit);
        if newest { &rest[rest.len() - count..] } else { &rest[..count] }
    }
}

fn fits(row: &RunRow, query: &RunQuery) -> bool {
    (query.statuses.is_empty() || query.statuses.contains(&row.status))
        && query.workflow.as_ref().is_none_or(|workflow| *workflow == row.workflow)
        && query.id_prefix.as_ref().is_none_or(|prefix| row.id.as_bytes().starts_with(prefix.as_bytes()))
        && query.lease.is_none_or(|lease| row.lease == Some(lease))
        && query.wake_at.is_none_or(|(from, to)| row.wake_at.is_some_and(|at| from <= at && at <= to))
        && query.updated_after.is_none_or(|moment| row.updated_at > moment)
        && query.parent.is_none_or(|parent| row.parent == Some(parent))
        && query.forked_from.is_none_or(|forked_from| row.forked_from == Some(forked_from))
        && query.after.is_none_or(|after| if query.newest_first { row.number < after } else { row.number > after })
        && query.id_contains.as_ref().is_none_or(|text| row.id.contains(text.as_str()))
        && is_within(row.created_at, query.created)
        && is_within(row.updated_at, query.updated)
        && query.after_due.is_none_or(|after| row.wake_at.is_some_and(|at| (at, row.number) > after))
}

fn is_within(moment: i64, (from, to): (Option<i64>, Option<i64>)) -> bool {
    from.is_none_or(|from| moment >= from) && to.is_none_or(|to| moment < to)
}
