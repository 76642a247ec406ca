//! What a database says of its own size.

/// The size of a database, and what is at work in it. What a store does not know is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measures {
    /// The version of its schema.
    pub schema: Option<u64>,
    /// The size of the database, in bytes, without its log.
    pub bytes: Option<u64>,
    /// How much of it is free for the next rows, in bytes.
    pub free: Option<u64>,
    /// The size of its write-ahead log, in bytes.
    pub log: Option<u64>,
    /// The age of the oldest open transaction, in milliseconds.
    pub oldest_transaction: Option<i64>,
    /// The engine's tables, in order of their names.
    pub tables: Vec<TableSize>,
}

/// The size of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// The number of its rows; an estimate on Postgres.
    pub rows: Option<u64>,
    /// Its size with its indexes, in bytes.
    pub bytes: Option<u64>,
}
