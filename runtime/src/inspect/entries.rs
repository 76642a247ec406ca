//! The history of a run, entry by entry.

use super::InspectError;
use super::inspector::Inspector;
use super::page::{Page, Paging};
use super::shown::Shown;
use crate::record::Kind;
use crate::record::millis::moment;
use crate::store::{EntryRow, FieldRow};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// One entry of a run's history.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The number of the entry in the run, from 1, without gaps.
    pub seq: u64,
    /// The time at which it was appended.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The kind of the event.
    pub kind: Kind,
    /// Whether the workflow observes it: its delivery is a turn.
    pub turn: bool,
    /// The entry in whose turn the workflow did this; `None` if the workflow did not do it.
    pub cause: Option<u64>,
    /// The command index of the call to which it belongs.
    pub position: Option<u64>,
    /// The name of the step, workflow, context, channel or request, depending on `kind`.
    pub name: Option<String>,
    /// The attempt of the step.
    pub attempt: Option<u32>,
    /// The version of the context that the step saw: the number of the entry that wrote it.
    pub context: Option<u64>,
    /// The due time, if there is one.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub due: Option<SystemTime>,
    /// The arguments, the result, the error or the reason, depending on `kind`.
    pub value: Option<Shown>,
    /// The other run that it concerns, or other data depending on `kind`.
    pub other: Option<String>,
    /// The fields of the context or of the shared state that it wrote, with their new values.
    pub fields: BTreeMap<String, Shown>,
}

impl Entry {
    pub(super) fn of(row: EntryRow, written: Vec<FieldRow>) -> Self {
        let writes_fields = row.writes_fields();
        Self {
            seq: row.seq,
            at: moment(row.at),
            kind: row.kind,
            turn: row.kind.is_turn(),
            cause: row.cause,
            position: row.position,
            name: row.name,
            attempt: row.attempt,
            context: row.context.filter(|_| !writes_fields),
            due: row.due.map(moment),
            value: row.value.as_ref().map(Shown::of),
            other: row.other,
            fields: written.into_iter().map(|field| (field.name, Shown::of(&field.value))).collect(),
        }
    }
}

impl Inspector {
    /// Returns a page of a run's history. The cursor is the number of the last entry of a page, so that a page from any
    /// entry on is `Paging::first(50).after("1200")`.
    ///
    /// # Errors
    /// No run has this id, the cursor is no number, or the database cannot be read. An entry that is damaged is named.
    pub async fn history(&self, run: &str, paging: &Paging) -> Result<Page<Entry>, InspectError> {
        let (run, paging) = (run.to_owned(), paging.clone());
        self.ask(move |source| {
            let (limit, after) = (paging.checked()?, paging.number::<u64>()?);
            let number = source.run(&run)?.number;
            let rows = source.store.entries(number, after, limit + 1)?;
            let page = Page::of_one_more(rows, limit, |row| row.seq.to_string());
            let writes = |row: &&EntryRow| row.writes_fields();
            let range = page.items.iter().filter(writes).map(|row| row.seq);
            let mut written = BTreeMap::<u64, Vec<FieldRow>>::new();
            if let (Some(first), Some(last)) = (range.clone().min(), range.max()) {
                for field in source.store.fields(number, first, last)? {
                    written.entry(field.seq).or_default().push(field);
                }
            }
            Ok(page.map(|row| {
                let written = written.remove(&row.seq).unwrap_or_default();
                Entry::of(row, written)
            }))
        })
        .await
    }
}
