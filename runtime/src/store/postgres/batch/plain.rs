//! Appends that write nothing but their entries, as most do: one call of a function, which is a transaction by itself.
//!
//! Whether an append is allowed, and what it changes, is said in `decide`. The function writes a batch only if it can tell
//! that `decide` would allow all of it and change no row: the lease is held, each run belongs to it, its last entry is the
//! one that the append names, and its row has what the append wants there. Any other batch is left to `decide`. It is a
//! function because its plan is kept where it runs: to plan these statements anew takes several times as long as they do.

use super::changes::Changes;
use crate::store::postgres::cells::first_number;
use crate::store::postgres::session::{Pg, Query};
use crate::store::sql::Cell;
use crate::store::{Append, Change, Lease, StoreError, Write};
use std::collections::HashSet;

/// Creates the function. It waits for a lock as briefly as other transactions do. Its parameters: the lease and its epoch; of each append the run, the last entry before, and the
/// status, due time and loads that it wants, if any; the columns of the rows of the log, and those of fields.
pub(in crate::store::postgres) const FUNCTION: &str = "CREATE FUNCTION steadfast_append(
        bigint, bigint, bigint[], bigint[], text[], bigint[], bigint[], bigint[],
        bigint[], bigint[], bigint[], bigint[], bigint[], text[], bytea[],
        bigint[], bigint[], text[], bigint[], text[], bytea[])
    RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '2s' AS $function$
    DECLARE
        plain bigint;
    BEGIN
        PERFORM 1 FROM steadfast_leases WHERE number = $1 AND epoch = $2 FOR SHARE;
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
        SELECT count(*) INTO plain
            FROM unnest($3, $4, $5, $6, $7, $8) AS a (run, after, status, is_due, due, loads)
            JOIN steadfast_runs r ON r.number = a.run AND r.lease = $1
            WHERE (a.status IS NULL OR r.status = a.status) AND (a.loads IS NULL OR r.loads = a.loads)
                AND (a.is_due = 0 OR r.wake_at IS NOT DISTINCT FROM a.due)
                AND a.after =
                    coalesce((SELECT max(l.seq) FROM steadfast_log l WHERE l.run = r.number AND l.seq > r.seq), r.seq);
        IF plain <> cardinality($3) THEN
            RETURN 0;
        END IF;
        INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
            SELECT * FROM unnest($9, $10, $11, $12, $13, $14, $15);
        IF cardinality($16) > 0 THEN
            INSERT INTO steadfast_fields (run, seq, name, format, form, body)
                SELECT * FROM unnest($16, $17, $18, $19, $20, $21);
        END IF;
        RETURN 1;
    END $function$";

const CALL: &str = "SELECT steadfast_append(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
    ?18, ?19, ?20, ?21)";

/// Commits plain appends of different runs under one lease, in one round trip; `false` if the writes are not all that, and
/// nothing was written.
///
/// # Errors
/// Nothing was committed, or the outcome is unknown: the stage of the session says which.
pub(super) fn commit(session: &Pg<'_>, writes: &[Write]) -> Result<bool, StoreError> {
    let Some((lease, appends)) = plain(writes) else { return Ok(false) };
    let mut changes = Changes::default();
    for append in &appends {
        changes.append(append.run, &append.entries, &append.fields);
    }
    let (log, fields) = changes.entries_and_fields();
    let query = super::with_columns(super::with_columns(wanted(lease, &appends), log), fields);
    Ok(session.alone(&query)?.first().and_then(first_number) == Some(1))
}

/// Returns the call with what each append wants to find.
fn wanted<'a>(lease: Lease, appends: &[&'a Append]) -> Query<'a> {
    let int = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
    let column = |of: fn(&Append) -> Option<i64>| appends.iter().map(move |append| int(of(append)));
    let status = |append: &&Append| match append.change.status {
        Some(status) => Cell::Text(status.as_str().as_bytes()),
        None => Cell::Null,
    };
    Query::new(CALL, [Cell::Int(lease.number), Cell::Int(lease.epoch)])
        .array('i', column(|append| Some(append.run)))
        .array('i', column(|append| i64::try_from(append.after).ok()))
        .array('t', appends.iter().map(status))
        .array('i', column(|append| Some(i64::from(append.change.wake_at.is_some()))))
        .array('i', column(|append| append.change.wake_at.flatten()))
        .array('i', column(|append| append.change.loads.map(i64::from)))
}

/// Returns the appends, if all writes may be plain ones, of different runs under one lease.
fn plain(writes: &[Write]) -> Option<(Lease, Vec<&Append>)> {
    let mut runs = HashSet::with_capacity(writes.len());
    let appends = writes.iter().map(|write| match write {
        Write::Append(append) if may_be_plain(append) && runs.insert(append.run) && write.flaw().is_none() => {
            Some(&**append)
        }
        _ => None,
    });
    let appends: Vec<&Append> = appends.collect::<Option<_>>()?;
    let lease = appends.first()?.lease;
    appends.iter().all(|append| append.lease == lease).then_some((lease, appends))
}

fn may_be_plain(append: &Append) -> bool {
    let Append { entries, taken, outgoing, transaction, change, .. } = append;
    let Change { status, wake_at: _, loads: _, parked, release } = change;
    let goes_on = status.is_none_or(|status| !status.is_final()) && parked.is_none() && !release;
    goes_on && !entries.is_empty() && taken.is_empty() && outgoing.is_empty() && transaction.is_none()
}
