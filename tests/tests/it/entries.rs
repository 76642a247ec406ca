//! Changes single entries of a database, whose rows have several each.

use rusqlite::Connection;

/// Makes the temporary table `steadfast_entries`, with a row for each entry.
pub(crate) fn unpack(db: &Connection) {
    db.execute_batch(
        "DROP TABLE IF EXISTS temp.steadfast_entries;
         CREATE TEMP TABLE steadfast_entries AS SELECT l.run AS run, l.seq - l.count + 1 + m.key AS seq, l.format AS format,
             m.value ->> 0 AS kind, coalesce(m.value ->> 10, l.at) AS at, m.value ->> 6 AS cause, m.value ->> 1 AS position,
             m.value ->> 5 AS name, m.value ->> 4 AS attempt, m.value ->> 7 AS context, m.value ->> 8 AS due,
             m.value ->> 9 AS other, m.value ->> 2 AS form, substr(l.bodies, 1 + (SELECT coalesce(sum(b.value ->> 3), 0)
                 FROM json_each(l.entries) b WHERE b.key < m.key), m.value ->> 3) AS body
         FROM main.steadfast_log l, json_each(l.entries) m ORDER BY run, seq",
    )
    .expect("unpacked");
}

/// Writes the log anew from that table, a row for each entry.
fn pack(db: &Connection) {
    db.execute_batch(
        "DELETE FROM main.steadfast_log;
         INSERT INTO main.steadfast_log (run, seq, count, at, format, entries, bodies)
             SELECT run, seq, 1, at, format, json_array(json_array(kind, position, form, length(CAST(body AS BLOB)), attempt,
                 name, cause, context, due, other)), coalesce(CAST(body AS BLOB), x'') FROM temp.steadfast_entries",
    )
    .expect("packed");
}

/// Executes statements on that table, and returns how many rows the last one has changed.
pub(crate) fn change(db: &Connection, statements: &str) -> usize {
    unpack(db);
    db.execute_batch(statements).expect("changed");
    let changed = usize::try_from(db.changes()).expect("a count");
    pack(db);
    changed
}
