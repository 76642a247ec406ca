//! A program that has steadfast without its default features, so without SQLite: it compiles, and `tests` runs it.

use steadfast::prelude::*;

/// Charges a card.
#[step]
pub async fn charge(cents: u64) -> Result<u64> {
    Ok(cents)
}

/// Books in tables of the program, which a store of another crate may have.
///
/// # Errors
/// The store has no tables, or the row is refused.
#[transaction]
pub fn book(tx: &mut Tx<'_>, cents: u64) -> Result<u64> {
    tx.execute("INSERT INTO bookings (cents) VALUES (?1)", [cents])?;
    Ok(tx.query_row("SELECT sum(cents) FROM bookings", (), |row| row.get(0))?)
}
