//! Whether no cent is lost: read from the file as any program can, at one moment, also while others write.

use crate::say;
use crate::tables::IN_TRANSIT;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use steadfast::Result;

/// What the file says.
#[derive(Debug)]
pub(crate) struct Report {
    opening: i64,
    cents: i64,
    in_transit: i64,
    /// Rows of the ledger, and bookings that write one as the engine has recorded them: one commit each.
    rows: i64,
    recorded: i64,
    /// Transfers that have ended, and those that have begun.
    ended: i64,
    begun: i64,
    /// Orders, those with a receipt, and orders or runs of which the other is missing.
    orders: i64,
    receipts: i64,
    lone: i64,
}

/// Reads it.
///
/// # Errors
/// The file cannot be read, or has no such tables.
pub(crate) fn check(database: &Path) -> rusqlite::Result<Report> {
    let mut connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // All questions are asked of the same moment.
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
    /// Prints it, and says by the exit code whether it is as it should be.
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
            // Between its last booking and its end a transfer may be interrupted, but not the other way round.
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
