//! The text of every query.

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: &str = $text;)*

        /// Every query with its name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// The columns of a run's row, in the order in which they are read.
macro_rules! run_columns {
    () => {
        "number, id, workflow, status, seq, lease, wake_at, loads, incarnation, seed, created_at, updated_at, parked,
            version, parent, lineage, origin, successor, dedup"
    };
}
/// The columns of an inbox item, in the order in which they are read.
macro_rules! inbox_columns {
    () => {
        "i.number, i.run, i.kind, i.key, i.at, i.name, i.position, i.sender, i.form, i.body"
    };
}

/// The columns of a request, in the order in which they are read.
macro_rules! request_columns {
    () => {
        "id, run, position, name, answer, at, due, answered, form, body"
    };
}

/// Inserts a request; callers append the action for an id that exists.
macro_rules! insert_request {
    () => {
        "INSERT INTO steadfast_requests (id, run, position, name, answer, at, due, form, body, answered)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id)"
    };
}

/// The columns of an output, in the order in which they are read.
macro_rules! output_columns {
    () => {
        "item, run, seq, at, form, body"
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
    /// Id, workflow, status, lease, execution, time, last entry, version, parent, deduplication key.
    INSERT_RUN = "INSERT INTO steadfast_runs
            (id, workflow, status, seq, lease, wake_at, loads, incarnation, created_at, updated_at, version, parent, dedup)
        VALUES (?1, ?2, ?3, ?7, ?4, 0, 0, ?5, ?6, ?6, ?8, ?9, ?10)
        ON CONFLICT DO NOTHING RETURNING number";
    /// Id, workflow, status, last entry, lease, due, execution, seed, time of its start, time, parked, version, parent,
    /// first run, forked from, deduplication key.
    IMPORT_RUN = "INSERT INTO steadfast_runs
            (id, workflow, status, seq, lease, wake_at, loads, incarnation, seed, created_at, updated_at, parked,
            version, parent, lineage, origin, dedup)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
        ON CONFLICT (id) DO NOTHING RETURNING number";
    /// Every column, in the order in which they are read.
    COPY_RUN = concat!(
        "INSERT INTO steadfast_runs (", run_columns!(), ")
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
    );
    /// Execution, after, and the run that may have it. No index: one of executions would cost every start.
    RUN_BY_INCARNATION = concat!(
        "SELECT ", run_columns!(), " FROM steadfast_runs WHERE incarnation = ?1 AND number > ?2 AND number IS DISTINCT FROM ?3
            LIMIT 1"
    );
    /// Deduplication key.
    RUN_BY_DEDUP = concat!("SELECT ", run_columns!(), " FROM steadfast_runs WHERE dedup = ?1");
    /// Number.
    FIRST_RUN = "SELECT coalesce(lineage, number) FROM steadfast_runs WHERE number = ?1";
    /// First run.
    CHILDREN = "SELECT number, NULL, status FROM steadfast_runs WHERE parent = ?1 ORDER BY number";
    /// Number. Whether it is watched, whether it has open requests, whether it holds a deduplication key.
    LEFT_BEHIND = "SELECT EXISTS (SELECT 1 FROM steadfast_watchers WHERE run = ?1),
            EXISTS (SELECT 1 FROM steadfast_requests WHERE run = ?1 AND answered IS NULL),
            dedup IS NOT NULL
        FROM steadfast_runs WHERE number = ?1";
    /// Number.
    FREE_DEDUP = "UPDATE steadfast_runs SET dedup = NULL WHERE number = ?1";
    /// Number, id, status, due, time, parked.
    REPLACE_RUN = "UPDATE steadfast_runs
        SET id = ?2, status = ?3, wake_at = ?4, updated_at = ?5, parked = ?6, lease = NULL, dedup = NULL
        WHERE number = ?1";
    /// Number, successor.
    SET_SUCCESSOR = "UPDATE steadfast_runs SET successor = ?2 WHERE number = ?1";
    /// Run, lease, last entry; last entry now, time, loads or null, whether due is given, due, status or null.
    ///
    /// The common case, in which status and due stay the same. It sets no indexed column, so that no index is written.
    ADVANCE_RUN = concat!(
        "UPDATE steadfast_runs SET seq = ?4, updated_at = ?5, loads = coalesce(?6, loads)",
        as_owner!(),
        " AND (?7 = 0 OR wake_at IS NOT DISTINCT FROM ?8) AND (?9 IS NULL OR status = ?9)"
    );
    /// Run, lease, last entry; last entry now, time, loads or null, whether due is given, due, status or null, whether
    /// parked is given, parked, whether to release.
    CHANGE_RUN = concat!(
        "UPDATE steadfast_runs SET seq = ?4, updated_at = ?5, loads = coalesce(?6, loads),
            wake_at = CASE WHEN ?7 = 1 THEN ?8 ELSE wake_at END,
            status = coalesce(?9, status),
            parked = CASE WHEN ?10 = 1 THEN ?11 ELSE parked END,
            lease = CASE WHEN ?12 = 1 THEN NULL ELSE lease END",
        as_owner!()
    );
    /// Lease. The statuses are those of the index.
    ADOPT_UNOWNED = "UPDATE steadfast_runs SET lease = ?1
        WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused')";
    /// Lease. Steps from owner to owner, however many runs each has.
    ADOPT_LOST = "UPDATE steadfast_runs SET lease = ?1 WHERE lease IN (
        WITH RECURSIVE owners (lease) AS (
            SELECT min(lease) FROM steadfast_runs WHERE lease IS NOT NULL
            UNION ALL
            SELECT (SELECT min(r.lease) FROM steadfast_runs r WHERE r.lease > owners.lease)
                FROM owners WHERE owners.lease IS NOT NULL
        )
        SELECT lease FROM owners WHERE lease IS NOT NULL AND lease NOT IN (SELECT number FROM steadfast_leases))";
    /// Number, lease.
    CLAIM_RUN = "UPDATE steadfast_runs SET lease = ?2 WHERE number = ?1";
    /// Number, status.
    MARK_DELETING = "UPDATE steadfast_runs SET status = ?2, lease = NULL, wake_at = NULL, dedup = NULL WHERE number = ?1";
    /// Number.
    DELETE_RUN = "DELETE FROM steadfast_runs WHERE number = ?1";

    /// Run, after, limit.
    ENTRIES = "SELECT seq, format, kind, cause, at, position, name, attempt, context, due, form, body, other
        FROM steadfast_entries WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    /// Run, after, limit. Omits the columns stored after a large value in the row.
    OUTLINE = "SELECT seq, format, kind, cause, at, position, name, attempt, context, due, NULL, NULL, NULL
        FROM steadfast_entries WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    INSERT_ENTRY = "INSERT INTO steadfast_entries
            (run, seq, format, kind, cause, at, position, name, attempt, context, due, form, body, other)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
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

    /// Run, after, limit.
    INBOX_OF_RUN = concat!(
        "SELECT ", inbox_columns!(), " FROM steadfast_inbox i
            WHERE i.run = ?1 AND i.taken IS NULL AND i.number > ?2 ORDER BY i.number LIMIT ?3"
    );
    /// Lease, after, limit. Few items wait and runs are many, so the join begins with the waiting items. The `+` before
    /// the number keeps a database from scanning all items ever sent, in their order.
    INBOX_OF_LEASE = concat!(
        "SELECT ", inbox_columns!(), " FROM steadfast_inbox i WHERE i.number IN
            (SELECT w.number FROM steadfast_inbox w CROSS JOIN steadfast_runs r
                WHERE w.taken IS NULL AND r.number = w.run AND r.lease = ?1 AND +w.number > ?2
                ORDER BY +w.number LIMIT ?3)
            ORDER BY i.number"
    );
    /// Run. The keys of the items that were taken.
    TAKEN_ITEMS = "SELECT kind, key, at FROM steadfast_inbox
        WHERE run = ?1 AND key IS NOT NULL AND taken IS NOT NULL ORDER BY key";
    /// Run, kind, key, time.
    INSERT_TAKEN_ITEM = "INSERT INTO steadfast_inbox (run, kind, key, at, taken) VALUES (?1, ?2, ?3, ?4, ?4)
        ON CONFLICT DO NOTHING";
    /// Run, key.
    INBOX_KEY = "SELECT number FROM steadfast_inbox WHERE run = ?1 AND key = ?2";
    /// Run, kind, key, time, name, position, sender, form, body.
    INSERT_ITEM = "INSERT INTO steadfast_inbox (run, kind, key, at, name, position, sender, form, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING number";
    /// Run, number, time.
    TAKE_ITEM_WITH_KEY = "UPDATE steadfast_inbox SET taken = ?3, form = NULL, body = NULL
        WHERE number = ?2 AND run = ?1 AND key IS NOT NULL AND taken IS NULL";
    /// Run, number.
    TAKE_ITEM = "DELETE FROM steadfast_inbox WHERE number = ?2 AND run = ?1 AND key IS NULL";
    /// From, to. Moves the items of a run to its successor, except the ends of its children, which the successor
    /// watches anew, and a cancellation that was taken.
    MOVE_ITEMS = "UPDATE steadfast_inbox SET run = ?2
        WHERE run = ?1 AND kind IN ('message', 'answer', 'cancel', 'pause', 'resume')
            AND (taken IS NULL OR kind <> 'cancel')";
    /// Run. Pauses do not apply to a run that begins at an earlier point.
    DROP_PAUSES = "DELETE FROM steadfast_inbox WHERE run = ?1 AND kind IN ('pause', 'resume') AND taken IS NULL";
    /// From, to. Moves taken items; the next query moves waiting ones, after the items that are there already.
    MOVE_TAKEN_ITEMS = "UPDATE steadfast_inbox SET run = ?2
        WHERE run = ?1 AND kind IN ('message', 'answer', 'pause', 'resume') AND taken IS NOT NULL";
    APPEND_ITEMS = "INSERT INTO steadfast_inbox (run, kind, key, at, name, position, sender, form, body)
        SELECT ?2, kind, key, at, name, position, sender, form, body FROM steadfast_inbox
            WHERE run = ?1 AND kind IN ('message', 'answer', 'cancel', 'pause', 'resume') AND taken IS NULL
            ORDER BY number
        ON CONFLICT DO NOTHING";
    /// Run.
    REMOVE_MOVED_ITEMS = "DELETE FROM steadfast_inbox
        WHERE run = ?1 AND kind IN ('message', 'answer', 'cancel', 'pause', 'resume') AND taken IS NULL";
    /// Run, how many.
    DELETE_ITEMS = "DELETE FROM steadfast_inbox WHERE number IN
        (SELECT number FROM steadfast_inbox WHERE run = ?1 LIMIT ?2)";

    /// Id.
    REQUEST = concat!("SELECT ", request_columns!(), " FROM steadfast_requests WHERE id = ?1");
    /// Run.
    REQUESTS_OF_RUN = concat!(
        "SELECT ", request_columns!(), " FROM steadfast_requests WHERE run = ?1 AND answered IS NULL ORDER BY id"
    );
    /// Run. Answered or not.
    ALL_REQUESTS_OF_RUN =
        concat!("SELECT ", request_columns!(), " FROM steadfast_requests WHERE run = ?1");
    /// After, limit.
    OPEN_REQUESTS = concat!(
        "SELECT ", request_columns!(), " FROM steadfast_requests WHERE answered IS NULL AND id > ?1 ORDER BY id LIMIT ?2"
    );
    /// Id, run, position, name, answer, time, due, form, body, answered.
    INSERT_REQUEST = concat!(insert_request!(), " DO NOTHING");
    /// Values as above. An open request that exists gets this run and this value.
    IMPORT_REQUEST = concat!(
        insert_request!(), " DO UPDATE SET run = ?2, form = ?8, body = ?9 WHERE steadfast_requests.answered IS NULL"
    );
    /// Run, the mark in place of an answer.
    MOVE_AWAY_REQUESTS = "UPDATE steadfast_requests SET answered = ?2 WHERE run = ?1 AND answered IS NULL";
    /// Id, hash.
    ANSWER_REQUEST = "UPDATE steadfast_requests SET answered = ?2 WHERE id = ?1";
    /// Run, id.
    WITHDRAW_REQUEST = "DELETE FROM steadfast_requests WHERE id = ?2 AND run = ?1 AND answered IS NULL";
    /// Run.
    WITHDRAW_REQUESTS = "DELETE FROM steadfast_requests WHERE run = ?1 AND answered IS NULL";
    /// From, to.
    MOVE_REQUESTS = "UPDATE steadfast_requests SET run = ?2 WHERE run = ?1 AND answered IS NULL";
    /// Run, how many.
    DELETE_REQUESTS = "DELETE FROM steadfast_requests
        WHERE id IN (SELECT id FROM steadfast_requests WHERE run = ?1 LIMIT ?2)";

    /// First run, channel, after, limit.
    OUTPUTS = concat!(
        "SELECT ", output_columns!(), " FROM steadfast_outputs
            WHERE lineage = ?1 AND channel = ?2 AND item > ?3 ORDER BY item LIMIT ?4"
    );
    /// First run, channel, after, limit.
    NEWEST_OUTPUTS = concat!(
        "SELECT ", output_columns!(), " FROM steadfast_outputs
            WHERE lineage = ?1 AND channel = ?2 AND item > ?3 ORDER BY item DESC LIMIT ?4"
    );
    /// First run.
    CHANNELS = "SELECT DISTINCT channel FROM steadfast_outputs WHERE lineage = ?1 ORDER BY channel";
    /// First run, channel, run, entry, time, form, body.
    INSERT_OUTPUT = "INSERT INTO steadfast_outputs (lineage, channel, item, run, seq, at, form, body)
        VALUES (?1, ?2,
            coalesce((SELECT max(item) FROM steadfast_outputs WHERE lineage = ?1 AND channel = ?2), 0) + 1,
            ?3, ?4, ?5, ?6, ?7)
        RETURNING item";
    /// Run, how many. Outputs are deleted with the last execution of a first run.
    DELETE_OUTPUTS = "DELETE FROM steadfast_outputs WHERE (lineage, channel, item) IN
        (SELECT lineage, channel, item FROM steadfast_outputs WHERE lineage =
            (SELECT coalesce(lineage, number) FROM steadfast_runs WHERE number = ?1 AND successor IS NULL)
            ORDER BY channel, item LIMIT ?2)";

    /// Id of the watched run, watcher, position.
    IS_WATCHED = "SELECT w.run FROM steadfast_runs r JOIN steadfast_watchers w ON w.run = r.number
        WHERE r.id = ?1 AND w.watcher = ?2 AND w.position = ?3";
    /// Run, watcher, position.
    INSERT_WATCHER = "INSERT INTO steadfast_watchers (run, watcher, position) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    /// Run.
    WATCHERS = "SELECT w.watcher, w.position, r.status
        FROM steadfast_watchers w JOIN steadfast_runs r ON r.number = w.watcher
        WHERE w.run = ?1 ORDER BY w.watcher, w.position";
    /// Watcher.
    WATCHED = "SELECT w.run, w.position, r.status
        FROM steadfast_watchers w JOIN steadfast_runs r ON r.number = w.run
        WHERE w.watcher = ?1";
    /// From, to.
    MOVE_WATCHERS = "UPDATE steadfast_watchers SET run = ?2 WHERE run = ?1";
    /// Run.
    END_WATCH = "DELETE FROM steadfast_watchers WHERE run = ?1";
    /// Run, how many.
    DELETE_WATCHERS = "DELETE FROM steadfast_watchers WHERE (run, watcher, position) IN
        (SELECT run, watcher, position FROM steadfast_watchers WHERE run = ?1 OR watcher = ?1 LIMIT ?2)";

    /// Run.
    LABELS = "SELECT name, value FROM steadfast_labels WHERE run = ?1 ORDER BY name";
    /// Run, name, value.
    INSERT_LABEL = "INSERT INTO steadfast_labels (run, name, value) VALUES (?1, ?2, ?3)";
    /// Run, name, value.
    SET_LABEL = "INSERT INTO steadfast_labels (run, name, value) VALUES (?1, ?2, ?3)
        ON CONFLICT (run, name) DO UPDATE SET value = excluded.value";
    /// Run, name.
    DELETE_LABEL = "DELETE FROM steadfast_labels WHERE run = ?1 AND name = ?2";
    /// Run, how many.
    DELETE_LABELS = "DELETE FROM steadfast_labels WHERE run = ?1
        AND name IN (SELECT name FROM steadfast_labels WHERE run = ?1 ORDER BY name LIMIT ?2)";

    LEASES = "SELECT number, owner, epoch, beat FROM steadfast_leases ORDER BY number";
    /// Number.
    LEASE_EPOCH = "SELECT epoch FROM steadfast_leases WHERE number = ?1";
    /// Owner.
    OPEN_LEASE = "INSERT INTO steadfast_leases (owner, epoch, beat) VALUES (?1, 1, 0) RETURNING number";
    /// Number, epoch. Epochs and heartbeats are only compared for equality, so they may start again after the largest
    /// one.
    HEARTBEAT = "UPDATE steadfast_leases SET beat = CASE WHEN beat < 9223372036854775807 THEN beat + 1 ELSE 0 END
        WHERE number = ?1 AND epoch = ?2";
    /// Number, epoch, heartbeat, owner.
    TAKE_LEASE = "UPDATE steadfast_leases SET owner = ?4,
            epoch = CASE WHEN epoch < 9223372036854775807 THEN epoch + 1 ELSE 1 END,
            beat = CASE WHEN beat < 9223372036854775807 THEN beat + 1 ELSE 0 END
        WHERE number = ?1 AND epoch = ?2 AND beat = ?3";
    /// Number, epoch.
    CLOSE_LEASE = "DELETE FROM steadfast_leases WHERE number = ?1 AND epoch = ?2
        AND NOT EXISTS (SELECT 1 FROM steadfast_runs WHERE lease = ?1)";

    /// Allows one write to be rolled back without the others.
    SAVEPOINT = "SAVEPOINT steadfast_write";
    UNDO = "ROLLBACK TO steadfast_write";
    RELEASE = "RELEASE steadfast_write";

    /// Allows a user's code to be rolled back without the rest of its write.
    SAVEPOINT_CODE = "SAVEPOINT steadfast_code";
    UNDO_CODE = "ROLLBACK TO steadfast_code";
    RELEASE_CODE = "RELEASE steadfast_code";
    /// Run.
    ONE_MORE_ENTRY = "UPDATE steadfast_runs SET seq = seq + 1 WHERE number = ?1";
}
