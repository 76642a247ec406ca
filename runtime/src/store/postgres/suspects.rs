//! What engines record of the runs that may end their process: on a file that is in the side files.

use super::session::{Pg, Query};
use crate::store::StoreError;
use crate::store::sql::{Cell, Session as _};
use std::ops::ControlFlow;

/// Owner, runs, their records; runs whose records go. One statement, so that it is a transaction by itself.
const KEEP: &str = "WITH gone AS (DELETE FROM steadfast_suspects WHERE owner = ?1 AND run = ANY(?4))
    INSERT INTO steadfast_suspects (owner, run, record) SELECT ?1, u.run, u.record FROM unnest(?2, ?3) AS u (run, record)
        ON CONFLICT (owner, run) DO UPDATE SET record = excluded.record";

const OF: &str = "SELECT run, record FROM steadfast_suspects WHERE owner = ?1";

const FORGET: &str = "DELETE FROM steadfast_suspects s
    WHERE NOT EXISTS (SELECT 1 FROM steadfast_leases l WHERE l.owner = s.owner)";

pub(super) fn keep(session: &Pg<'_>, owner: &str, records: &[(i64, Option<Vec<u8>>)]) -> Result<(), StoreError> {
    let kept = || records.iter().filter_map(|(run, record)| Some((*run, record.as_deref()?)));
    let gone = records.iter().filter(|(_, record)| record.is_none()).map(|(run, _)| Cell::Int(*run));
    let query = Query::new(KEEP, [Cell::Text(owner.as_bytes())])
        .array('i', kept().map(|(run, _)| Cell::Int(run)))
        .array('b', kept().map(|(_, record)| Cell::Bytes(record)))
        .array('i', gone);
    session.alone(&query).map(drop)
}

pub(super) fn of(session: &Pg<'_>, owner: &str) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let mut records = Vec::new();
    session.select(OF, &[Cell::Text(owner.as_bytes())], &mut |row| {
        if let (Cell::Int(run), Cell::Bytes(record) | Cell::Json(record)) = (row.cell(0), row.cell(1)) {
            records.push((run, record.to_vec()));
        }
        ControlFlow::Continue(())
    })?;
    Ok(records)
}

pub(super) fn forget(session: &Pg<'_>) -> Result<(), StoreError> {
    session.execute(FORGET, &[]).map(drop)
}
