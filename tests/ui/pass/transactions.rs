//! Everything that a transaction can have, as generated code that gives no warning.
#![deny(warnings, missing_docs, unreachable_pub, private_interfaces, private_bounds, single_use_lifetimes, unused)]

use steadfast::prelude::*;
use steadfast::sql::params;

/// An error of its own.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub enum Full {
    /// No seat is left.
    Sold,
    /// The database says no.
    Sql(String),
}

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("full")
    }
}

impl std::error::Error for Full {}

impl Full {
    fn is_final(&self) -> bool {
        matches!(self, Self::Sold)
    }
}

#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    seat: u32,
    #[context(transient)]
    cache: Vec<u8>,
}

#[transaction]
fn plain(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute("DELETE FROM seats", [])?;
    Ok(())
}

/// Takes everything.
#[transaction(name = "book", time_limit = "1s", retry(attempts = 3, unless = Full::is_final))]
pub fn book(transaction: &mut steadfast::sql::Tx<'_>, tx: String, (row, seat): (u32, u32), mut note: Vec<u8>) -> Result<i64, Full> {
    note.push(1);
    let sql = "INSERT INTO seats VALUES (?1, ?2, ?3, ?4) RETURNING rowid";
    let booked = transaction.query_row(sql, params![tx, row, seat, note], |row| row.get("rowid"));
    booked.map_err(|error| Full::Sql(error.to_string()))
}

#[transaction]
fn of_context(tx: &mut Tx<'_>, order: &OrderStored, context: u32) -> Result<Option<u32>> {
    Ok(tx.query_optional("SELECT ?1 + ?2", [order.seat, context], |row| row.get(0))?)
}

#[step]
async fn cached(ctx: &Order) -> Result<usize> {
    Ok(ctx.cache.len())
}

#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>, input: u32) -> Result<u32> {
    plain(flow).await?;
    cached(flow).await?;
    let (booked, found) = join!(book(flow, "x".into(), (1, 2), Vec::new()), of_context(&*flow, input));
    match booked {
        Ok(_) | Err(StepError::Failed(Full::Sold, _)) => Ok(found?.unwrap_or_default()),
        Err(other) => Err(other.into()),
    }
}

fn main() {
    let _ = buy;
}
