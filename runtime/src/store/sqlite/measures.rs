//! The size of a file.

use super::copy::log_of;
use super::session::Sqlite;
use crate::store::sql::{Cell, Session, VERSION};
use crate::store::{Measures, StoreError, TableSize};
use std::ops::ControlFlow;
use std::path::Path;

/// The engine's tables, each with the pages of its indexes. Reads every page of the file.
const SIZES: &str = "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name
    WHERE d.aggregate = TRUE AND s.tbl_name GLOB 'steadfast_*' GROUP BY s.tbl_name ORDER BY s.tbl_name";

pub(super) fn measure(session: &Sqlite<'_>, thoroughly: bool) -> Result<Measures, StoreError> {
    let page = session.pragma("page_size")?.cast_unsigned();
    let pages = |name| session.pragma(name).map(|pages| pages.cast_unsigned().saturating_mul(page));
    let mut measures = Measures {
        schema: Some(VERSION as u64),
        bytes: Some(pages("page_count")?),
        free: Some(pages("freelist_count")?),
        ..Measures::default()
    };
    if thoroughly {
        measures.tables = tables(session)?;
    }
    Ok(measures)
}

fn tables(session: &Sqlite<'_>) -> Result<Vec<TableSize>, StoreError> {
    let mut tables = Vec::new();
    session.select(SIZES, &[], &mut |row| {
        if let (Cell::Text(name), Cell::Int(bytes)) = (row.cell(0), row.cell(1)) {
            let name = String::from_utf8_lossy(name).into_owned();
            tables.push(TableSize { name, rows: None, bytes: u64::try_from(bytes).ok() });
        }
        ControlFlow::Continue(())
    })?;
    for table in &mut tables {
        let count = format!("SELECT count(*) FROM {}", table.name);
        session.select(&count, &[], &mut |row| {
            if let Cell::Int(rows) = row.cell(0) {
                table.rows = u64::try_from(rows).ok();
            }
            ControlFlow::Break(())
        })?;
    }
    Ok(tables)
}

/// Returns the size of the log beside a file; 0 without one.
pub(super) fn log_size(path: &Path) -> Option<u64> {
    match log_of(path).metadata() {
        Ok(log) => Some(log.len()),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(0),
    }
}
