//! The health of a database.

use super::InspectError;
use super::inspector::Inspector;
use crate::record::millis::moment;
use crate::store;
use serde::Serialize;
use std::time::SystemTime;

/// The size of a database, and what is at work in it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The random id drawn when the database was created: 32 hexadecimal digits.
    pub database: String,
    /// The time, by the clock of the database.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub clock: SystemTime,
    /// The version of its schema; `None` in memory.
    pub schema: Option<u64>,
    /// Its size in bytes, without a log.
    pub bytes: Option<u64>,
    /// How much of it is free for the next rows, in bytes; on SQLite only.
    pub free_bytes: Option<u64>,
    /// The size of its write-ahead log in bytes; on SQLite only.
    pub log_bytes: Option<u64>,
    /// The age of the oldest open transaction in milliseconds, of those that the role may see; on Postgres only. One that
    /// is hours old keeps the database from removing dead rows.
    pub oldest_transaction: Option<i64>,
    /// The engine's tables, in order of their names.
    pub tables: Vec<TableSize>,
}

/// The size of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableSize {
    /// Its name.
    pub table: String,
    /// The number of its rows; on Postgres the server's estimate, if it has one.
    pub rows: Option<u64>,
    /// Its size with its indexes, in bytes; `None` in memory.
    pub bytes: Option<u64>,
}

impl TableSize {
    fn of(table: store::TableSize) -> Self {
        Self { table: table.name, rows: table.rows, bytes: table.bytes }
    }
}

impl Inspector {
    /// Returns the size of the database, and what is at work in it. On SQLite, `thoroughly` adds the sizes of tables, which
    /// means to read the whole file; without it `tables` is empty there.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn health(&self, thoroughly: bool) -> Result<StoreHealth, InspectError> {
        self.ask(move |source| {
            let measured = source.store.measure(thoroughly)?;
            Ok(StoreHealth {
                database: source.store.database_id().to_owned(),
                clock: moment(source.store.clock()?),
                schema: measured.schema,
                bytes: measured.bytes,
                free_bytes: measured.free,
                log_bytes: measured.log,
                oldest_transaction: measured.oldest_transaction,
                tables: measured.tables.into_iter().map(TableSize::of).collect(),
            })
        })
        .await
    }
}
