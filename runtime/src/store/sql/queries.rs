//! The text of every query.

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(in crate::store) const $name: &str = $text;)*

        /// Every query with its name.
        #[cfg(all(test, feature = "sqlite"))]
        pub(in crate::store) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// The columns of a run's row, in the order in which they are read.
///
/// The last entry is that of the log, because most appends leave the row as it is. The row has the last entry of
/// when it was written: a log that ends before it is damaged.
macro_rules! run_columns {
    () => {
        "number, id, workflow, status,
            coalesce((SELECT max(l.seq) FROM steadfast_log l WHERE l.run = number AND l.seq > steadfast_runs.seq), seq), lease,
            wake_at, loads, incarnation, seed, created_at, updated_at, parked, version, parent, lineage, origin, successor,
            dedup, queue"
    };
}

/// The columns of a run's row as they are stored, without its number.
macro_rules! stored_run_columns {
    () => {
        "id, workflow, status, seq, lease, wake_at, loads, incarnation, seed, created_at, updated_at, parked, version,
            parent, lineage, origin, successor, dedup, queue"
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

/// The clock of the database, in milliseconds since 1970.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS BIGINT)"
    };
}

/// The columns of an output, in the order in which they are read.
macro_rules! output_columns {
    () => {
        "item, run, seq, at, form, body"
    };
}

pub(super) mod tasks;

pub(super) const NOW: &str = now!();

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
    /// Number. What appends and messages need to know.
    RUN_STATE = "SELECT status, lease,
            coalesce((SELECT max(l.seq) FROM steadfast_log l WHERE l.run = number AND l.seq > steadfast_runs.seq), seq), wake_at, loads, coalesce(lineage, number), successor, dedup IS NOT NULL,
            queue IS NOT NULL
        FROM steadfast_runs WHERE number = ?1";
    /// The stored columns, without the number.
    INSERT_RUN = concat!(
        "INSERT INTO steadfast_runs (", stored_run_columns!(), ")
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
            RETURNING number"
    );
    /// The stored columns, and the number.
    #[cfg(feature = "sqlite")]
    COPY_RUN = concat!(
        "INSERT INTO steadfast_runs (", stored_run_columns!(), ", number)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
    );
    /// Execution, after, and the run that may have it. No index: one of executions would cost every start.
    RUN_BY_INCARNATION = concat!(
        "SELECT ", run_columns!(), " FROM steadfast_runs WHERE incarnation = ?1 AND number > ?2 AND number IS DISTINCT FROM ?3
            LIMIT 1"
    );
    /// Deduplication key.
    RUN_BY_DEDUP = concat!("SELECT ", run_columns!(), " FROM steadfast_runs WHERE dedup = ?1");
    /// First run.
    CHILDREN = "SELECT number, NULL, status FROM steadfast_runs WHERE parent = ?1 ORDER BY number";
    /// Lease. The statuses are those of the index.
    ADOPT_UNOWNED = "UPDATE steadfast_runs SET lease = ?1
        WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused')";
    /// Whether there is a run that the query before would change.
    HAS_UNOWNED = "SELECT 1 FROM steadfast_runs WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused') LIMIT 1";
    /// How many rows. The statuses are those of the index.
    WAITING_UNOWNED = "SELECT u.workflow, coalesce(u.version, 1), min(u.updated_at), count(*)
        FROM (SELECT workflow, version, updated_at FROM steadfast_runs
            WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused') LIMIT ?1) AS u
        GROUP BY u.workflow, coalesce(u.version, 1) ORDER BY u.workflow, coalesce(u.version, 1)";
    /// How many rows, lease.
    WAITING_OWNED = "SELECT u.workflow, coalesce(u.version, 1), min(u.updated_at), count(*)
        FROM (SELECT workflow, version, updated_at FROM steadfast_runs
            WHERE lease = ?2 AND status IN ('running', 'sleeping', 'paused') LIMIT ?1) AS u
        GROUP BY u.workflow, coalesce(u.version, 1) ORDER BY u.workflow, coalesce(u.version, 1)";
    /// How many of each status.
    RUN_COUNTS = "SELECT
        (SELECT count(*) FROM (SELECT 1 FROM steadfast_runs WHERE status = 'running' LIMIT ?1) AS a),
        (SELECT count(*) FROM (SELECT 1 FROM steadfast_runs WHERE status = 'sleeping' LIMIT ?1) AS b),
        (SELECT count(*) FROM (SELECT 1 FROM steadfast_runs WHERE status = 'queued' LIMIT ?1) AS c),
        (SELECT count(*) FROM (SELECT 1 FROM steadfast_runs WHERE status = 'paused' LIMIT ?1) AS d),
        (SELECT count(*) FROM (SELECT 1 FROM steadfast_runs WHERE status = 'parked' LIMIT ?1) AS e)";
    /// Lease, and the lease whose runs it gets.
    ADOPT_FROM = "UPDATE steadfast_runs SET lease = ?1 WHERE lease = ?2";
    /// The least lease that may be found. Steps from owner to owner, however many runs each has.
    NEXT_OWNER = "SELECT min(lease) FROM steadfast_runs WHERE lease >= ?1";
    /// Lease, workflow, version, the most runs. The statuses are those of the index of unowned runs, which gives the
    /// order; `IS TRUE` keeps the database from using the index of workflows, which has the owned runs too.
    CLAIM_SERVED = "UPDATE steadfast_runs SET lease = ?1 WHERE number IN (
            SELECT number FROM steadfast_runs
                WHERE lease IS NULL AND status IN ('running', 'sleeping', 'paused')
                    AND (workflow = ?2 AND coalesce(version, 1) = ?3) IS TRUE
                LIMIT ?4)
        RETURNING number, wake_at";
    /// Number.
    DELETE_RUN = "DELETE FROM steadfast_runs WHERE number = ?1";

    /// Run, after, the most rows. Each has one entry or more.
    ENTRIES = "SELECT seq, count, at, format, entries, bodies
        FROM steadfast_log WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    /// Run, after, the most rows. Omits the values, which are stored last in the row.
    OUTLINE = "SELECT seq, count, at, format, entries, NULL
        FROM steadfast_log WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    /// Run, last entry, how many, time, format, entries, bodies.
    INSERT_ENTRIES = "INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// Run, how many rows.
    DELETE_ENTRIES = "DELETE FROM steadfast_log WHERE run = ?1
        AND seq IN (SELECT seq FROM steadfast_log WHERE run = ?1 ORDER BY seq LIMIT ?2)";

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
    /// Run. Every item, taken or not.
    ITEMS = "SELECT number, kind, key, taken IS NOT NULL FROM steadfast_inbox WHERE run = ?1";
    /// Number, run.
    MOVE_ITEM = "UPDATE steadfast_inbox SET run = ?2 WHERE number = ?1";
    /// Number, run.
    COPY_ITEM = "INSERT INTO steadfast_inbox (run, kind, key, at, name, position, sender, form, body, taken)
        SELECT ?2, kind, key, at, name, position, sender, form, body, taken FROM steadfast_inbox WHERE number = ?1";
    /// Number.
    REMOVE_ITEM = "DELETE FROM steadfast_inbox WHERE number = ?1";
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
    /// Run, after, limit. Answered or not.
    PAGE_OF_REQUESTS = concat!(
        "SELECT ", request_columns!(), " FROM steadfast_requests WHERE run = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    /// After, limit.
    OPEN_REQUESTS = concat!(
        "SELECT ", request_columns!(), " FROM steadfast_requests WHERE answered IS NULL AND id > ?1 ORDER BY id LIMIT ?2"
    );
    /// Run.
    OPEN_REQUESTS_OF_RUN = "SELECT id FROM steadfast_requests WHERE run = ?1 AND answered IS NULL ORDER BY id";
    /// Id, run, position, name, answer, time, due, answered, form, body.
    INSERT_REQUEST = concat!(
        "INSERT INTO steadfast_requests (", request_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    );
    /// Id, run or null, answered or null, form or null, body.
    CHANGE_REQUEST = "UPDATE steadfast_requests SET run = coalesce(?2, run), answered = coalesce(?3, answered),
            form = coalesce(?4, form), body = CASE WHEN ?4 IS NULL THEN body ELSE ?5 END
        WHERE id = ?1";
    /// Id.
    REMOVE_REQUEST = "DELETE FROM steadfast_requests WHERE id = ?1";
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
    /// First run, channel. The next one after it.
    NEXT_CHANNEL = "SELECT min(channel) FROM steadfast_outputs WHERE lineage = ?1 AND channel > ?2";
    /// First run, channel, run, entry, time, form, body.
    INSERT_OUTPUT = "INSERT INTO steadfast_outputs (lineage, channel, item, run, seq, at, form, body)
        VALUES (?1, ?2,
            coalesce((SELECT max(item) FROM steadfast_outputs WHERE lineage = ?1 AND channel = ?2), 0) + 1,
            ?3, ?4, ?5, ?6, ?7)
        RETURNING item";

    /// First run, how many.
    DELETE_OUTPUTS = "DELETE FROM steadfast_outputs WHERE (lineage, channel, item) IN
        (SELECT lineage, channel, item FROM steadfast_outputs WHERE lineage = ?1 ORDER BY channel, item LIMIT ?2)";

    /// Run, watcher, position.
    IS_WATCHED = "SELECT 1 FROM steadfast_watchers WHERE run = ?1 AND watcher = ?2 AND position = ?3";
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
    SET_LABEL = "INSERT INTO steadfast_labels (run, name, value) VALUES (?1, ?2, ?3)
        ON CONFLICT (run, name) DO UPDATE SET value = excluded.value";
    /// Run, name.
    DELETE_LABEL = "DELETE FROM steadfast_labels WHERE run = ?1 AND name = ?2";
    /// Run, how many.
    DELETE_LABELS = "DELETE FROM steadfast_labels WHERE run = ?1
        AND name IN (SELECT name FROM steadfast_labels WHERE run = ?1 ORDER BY name LIMIT ?2)";

    /// Run.
    INDEXED = "SELECT name, value FROM steadfast_indexed WHERE run = ?1 ORDER BY name";
    /// Run, workflow, name, key.
    SET_INDEXED = "INSERT INTO steadfast_indexed (run, workflow, name, value) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (run, name) DO UPDATE SET value = excluded.value";
    /// Run, name.
    DELETE_ONE_INDEXED = "DELETE FROM steadfast_indexed WHERE run = ?1 AND name = ?2";
    /// Run, how many.
    DELETE_INDEXED = "DELETE FROM steadfast_indexed WHERE run = ?1
        AND name IN (SELECT name FROM steadfast_indexed WHERE run = ?1 ORDER BY name LIMIT ?2)";
    /// The last one. Steps from workflow to workflow, however many runs each has.
    NEXT_INDEXED_WORKFLOW = "SELECT min(workflow) FROM steadfast_indexed WHERE workflow > ?1";

    LEASES = "SELECT number, owner, epoch, beat, about, seen FROM steadfast_leases ORDER BY number";
    /// Number.
    LEASE_EPOCH = "SELECT epoch FROM steadfast_leases WHERE number = ?1";
    /// Number.
    LEASE = "SELECT number, owner, epoch, beat, about, seen FROM steadfast_leases WHERE number = ?1";
    /// Number, owner, epoch, heartbeat, what its holder says. The time is that of the database.
    CHANGE_LEASE = "UPDATE steadfast_leases SET owner = ?2, epoch = ?3, beat = ?4, about = ?5,
            seen = CAST(unixepoch('subsec') * 1000 AS BIGINT)
        WHERE number = ?1";
    /// Number.
    REMOVE_LEASE = "DELETE FROM steadfast_leases WHERE number = ?1";
    /// Lease.
    OWNS_RUNS = "SELECT EXISTS (SELECT 1 FROM steadfast_runs WHERE lease = ?1)";
    /// Owner.
    OPEN_LEASE = "INSERT INTO steadfast_leases (owner, epoch, beat) VALUES (?1, 1, 0) RETURNING number";

    /// Allows one write to be rolled back without the others.
    SAVEPOINT = "SAVEPOINT steadfast_write";
    UNDO = "ROLLBACK TO steadfast_write";
    RELEASE = "RELEASE steadfast_write";

    /// Allows a user's code to be rolled back without the rest of its write.
    SAVEPOINT_CODE = "SAVEPOINT steadfast_code";
    UNDO_CODE = "ROLLBACK TO steadfast_code";
    RELEASE_CODE = "RELEASE steadfast_code";
}
