//! As which run another went on: what its row says, or the rows of those that came from it where that is damaged.

use super::{RunKey, RunQuery, RunRow, Status, Store, StoreError, StoreErrorKind};
use std::borrow::Cow;

/// The run that took over the id of this one; `None` if none did.
///
/// # Errors
/// The database cannot be read; or the run was replaced, and no row says by which.
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

/// Whose outputs and children the row says are its own, if that is not so, as a part of a sentence.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn lineage_flaw(store: &dyn Store, row: &RunRow) -> Result<Option<String>, StoreError> {
    let Some(forked_from) = row.forked_from else {
        return Ok((row.first_run != row.number).then(|| said(row, row.number)));
    };
    // One that is gone says nothing.
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
