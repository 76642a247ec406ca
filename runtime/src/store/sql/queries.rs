//! The text of every query.

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: &str = $text;)*
    };
}

/// The columns of a run's row, in the order in which they are read.
macro_rules! run_columns {
    () => {
        "number, id, workflow, status, seq, lease, wake_at, loads, incarnation, seed, created_at, updated_at, parked"
    };
}
/// The columns of an inbox item, in the order in which they are read.
macro_rules! inbox_columns {
    () => {
        "i.number, i.run, i.kind, i.key, i.at, i.form, i.body"
    };
}

/// The condition under which the owner of a run writes: run, lease, last entry.
macro_rules! as_owner {
    () => {
        " WHERE number = ?1 AND lease = ?2 AND seq = ?3"
    };
}

queries! {
    /// Key.
    META = "SELECT value FROM steadfast_meta WHERE key = ?1";
    /// Key, value.
    SET_META = "INSERT INTO steadfast_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";

    SELECT_RUNS = concat!("SELECT ", run_columns!(), " FROM steadfast_runs");
    /// Number.
    RUN_BY_NUMBER = concat!("SELECT ", run_columns!(), " FROM steadfast_runs WHERE number = ?1");
    /// Id.
    RUN_BY_ID = concat!("SELECT ", run_columns!(), " FROM steadfast_runs WHERE id = ?1");
    /// Number.
    RUN_ID = "SELECT id FROM steadfast_runs WHERE number = ?1";
    /// Number.
    RUN_STATE = "SELECT status, lease FROM steadfast_runs WHERE number = ?1";
    /// Id, workflow, status, lease, incarnation, time.
    INSERT_RUN = "INSERT INTO steadfast_runs
            (id, workflow, status, seq, lease, wake_at, loads, incarnation, created_at, updated_at)
        VALUES (?1, ?2, ?3, 1, ?4, 0, 0, ?5, ?6, ?6)
        ON CONFLICT (id) DO NOTHING RETURNING number";
    /// Id, workflow, status, last entry, lease, due, incarnation, seed, time of its start, time, parked.
    IMPORT_RUN = "INSERT INTO steadfast_runs
            (id, workflow, status, seq, lease, wake_at, loads, incarnation, seed, created_at, updated_at, parked)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT (id) DO NOTHING RETURNING number";
    /// Incarnation. Looks at every run: that is rare, and an index would cost each start.
    RUN_BY_INCARNATION = concat!("SELECT ", run_columns!(), " FROM steadfast_runs WHERE incarnation = ?1");
    /// As owner; last entry now, time, loads or null, whether due is given, due, status or null.
    ///
    /// The common case: status and due stay what they are. It sets no column of an index, so that none is touched.
    ADVANCE_RUN = concat!(
        "UPDATE steadfast_runs SET seq = ?4, updated_at = ?5, loads = coalesce(?6, loads)",
        as_owner!(),
        " AND (?7 = 0 OR wake_at IS NOT DISTINCT FROM ?8) AND (?9 IS NULL OR status = ?9)"
    );
    /// As owner; last entry now, time, loads or null, whether due is given, due, status or null, whether parked is given,
    /// parked, whether to release.
    CHANGE_RUN = concat!(
        "UPDATE steadfast_runs SET seq = ?4, updated_at = ?5, loads = coalesce(?6, loads),
            wake_at = CASE WHEN ?7 = 1 THEN ?8 ELSE wake_at END,
            status = coalesce(?9, status),
            parked = CASE WHEN ?10 = 1 THEN ?11 ELSE parked END,
            lease = CASE WHEN ?12 = 1 THEN NULL ELSE lease END",
        as_owner!()
    );
    /// Number, lease.
    CLAIM_RUN = "UPDATE steadfast_runs SET lease = ?2 WHERE number = ?1";
    /// Number, status.
    MARK_DELETING = "UPDATE steadfast_runs SET status = ?2, lease = NULL, wake_at = NULL WHERE number = ?1";
    /// Number.
    DELETE_RUN = "DELETE FROM steadfast_runs WHERE number = ?1";

    /// Run, after, limit.
    ENTRIES = "SELECT seq, format, kind, cause, at, position, name, attempt, context, due, form, body
        FROM steadfast_entries WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    INSERT_ENTRY = "INSERT INTO steadfast_entries
            (run, seq, format, kind, cause, at, position, name, attempt, context, due, form, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    /// Run, how many.
    DELETE_ENTRIES = "DELETE FROM steadfast_entries WHERE run = ?1
        AND seq IN (SELECT seq FROM steadfast_entries WHERE run = ?1 ORDER BY seq LIMIT ?2)";

    /// Run, from, to.
    FIELDS = "SELECT seq, format, name, form, body
        FROM steadfast_fields WHERE run = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq, name";
    INSERT_FIELD = "INSERT INTO steadfast_fields (run, seq, name, format, form, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    /// Run, how many.
    DELETE_FIELDS = "DELETE FROM steadfast_fields WHERE run = ?1
        AND (seq, name) IN (SELECT seq, name FROM steadfast_fields WHERE run = ?1 ORDER BY seq, name LIMIT ?2)";

    /// Run.
    INBOX_OF_RUN = concat!("SELECT ", inbox_columns!(), " FROM steadfast_inbox i WHERE i.run = ?1 ORDER BY i.number");
    /// Lease. The inbox is short and the runs are many, so the join begins with the inbox.
    INBOX_OF_LEASE = concat!(
        "SELECT ", inbox_columns!(), " FROM steadfast_inbox i CROSS JOIN steadfast_runs r
            WHERE r.number = i.run AND r.lease = ?1 ORDER BY i.number"
    );
    /// Run, key.
    INBOX_KEY = "SELECT number FROM steadfast_inbox WHERE run = ?1 AND key = ?2";
    /// Run, kind, key, time, form, body.
    INSERT_ITEM = "INSERT INTO steadfast_inbox (run, kind, key, at, form, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING number";
    /// Run, number.
    TAKE_ITEM = "DELETE FROM steadfast_inbox WHERE number = ?2 AND run = ?1";
    /// Run, how many.
    DELETE_ITEMS = "DELETE FROM steadfast_inbox WHERE number IN
        (SELECT number FROM steadfast_inbox WHERE run = ?1 ORDER BY number LIMIT ?2)";

    LEASES = "SELECT number, owner, epoch, beat FROM steadfast_leases ORDER BY number";
    /// Number.
    LEASE_EPOCH = "SELECT epoch FROM steadfast_leases WHERE number = ?1";
    /// Owner.
    OPEN_LEASE = "INSERT INTO steadfast_leases (owner, epoch, beat) VALUES (?1, 1, 0) RETURNING number";
    /// Number, epoch.
    BEAT = "UPDATE steadfast_leases SET beat = beat + 1 WHERE number = ?1 AND epoch = ?2";
    /// Number, epoch, beat, owner.
    TAKE_LEASE = "UPDATE steadfast_leases SET owner = ?4, epoch = epoch + 1, beat = beat + 1
        WHERE number = ?1 AND epoch = ?2 AND beat = ?3";
    /// Number, epoch.
    CLOSE_LEASE = "DELETE FROM steadfast_leases WHERE number = ?1 AND epoch = ?2
        AND NOT EXISTS (SELECT 1 FROM steadfast_runs WHERE lease = ?1)";

    /// Lets one write be taken back without the others.
    SAVEPOINT = "SAVEPOINT steadfast_write";
    UNDO = "ROLLBACK TO steadfast_write";
    RELEASE = "RELEASE steadfast_write";

    /// Lets what a user's code does be taken back without the rest of its write.
    SAVEPOINT_CODE = "SAVEPOINT steadfast_code";
    UNDO_CODE = "ROLLBACK TO steadfast_code";
    RELEASE_CODE = "RELEASE steadfast_code";
    /// Run.
    ONE_MORE_ENTRY = "UPDATE steadfast_runs SET seq = seq + 1 WHERE number = ?1";
}
