//! The functions that write in one call what `decide` would allow entirely.
//!
//! They are functions because a session keeps the plans of a function's statements, also behind a pooler, where
//! statements have no names: to plan these statements anew takes several times as long as to execute them. They decide
//! nothing. Each verifies the rows that were assumed when the batch was decided, and changes nothing if one differs.
//! Each waits for a lock as briefly as other transactions do. Scans are off, because a plan that was made while the
//! tables were empty is kept.

/// Appends one row to the log of a run whose own row does not change. Its parameters: the lease and its epoch, the run
/// and its last entry before, and the columns of the row. Returns how many rows it has written.
pub(in crate::store::postgres) const APPEND: &str = "CREATE FUNCTION steadfast_append(
        bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, text, bytea)
    RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '2s' SET enable_seqscan = off AS $function$
    BEGIN
        PERFORM 1 FROM steadfast_leases WHERE number = $1 AND epoch = $2 FOR SHARE;
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
        INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
            SELECT $3, $5, $6, $7, $8, $9, $10 FROM steadfast_runs r
            WHERE r.number = $3 AND r.lease = $1 AND $4 =
                coalesce((SELECT max(l.seq) FROM steadfast_log l WHERE l.run = $3 AND l.seq > r.seq), r.seq);
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
        RETURN 1;
    END $function$";

pub(super) const CALL_APPEND: &str = "SELECT steadfast_append(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Writes appends to different runs, and new runs. Its parameters: the lease, if one is needed, and its epoch; of each
/// append the run, the last entry before and after it, and its time; whether the row of the run changes, and the
/// change; the runs whose rows change, and those that end; the columns of the log, of fields, and of new runs. The
/// number of a new run is that of its place, negated. Returns 1 and the numbers drawn for the new runs, or nothing if
/// it has written nothing.
///
/// It locks the rows that change first. A transaction that gives an item to a run, or waits for its end, locks the row
/// of that run too, so the rows that the next statement reads stay as they are until the commit. As every batch it
/// locks the table of leases weakly, with the row of the lease; a transaction that excludes all batches locks the table
/// strongly.
pub(in crate::store::postgres) const BATCH: &str = "CREATE FUNCTION steadfast_batch(
        bigint, bigint,
        bigint[], bigint[], bigint[], bigint[],
        bigint[], text[], bigint[], bigint[], bigint[], bigint[], bigint[], text[],
        bigint[], bigint[],
        bigint[], bigint[], bigint[], bigint[], bigint[], text[], bytea[],
        bigint[], bigint[], text[], bigint[], text[], bytea[],
        bigint[], text[], text[], text[], bigint[], bigint[], bigint[], bigint[], text[], text[], bigint[], bigint[],
        text[], bigint[], bigint[], bigint[], bigint[], bigint[], text[])
    RETURNS SETOF bigint LANGUAGE plpgsql SET lock_timeout = '2s' SET enable_seqscan = off AS $function$
    DECLARE
        fit bigint;
        numbers bigint[] := '{}';
    BEGIN
        IF $1 IS NULL THEN
            LOCK TABLE steadfast_leases IN ROW SHARE MODE;
        ELSE
            PERFORM 1 FROM steadfast_leases WHERE number = $1 AND epoch = $2 FOR SHARE;
            IF NOT FOUND THEN
                RETURN;
            END IF;
        END IF;
        IF cardinality($15) > 0 THEN
            PERFORM 1 FROM steadfast_runs WHERE number = ANY($15) ORDER BY number FOR NO KEY UPDATE;
        END IF;
        IF cardinality($16) > 0 AND (
            EXISTS (SELECT 1 FROM steadfast_runs WHERE number = ANY($16) AND (dedup IS NOT NULL OR queue IS NOT NULL))
            OR EXISTS (SELECT 1 FROM steadfast_watchers WHERE run = ANY($16))
            OR EXISTS (SELECT 1 FROM steadfast_requests WHERE run = ANY($16) AND answered IS NULL))
        THEN
            RETURN;
        END IF;
        SELECT count(*) INTO fit
            FROM unnest($3, $4, $7, $8, $9, $10, $11, $12, $13)
                AS a (run, after, changes, status, is_due, due, loads, releases, is_parked)
            JOIN steadfast_runs r ON r.number = a.run AND r.lease = $1
            WHERE a.after =
                    coalesce((SELECT max(l.seq) FROM steadfast_log l WHERE l.run = r.number AND l.seq > r.seq), r.seq)
                AND (a.changes = 0 OR a.releases > 0 OR a.is_parked = 1 OR r.status <> a.status OR r.loads <> a.loads
                    OR a.is_due = 1 AND r.wake_at IS DISTINCT FROM a.due);
        IF fit <> cardinality($3) THEN
            RETURN;
        END IF;
        IF cardinality($31) > 0 THEN
            IF EXISTS (SELECT 1 FROM steadfast_runs WHERE id = ANY($31))
                OR EXISTS (SELECT 1 FROM steadfast_runs WHERE dedup = ANY($48))
            THEN
                RETURN;
            END IF;
            numbers := ARRAY(SELECT nextval('steadfast_runs_number_seq') FROM generate_series(1, cardinality($31)));
            INSERT INTO steadfast_runs (number, id, workflow, status, seq, lease, wake_at, loads, incarnation, seed,
                    created_at, updated_at, parked, version, parent, lineage, origin, successor, dedup)
                SELECT numbers[-n.number], id, workflow, status, seq, lease, wake_at, loads, incarnation, seed,
                    created_at, updated_at, parked, version, parent, lineage, origin, successor, dedup
                FROM unnest($30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48)
                    AS n (number, id, workflow, status, seq, lease, wake_at, loads, incarnation, seed,
                        created_at, updated_at, parked, version, parent, lineage, origin, successor, dedup);
        END IF;
        IF cardinality($15) > 0 THEN
            UPDATE steadfast_runs r SET status = coalesce(a.status, r.status), seq = a.last, updated_at = a.at,
                    lease = CASE a.releases WHEN 0 THEN r.lease END,
                    wake_at = CASE a.is_due WHEN 1 THEN a.due ELSE r.wake_at END, loads = coalesce(a.loads, r.loads),
                    parked = CASE a.is_parked WHEN 1 THEN a.parked ELSE r.parked END
                FROM unnest($3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                    AS a (run, last, at, changes, status, is_due, due, loads, releases, is_parked, parked)
                WHERE r.number = a.run AND a.changes = 1;
        END IF;
        IF 2 = ANY($12) THEN
            INSERT INTO steadfast_traces (run, seq, lease)
                SELECT a.run, 0, $1 FROM unnest($3, $12) AS a (run, releases) WHERE a.releases = 2 ORDER BY a.run
                ON CONFLICT (run) DO UPDATE SET lease = excluded.lease;
        END IF;
        INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
            SELECT CASE WHEN e.run < 0 THEN numbers[-e.run] ELSE e.run END, seq, count, at, format, entries, bodies
            FROM unnest($17, $18, $19, $20, $21, $22, $23) AS e (run, seq, count, at, format, entries, bodies);
        IF cardinality($24) > 0 THEN
            INSERT INTO steadfast_fields (run, seq, name, format, form, body)
                SELECT * FROM unnest($24, $25, $26, $27, $28, $29);
        END IF;
        RETURN NEXT 1;
        RETURN QUERY SELECT unnest(numbers);
    END $function$";

pub(super) const CALL_BATCH: &str = "SELECT steadfast_batch(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
    ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36,
    ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46, ?47, ?48)";
