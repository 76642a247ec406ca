use steadfast::prelude::*;
use steadfast::sql::params;

fn main() {}

struct Account(i64);

#[transaction]
fn book(tx: &mut Tx<'_>) -> Result<i64> {
    tx.execute("DELETE FROM moves WHERE account = ?1", 5)?;
    tx.execute("DELETE FROM moves WHERE account = ?1", [Account(5)])?;
    tx.execute("DELETE FROM moves WHERE account = ?1", (1, Account(5)))?;
    tx.execute("DELETE FROM moves WHERE account = ?1", params![Account(5)])?;
    Ok(tx.query_row("SELECT 1", [], |row| row.get(1_i64))?)
}

#[transaction]
fn read(tx: &mut Tx<'_>) -> Result<i64> {
    let found = tx.query_row("SELECT 1", [], |row| row.get::<Account>("account"))?;
    Ok(found.0)
}
