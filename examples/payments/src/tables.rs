//! The program's own tables. They are in the engine's file, so a row and the engine's record of it are one commit.

use steadfast::prelude::*;
use steadfast::sql::params;

/// The account that holds money between its withdrawal and its deposit, so that the sum of all accounts never changes.
pub(crate) const IN_TRANSIT: i64 = 0;
/// The account of the fees.
pub(crate) const FEES: i64 = -1;

pub(crate) const TABLES: [&str; 3] = [
    "CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        opening INTEGER NOT NULL,
        cents INTEGER NOT NULL CHECK (cents >= 0),
        blocked INTEGER NOT NULL)",
    // The orders, each with its receipt once it is written.
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, receipt TEXT)",
    // One row for each settled transfer, whatever its outcome.
    "CREATE TABLE ledger (
        transfer INTEGER PRIMARY KEY REFERENCES orders (id),
        source INTEGER NOT NULL REFERENCES accounts (id),
        target INTEGER NOT NULL REFERENCES accounts (id),
        cents INTEGER NOT NULL,
        fee INTEGER NOT NULL,
        outcome TEXT NOT NULL)",
];

/// Returns whether the tables exist.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn exist(engine: &Engine) -> Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'accounts'";
    Ok(engine.transaction(|tx| Ok(tx.query_optional(sql, [], |_| Ok(()))?.is_some())).await?)
}

/// Creates the tables and the accounts, all or nothing.
///
/// # Errors
/// The tables exist already, or the database cannot be written.
pub(crate) async fn make(engine: &Engine, accounts: u32, cents: u32) -> Result<()> {
    let make = engine.transaction(move |tx| {
        for table in TABLES {
            tx.execute(table, [])?;
        }
        let insert = "INSERT INTO accounts (id, opening, cents, blocked) VALUES (?1, ?2, ?2, ?3)";
        for own in [IN_TRANSIT, FEES] {
            tx.execute(insert, params![own, 0, false])?;
        }
        for account in 1..=accounts {
            tx.execute(insert, params![account, cents, account.is_multiple_of(5)])?;
        }
        Ok(())
    });
    Ok(make.time_limit(Duration::from_mins(1)).await?)
}
