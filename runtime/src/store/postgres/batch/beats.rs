//! Heartbeats without other writes, as an idle engine has them: one call of a function, which is a transaction by
//! itself.

use crate::store::postgres::cells::first_number;
use crate::store::postgres::session::{Pg, Query};
use crate::store::sql::Cell;
use crate::store::{Lease, StoreError, Write};
use std::collections::BTreeMap;

/// Creates the function. It waits for a lock as briefly as other transactions do, and locks leases in the order of
/// their numbers. Its parameters are the leases and their epochs; unless all are held, it changes none.
pub(in crate::store::postgres) const FUNCTION: &str = "CREATE FUNCTION steadfast_beat(bigint[], bigint[])
    RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '2s' AS $function$
    DECLARE
        held bigint;
    BEGIN
        SELECT count(*) INTO held FROM (SELECT 1 FROM steadfast_leases l
            JOIN unnest($1, $2) AS a (number, epoch) ON l.number = a.number AND l.epoch = a.epoch
            ORDER BY l.number FOR UPDATE OF l) locked;
        IF held <> cardinality($1) THEN
            RETURN 0;
        END IF;
        UPDATE steadfast_leases SET beat = beat + 1, seen = CAST(unixepoch('subsec') * 1000 AS BIGINT)
            WHERE number = ANY ($1);
        RETURN 1;
    END $function$";

const CALL: &str = "SELECT steadfast_beat(?1, ?2)";

/// Commits heartbeats of different leases in one round trip. Returns `false`, and has written nothing, if there are
/// other writes or if a lease is not held.
///
/// # Errors
/// Nothing was committed, or the outcome is unknown: the stage of the session says which.
pub(super) fn commit(session: &Pg<'_>, writes: &[Write]) -> Result<bool, StoreError> {
    let Some(leases) = heartbeats(writes) else { return Ok(false) };
    let column = |of: fn(&Lease) -> i64| leases.values().map(move |lease| Cell::Int(of(lease)));
    let call = Query::new(CALL, []).array('i', column(|lease| lease.number)).array('i', column(|lease| lease.epoch));
    Ok(session.alone(&call)?.first().and_then(first_number) == Some(1))
}

/// Returns the leases by their numbers, if all writes are heartbeats of different ones.
fn heartbeats(writes: &[Write]) -> Option<BTreeMap<i64, Lease>> {
    let lease = |write: &Write| match write {
        Write::Heartbeat(lease) => Some((lease.number, *lease)),
        _ => None,
    };
    let leases: BTreeMap<_, _> = writes.iter().map(lease).collect::<Option<_>>()?;
    (!leases.is_empty() && leases.len() == writes.len()).then_some(leases)
}
