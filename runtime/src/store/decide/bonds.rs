//! The runs that must be in the same database as another.

use super::{Related, Relation, Rows};
use crate::store::{Bond, RunKey, RunRow, StoreError};

/// Returns the unfinished runs that must be in the same database as this one.
pub(in crate::store) fn bonds(rows: &impl Rows, row: &RunRow) -> Result<Vec<Bond>, StoreError> {
    let mut bonds = Vec::new();
    let mut parent = row.parent;
    while let Some(row) = parent.map(|parent| rows.run(RunKey::Number(parent))).transpose()?.flatten() {
        if row.successor.is_none() && row.status.accepts() {
            bonds.push(Bond::Parent(row.number));
        }
        // Numbers are never reused, so a chain of growing ones has an end, also if a row is damaged.
        parent = row.successor.filter(|next| *next > row.number);
    }
    let mut add = |of: i64, how: Relation, bond: fn(i64) -> Bond| {
        bonds.extend(rows.related(of, how)?.into_iter().map(|Related { run, .. }| bond(run)));
        Ok::<(), StoreError>(())
    };
    add(row.first_run, Relation::Child, Bond::Child)?;
    add(row.number, Relation::Awaited, Bond::Awaited)?;
    add(row.number, Relation::Waiting, Bond::Waiting)?;
    Ok(bonds)
}
