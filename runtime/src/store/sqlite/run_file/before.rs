//! Reads files of format 1 and 2: records, each a line of JSON followed by as many raw bytes as it states, with the
//! same hash at the end.
//!
//! They are inserted into a database by their JSON names, and read from there like current files.

use super::{CONTENTS, RunFile, add_content, convert, sealed};
use crate::store::StoreError;
use crate::store::sql::{Cell, Session};
use crate::value::Pointer;
use rusqlite::Connection;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The statements for each record: `?1` is its JSON, `?2` the bytes after it. The run has the number 1.
const RECORDS: &[(&str, &[&str])] = &[
    (
        "run",
        &[
            "INSERT INTO steadfast_runs (number, id, workflow, version, status, seq, wake_at, loads, parked, incarnation,
                seed, created_at, updated_at, dedup)
            SELECT 1, ?1->>'id', ?1->>'workflow', ?1->>'version', ?1->>'status', ?1->>'entries', ?1->>'wake_at', 0,
                ?1->>'parked', (SELECT group_concat(printf('%02x', value), '') FROM json_each(?1, '$.incarnation')),
                (SELECT group_concat(printf('%02x', value), '') FROM json_each(?1, '$.seed')),
                ?1->>'created_at', ?1->>'created_at', ?1->>'dedup'",
            "INSERT INTO steadfast_labels (run, name, value)
                SELECT 1, value->>0, value->>1 FROM json_each(?1, '$.labels') WHERE type = 'array'",
            "INSERT INTO steadfast_meta (key, value) SELECT 'run', 1 UNION ALL SELECT 'moved', 1 WHERE ?1->>'moved'",
            "UPDATE steadfast_meta SET value = ?1->>'database' WHERE key = 'database'",
        ],
    ),
    (
        "entry",
        &[
            "INSERT INTO steadfast_log (run, seq, count, at, format, entries, bodies)
            SELECT 1, ?1->>'seq', 1, ?1->>'at', ?1->>'format', json_array(json_array(?1->>'kind', ?1->>'position',
                ?1->>'$.value.form', length(CAST(?2 AS BLOB)), ?1->>'attempt', ?1->>'name', ?1->>'cause', ?1->>'context',
                ?1->>'due', ?1->>'other')), coalesce(CAST(?2 AS BLOB), x'')",
            // Format 1 has only the labels given at the start.
            "INSERT OR IGNORE INTO steadfast_labels (run, name, value)
                SELECT 1, key, value FROM json_each(CASE ?1->>'kind' WHEN 'scope_set' THEN ?2 END, '$.labels')
                    WHERE NOT EXISTS (SELECT 1 FROM steadfast_labels)",
        ],
    ),
    (
        "field",
        &["INSERT INTO steadfast_fields (run, seq, format, name, form, body)
            SELECT 1, ?1->>'seq', ?1->>'format', ?1->>'name', ?1->>'$.value.form', ?2"],
    ),
    (
        "item",
        &["INSERT INTO steadfast_inbox (run, kind, key, at, name, position, sender, form, body)
            SELECT 1, ?1->>'kind', ?1->>'key', ?1->>'at', ?1->>'name', ?1->>'position', ?1->>'sender',
                ?1->>'$.value.form', ?2"],
    ),
    (
        "taken",
        &["INSERT INTO steadfast_inbox (run, kind, key, at, taken)
            SELECT 1, ?1->>'kind', ?1->>'key', ?1->>'at', ?1->>'at'"],
    ),
    (
        "request",
        &["INSERT INTO steadfast_requests (id, run, position, name, answer, at, due, answered, form, body)
            SELECT ?1->>'id', 1, ?1->>'position', ?1->>'name', ?1->>'answer', ?1->>'at', ?1->>'due', ?1->>'answered',
                ?1->>'$.value.form', ?2"],
    ),
    (
        "output",
        &[
            // An earlier execution is known only by the execution for which its secrets are sealed.
            "INSERT OR IGNORE INTO steadfast_runs (id, workflow, status, seq, loads, incarnation, created_at, updated_at)
                SELECT '~' || sealed, '', 'replaced', 0, 0, sealed, 0, 0 FROM
                (SELECT group_concat(printf('%02x', value), '') AS sealed FROM json_each(?1, '$.sealed_for')
                    WHERE type = 'integer') WHERE sealed IS NOT NULL",
            "INSERT INTO steadfast_outputs (lineage, channel, item, run, seq, at, form, body)
                SELECT 1, ?1->>'channel', coalesce((SELECT max(item) FROM steadfast_outputs
                    WHERE lineage = 1 AND channel = ?1->>'channel'), 0) + 1,
                coalesce((SELECT number FROM steadfast_runs WHERE id = '~' || (SELECT
                    group_concat(printf('%02x', value), '') FROM json_each(?1, '$.sealed_for'))), 1),
                ?1->>'seq', ?1->>'at', ?1->>'$.value.form', ?2",
        ],
    ),
];

/// Reads the copy of a file whose hash was compared.
///
/// # Errors
/// It cannot be read, or has an unknown record.
pub(super) fn read(path: &Path, copy: &Path) -> Result<RunFile, StoreError> {
    let file = RunFile::new(path, Connection::open(""))?;
    let session = file.session();
    session.begin()?;
    convert::steps(&session)?;
    session.execute(CONTENTS, &[])?;
    let unreadable = |error| sealed::unreadable(path, error);
    let mut records = records(copy).map_err(unreadable)?;
    while let Some((kind, record, raw)) = next(&mut records).map_err(unreadable)? {
        if let Some(pointer) = record.get("pointer") {
            let pointer: Pointer = serde_json::from_value(pointer.clone()).map_err(|error| unreadable(error.into()))?;
            add_content(&session, &pointer, &raw)?;
            continue;
        }
        let Some((_, statements)) = RECORDS.iter().find(|(known, _)| *known == kind) else {
            return Err(sealed::newer(path, &format!("it has a record `{kind}`")));
        };
        let body = match record.pointer("/value/form").and_then(Value::as_str) {
            Some("json") => Cell::Text(&raw),
            Some(_) => Cell::Bytes(&raw),
            None => Cell::Null,
        };
        let record = record.to_string();
        let values = [Cell::Text(record.as_bytes()), body];
        for statement in *statements {
            let used = if statement.contains("?2") { 2 } else { 1 };
            session.execute(statement, &values[..used])?;
        }
    }
    session.commit()?;
    Ok(file)
}

fn records(copy: &Path) -> io::Result<impl BufRead> {
    let mut records = BufReader::new(File::open(copy)?);
    records.skip_until(b'\n')?;
    Ok(records)
}

/// Reads a record: its kind, its JSON, and the bytes after it.
fn next(records: &mut impl BufRead) -> io::Result<Option<(String, Value, Vec<u8>)>> {
    let mut line = Vec::new();
    if records.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let record: Map<String, Value> = serde_json::from_slice(&line)?;
    let Some((kind, record)) = record.into_iter().next() else { return Ok(None) };
    let count = ["/value/bytes", "/pointer/bytes"].iter().find_map(|bytes| record.pointer(bytes)?.as_u64());
    let mut raw = Vec::new();
    records.take(count.unwrap_or(0)).read_to_end(&mut raw)?;
    Ok(Some((kind, record, raw)))
}
