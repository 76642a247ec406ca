//! The size of a database of Postgres.

use super::schema::VERSION;
use super::session::Pg;
use crate::store::sql::{Cell, Session};
use crate::store::{Measures, StoreError, TableSize};
use std::ops::ControlFlow;

/// The engine's tables.
const TABLES: &[&str] = &[
    "fields",
    "inbox",
    "indexed",
    "labels",
    "leases",
    "log",
    "meta",
    "outputs",
    "queue_keys",
    "queues",
    "requests",
    "runs",
    "schedules",
    "tasks",
    "watchers",
];

const WHOLE: &str = "SELECT pg_database_size(current_database()),
    (SELECT (extract(epoch FROM clock_timestamp() - min(a.xact_start)) * 1000)::bigint FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid())";

pub(super) fn measure(session: &Pg<'_>) -> Result<Measures, StoreError> {
    let mut measures = Measures { schema: Some(VERSION as u64), ..Measures::default() };
    session.select(WHOLE, &[], &mut |row| {
        measures.bytes = number(row.cell(0));
        measures.oldest_transaction = number(row.cell(1));
        ControlFlow::Break(())
    })?;
    let tables: Vec<_> =
        TABLES.iter().map(|table| format!("('steadfast'||'_{table}', to_regclass('steadfast_{table}'))")).collect();
    let sizes = format!(
        "SELECT t.name, pg_total_relation_size(t.oid), CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END
            FROM (VALUES {}) AS t (name, oid) JOIN pg_class c ON c.oid = t.oid ORDER BY t.name",
        tables.join(", ")
    );
    session.select(&sizes, &[], &mut |row| {
        if let Cell::Text(name) = row.cell(0) {
            let name = String::from_utf8_lossy(name).into_owned();
            measures.tables.push(TableSize { name, bytes: number(row.cell(1)), rows: number(row.cell(2)) });
        }
        ControlFlow::Continue(())
    })?;
    Ok(measures)
}

fn number<T: TryFrom<i64>>(cell: Cell<'_>) -> Option<T> {
    match cell {
        Cell::Int(number) => number.try_into().ok(),
        _ => None,
    }
}
