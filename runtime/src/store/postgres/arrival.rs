//! What was in a file of SQLite, moved into a database of Postgres that has nothing yet.

use super::PgOptions;
use super::batch::Own;
use super::links::Links;
use super::options::beside_a_runtime;
use super::session::{Pg, Query};
use super::{PostgresStore, schema};
use crate::store::sql::{Cell, Reader, Row, SET_META, Session as _};
use crate::store::sqlite::Leaving;
use crate::store::{RunQuery, Store as _, StoreError, StoreErrorKind};
use bytes::Bytes;
use std::ops::ControlFlow;
use std::path::Path;

/// The columns of a table, each with its type: `i`nteger, `t`ext, `b`ytes.
type Columns = &'static [(&'static str, char)];

/// Every table that moves. Leases stay: their holders are gone, and engines with the workflows claim the runs.
const TABLES: [(&str, Columns); 16] = [
    (
        "steadfast_runs",
        &[
            ("number", 'i'),
            ("id", 't'),
            ("workflow", 't'),
            ("status", 't'),
            ("seq", 'i'),
            ("wake_at", 'i'),
            ("loads", 'i'),
            ("incarnation", 't'),
            ("seed", 't'),
            ("created_at", 'i'),
            ("updated_at", 'i'),
            ("parked", 't'),
            ("version", 'i'),
            ("parent", 'i'),
            ("lineage", 'i'),
            ("origin", 'i'),
            ("successor", 'i'),
            ("dedup", 't'),
            ("queue", 't'),
        ],
    ),
    (
        "steadfast_log",
        &[("run", 'i'), ("seq", 'i'), ("count", 'i'), ("at", 'i'), ("format", 'i'), ("entries", 't'), ("bodies", 'b')],
    ),
    ("steadfast_fields", &[("run", 'i'), ("seq", 'i'), ("name", 't'), ("format", 'i'), ("form", 't'), ("body", 'b')]),
    (
        "steadfast_inbox",
        &[
            ("number", 'i'),
            ("run", 'i'),
            ("kind", 't'),
            ("key", 't'),
            ("at", 'i'),
            ("name", 't'),
            ("position", 'i'),
            ("sender", 't'),
            ("form", 't'),
            ("body", 'b'),
            ("taken", 'i'),
        ],
    ),
    (
        "steadfast_requests",
        &[
            ("id", 't'),
            ("run", 'i'),
            ("position", 'i'),
            ("name", 't'),
            ("answer", 't'),
            ("at", 'i'),
            ("due", 'i'),
            ("answered", 't'),
            ("form", 't'),
            ("body", 'b'),
        ],
    ),
    (
        "steadfast_outputs",
        &[
            ("lineage", 'i'),
            ("channel", 't'),
            ("item", 'i'),
            ("run", 'i'),
            ("seq", 'i'),
            ("at", 'i'),
            ("form", 't'),
            ("body", 'b'),
        ],
    ),
    ("steadfast_watchers", &[("run", 'i'), ("watcher", 'i'), ("position", 'i')]),
    ("steadfast_labels", &[("run", 'i'), ("name", 't'), ("value", 't')]),
    ("steadfast_traces", &[("run", 'i'), ("seq", 'i'), ("lease", 'i')]),
    ("steadfast_indexed", &[("run", 'i'), ("workflow", 't'), ("name", 't'), ("value", 't')]),
    (
        "steadfast_tasks",
        &[
            ("queue", 't'),
            ("key", 't'),
            ("step", 't'),
            ("run", 'i'),
            ("position", 'i'),
            ("attempt", 'i'),
            ("context", 'i'),
            ("timeout", 'i'),
            ("priority", 'i'),
            ("at", 'i'),
            ("due", 'i'),
            ("rank", 'i'),
            ("state", 't'),
            ("lease", 'i'),
            ("refused", 't'),
            ("expires", 'i'),
            ("deadline", 'i'),
            ("form", 't'),
            ("body", 'b'),
        ],
    ),
    (
        "steadfast_queues",
        &[
            ("queue", 't'),
            ("declared", 't'),
            ("limits", 't'),
            ("has_keys", 'i'),
            ("paused", 't'),
            ("running", 'i'),
            ("starts", 'i'),
            ("counted_at", 'i'),
            ("turns", 'i'),
        ],
    ),
    (
        "steadfast_schedules",
        &[
            ("name", 't'),
            ("workflow", 't'),
            ("version", 'i'),
            ("spec", 't'),
            ("revision", 'i'),
            ("due", 'i'),
            ("state", 't'),
            ("form", 't'),
            ("body", 'b'),
        ],
    ),
    (
        "steadfast_audit",
        &[
            ("number", 'i'),
            ("key", 't'),
            ("at", 'i'),
            ("who", 't'),
            ("why", 't'),
            ("action", 't'),
            ("subject", 't'),
            ("details", 't'),
            ("outcome", 't'),
        ],
    ),
    ("steadfast_jobs", &[("number", 'i'), ("revision", 'i'), ("state", 't')]),
    (
        "steadfast_queue_keys",
        &[("queue", 't'), ("key", 't'), ("waiting", 'i'), ("running", 'i'), ("delayed", 'i'), ("turn", 'i')],
    ),
];

/// The most rows, and about how many bytes of them, that are written at once.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;

impl PgOptions {
    /// Moves every run of a SQLite file into this database, in one commit, and returns how many they are. Runs go on here
    /// as they stood: under their ids and numbers, with their histories, waits, messages, streams and secrets. Contents of
    /// field stores stay where they are, and are found from here.
    ///
    /// No engine may have the file open, and this database must have no run yet; nobody may start an engine on it
    /// meanwhile. Afterwards no engine opens the file any more: its error says where the runs are. If the call is interrupted,
    /// do it again: it goes on where it stood. Tables of your own are not moved.
    ///
    /// ```no_run
    /// # use steadfast::prelude::*;
    /// use steadfast::store::PgOptions;
    ///
    /// # async fn example() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let options = PgOptions::new("postgres://app@db.example/orders")?;
    /// let runs = options.clone().import_all("orders.db")?;
    /// println!("{runs} runs go on in Postgres");
    /// let engine = Engine::builder().postgres(options).start().await?;
    /// # drop(engine);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The file is none of an engine's, or is open elsewhere; this database has runs of its own; or one of both cannot be read
    /// or written. Nothing was moved then.
    pub fn import_all(self, file: impl AsRef<Path>) -> Result<usize, StoreError> {
        let file = file.as_ref();
        beside_a_runtime(|| {
            let store = PostgresStore::open(self.poll_only())?;
            let leaving = Leaving::open(file)?;
            let id = leaving.database_id()?;
            let runs = moved(&store, &leaving, &id)?;
            leaving.leave(&store.shared.name)?;
            Ok(runs)
        })
    }
}

fn moved(store: &PostgresStore, leaving: &Leaving, id: &str) -> Result<usize, StoreError> {
    let (options, name) = (&store.shared.options, &store.shared.name);
    let links = Links::new(options.clone(), name.clone(), 1);
    links.with(|link| {
        let session = Pg::new(link, options, name);
        session.begin()?;
        if (Reader { session: &session, database: name }).meta(schema::DATABASE)?.as_deref() == Some(id) {
            // They were moved by a call that did not come to mark the file.
            return count(&session);
        }
        if !store.runs(&RunQuery { limit: 1, ..RunQuery::default() })?.runs.is_empty() || !store.leases()?.is_empty() {
            let message = format!(
                "{name} is in use already, so the runs of {} cannot be moved into it; name another database or schema",
                leaving.name
            );
            return Err(StoreError::new(StoreErrorKind::Refused, message));
        }
        for (table, columns) in TABLES {
            copy(leaving, &session, table, columns)?;
        }
        for table in ["steadfast_runs", "steadfast_inbox", "steadfast_audit", "steadfast_jobs"] {
            let last = leaving.last_number(table)?.max(1);
            session.execute(&format!("SELECT setval('{table}_number_seq', ?1)"), &[Cell::Int(last)])?;
        }
        session.execute(SET_META, &[Cell::Text(schema::DATABASE.as_bytes()), Cell::Text(id.as_bytes())])?;
        let runs = count(&session)?;
        session.commit()?;
        Ok(runs)
    })
}

fn count(session: &Pg<'_>) -> Result<usize, StoreError> {
    let mut runs = 0;
    session.select("SELECT count(*) FROM steadfast_runs", &[], &mut |row| {
        if let Cell::Int(counted) = row.cell(0) {
            runs = usize::try_from(counted).unwrap_or(0);
        }
        ControlFlow::Break(())
    })?;
    Ok(runs)
}

fn copy(leaving: &Leaving, session: &Pg<'_>, table: &str, columns: Columns) -> Result<(), StoreError> {
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let arrays: Vec<_> = (1..).zip(columns).map(|(n, (_, of))| format!("?{n}::{}[]", type_of(*of))).collect();
    let insert = format!("INSERT INTO {table} ({names}) SELECT * FROM unnest({})", arrays.join(", "));
    let (mut rows, mut bytes): (Vec<Vec<Own>>, usize) = (Vec::new(), 0);
    let mut failed = Ok(());
    leaving.select(&format!("SELECT {names} FROM {table} ORDER BY rowid"), &mut |row| {
        let cells: Vec<Own> = columns.iter().enumerate().map(|(column, (_, of))| owned(row, column, *of)).collect();
        bytes += cells.iter().map(Own::size).sum::<usize>();
        rows.push(cells);
        if rows.len() >= ROWS || bytes >= BYTES {
            failed = write(session, &insert, columns, &rows);
            rows.clear();
            bytes = 0;
        }
        if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    failed.and_then(|()| if rows.is_empty() { Ok(()) } else { write(session, &insert, columns, &rows) })
}

const fn type_of(kind: char) -> &'static str {
    match kind {
        'i' => "bigint",
        't' => "text",
        _ => "bytea",
    }
}

/// Returns a value that outlives its row. A text of a column of bytes is JSON.
fn owned(row: &dyn Row, column: usize, of: char) -> Own {
    match (row.cell(column), of) {
        (Cell::Int(number), _) => Own::Int(number),
        (Cell::Text(text), 't') => Own::Text(Bytes::copy_from_slice(text)),
        (Cell::Text(bytes) | Cell::Json(bytes) | Cell::Bytes(bytes), _) => Own::Bytes(Bytes::copy_from_slice(bytes)),
        (Cell::Null | Cell::Other(_), _) => Own::Null,
    }
}

fn write(session: &Pg<'_>, insert: &str, columns: Columns, rows: &[Vec<Own>]) -> Result<(), StoreError> {
    let query = (0..).zip(columns).fold(Query::new(insert.to_owned(), []), |query, (column, (_, of))| {
        query.array(*of, rows.iter().map(|row: &Vec<Own>| row.get(column).map_or(Cell::Null, Own::cell)))
    });
    session.together(&[query], false).map(drop)
}
