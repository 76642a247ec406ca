//! Finds the successor of a run: by its row, or by the rows forked from it where its own is damaged.

use super::{RunKey, RunQuery, RunRow, Status, Store, StoreError, StoreErrorKind};
use std::borrow::Cow;

/// Returns the run that took the id of this one, or `None` if none did.
///
/// # Errors
/// The database cannot be read; or the run was replaced, and no row names its successor.
pub(crate) fn successor(store: &dyn Store, row: &RunRow) -> Result<Option<RunRow>, StoreError> {
    if row.successor.is_none() && row.status != Status::Replaced {
        return Ok(None);
    }
    // Numbers are never reused, so a chain of growing ones has an end.
    let follows = |next: &RunRow| next.number > row.number && next.forked_from == Some(row.number);
    if let Some(number) = row.successor
        && let Some(next) = store.run(RunKey::Number(number))?.filter(follows)
    {
        return Ok(Some(next));
    }
    let mut after = None;
    loop {
        let query = RunQuery { forked_from: Some(row.number), after, ..RunQuery::default() };
        let page = store.runs(&query)?;
        // A fork has a first run of its own.
        let next = page.runs.into_iter().find(|next| follows(next) && next.first_run == row.first_run);
        if next.is_some() {
            return Ok(next);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let (id, number) = (&row.id, row.number);
    let named = row.successor.map_or(Cow::Borrowed("nothing"), |named| Cow::Owned(named.to_string()));
    let message = format!(
        "run `{id}` (number {number}) went on as another run, and no row says as which: its column `successor` has {named}, and \
         no run whose `origin` is {number} continues it. Restore the database from a copy, or ask for the other run by its id"
    );
    Err(StoreError::new(StoreErrorKind::Damaged, message))
}

/// Returns, as a part of a sentence, why the row's first run is wrong: outputs and children are found by it. Returns
/// `None` if it is right.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn lineage_flaw(store: &dyn Store, row: &RunRow) -> Result<Option<String>, StoreError> {
    let Some(forked_from) = row.forked_from else {
        return Ok((row.first_run != row.number).then(|| said(row, row.number)));
    };
    // A row that is gone proves nothing.
    let Some(forked_from) = store.run(RunKey::Number(forked_from))? else { return Ok(None) };
    let expected = if forked_from.successor == Some(row.number) { forked_from.first_run } else { row.number };
    Ok((row.first_run != expected).then(|| said(row, expected)))
}

fn said(row: &RunRow, expected: i64) -> String {
    format!(
        "its column `lineage` in `steadfast_runs` has {}, where {expected} is expected: what it shows and whom it has started \
         would be looked for elsewhere. Restore the database from a copy, or write {expected} there and retry the run",
        row.first_run
    )
}
