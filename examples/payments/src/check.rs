//! Checks that no cent is lost. It reads the file as any program can, at one point in time, also while others write.

use crate::say;
use crate::tables::IN_TRANSIT;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use steadfast::Result;

/// The figures of the file.
#[derive(Debug)]
pub(crate) struct Report {
    opening: i64,
    cents: i64,
    in_transit: i64,
    /// The rows of the ledger, and the recorded bookings that write one: each pair is one commit.
    rows: i64,
    recorded: i64,
    /// The transfers that have ended, and all that have begun.
    ended: i64,
    begun: i64,
    /// The orders, those with a receipt, and the orders without a run or runs without an order.
    orders: i64,
    receipts: i64,
    lone: i64,
}

/// Reads the figures.
///
/// # Errors
/// The file cannot be read, or lacks the tables.
pub(crate) fn check(database: &Path) -> rusqlite::Result<Report> {
    let mut connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // One transaction, so that all queries see the same snapshot.
    let moment = connection.transaction()?;
    let number = |query: &str| moment.query_row(query, [], |row| row.get::<_, i64>(0));
    Ok(Report {
        opening: number("SELECT sum(opening) FROM accounts")?,
        cents: number("SELECT sum(cents) FROM accounts")?,
        in_transit: number(&format!("SELECT cents FROM accounts WHERE id = {IN_TRANSIT}"))?,
        rows: number("SELECT count(*) FROM ledger")?,
        recorded: number(
            "SELECT count(*) FROM steadfast_history AS called JOIN steadfast_history AS done
                ON done.run = called.run AND done.position = called.position AND done.kind = 'step_completed'
             WHERE called.kind = 'step_started' AND called.name IN ('move_money', 'deposit', 'give_back', 'refuse')",
        )?,
        ended: number("SELECT count(*) FROM steadfast_history WHERE kind = 'run_completed' AND run LIKE 'transfer-%'")?,
        begun: number("SELECT count(*) FROM steadfast_history WHERE kind = 'run_started' AND run LIKE 'transfer-%'")?,
        orders: number("SELECT count(*) FROM orders")?,
        receipts: number("SELECT count(*) FROM orders WHERE receipt IS NOT NULL")?,
        lone: number(
            "SELECT count(*) FROM (SELECT 'order-' || id AS run FROM orders) AS ordered
             FULL JOIN (SELECT run FROM steadfast_history WHERE kind = 'run_started' AND name = 'receipt') AS started
                ON started.run = ordered.run
             WHERE ordered.run IS NULL OR started.run IS NULL",
        )?,
    })
}

impl Report {
    /// Prints the report. The exit code says whether it has no faults.
    #[allow(clippy::unnecessary_wraps, reason = "the form that all tasks have")]
    pub(crate) fn report(&self) -> Result<ExitCode> {
        let Self { opening, cents, in_transit, rows, ended, begun, orders, receipts, .. } = self;
        say(&format!("{cents} cents on all accounts, {opening} in the beginning, {in_transit} in transit"));
        say(&format!(
            "{orders} orders, {receipts} receipts; {begun} transfers begun, {ended} ended, {rows} in the ledger"
        ));
        let faults = self.faults();
        for fault in &faults {
            say(&format!("wrong: {fault}"));
        }
        Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn faults(&self) -> Vec<String> {
        let Self { opening, cents, in_transit, rows, recorded, ended, begun, receipts, lone, .. } = *self;
        let rules = [
            (cents != opening, format!("{opening} cents became {cents}")),
            (rows != recorded, format!("the ledger has {rows} rows, and the engine has recorded {recorded} bookings")),
            // A transfer may be interrupted between its last booking and its end, but it cannot end before the booking.
            (
                !(ended..=begun).contains(&rows),
                format!("{rows} rows of {begun} transfers, of which {ended} have ended"),
            ),
            (ended == begun && in_transit != 0, format!("{in_transit} cents are in transit, and no transfer is")),
            (receipts > ended, format!("{receipts} receipts for {ended} transfers that have ended")),
            (lone != 0, format!("{lone} orders have no run, or runs no order")),
        ];
        rules.into_iter().filter(|(broken, _)| *broken).map(|(_, fault)| fault).collect()
    }
}
