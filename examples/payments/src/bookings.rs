//! The transactions: each commits its rows and its result together, so it happens exactly once.

use crate::order::{Order, Outcome};
use crate::tables::{FEES, IN_TRANSIT};
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast::prelude::*;
use steadfast::sql::{SqlError, params};

/// The reason why a booking failed. None of its changes is committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BookingError {
    Blocked { account: i64 },
    TooLittle { account: i64 },
    Database { why: String },
}

impl BookingError {
    /// Returns whether another attempt would fail too.
    fn is_final(&self) -> bool {
        !matches!(self, Self::Database { .. })
    }
}

impl fmt::Display for BookingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked { account } => write!(f, "account {account} is blocked"),
            Self::TooLittle { account } => write!(f, "there is too little on account {account}"),
            Self::Database { why } => f.write_str(why),
        }
    }
}

impl std::error::Error for BookingError {}

impl From<SqlError> for BookingError {
    fn from(error: SqlError) -> Self {
        Self::Database { why: error.to_string() }
    }
}

type Booked = Result<(), BookingError>;

/// Makes the whole transfer: out of one account and into the other.
#[transaction(retry(attempts = 5, backoff = "20ms", unless = BookingError::is_final))]
pub(crate) fn move_money(tx: &mut Tx<'_>, order: Order) -> Booked {
    take(tx, order.source.into(), order.cents)?;
    give(tx, order.target.into(), order.cents)?;
    settle(tx, order, Outcome::Moved)
}

/// Makes the first half of a transfer with a fee: out of the account, with the fee.
#[transaction(retry(attempts = 5, backoff = "20ms", unless = BookingError::is_final))]
pub(crate) fn withdraw(tx: &mut Tx<'_>, order: Order) -> Booked {
    take(tx, order.source.into(), order.cents + order.fee)?;
    give(tx, IN_TRANSIT, order.cents + order.fee)
}

/// Makes the second half: into the other account, and the fee into the account of fees.
#[transaction(retry(attempts = 5, backoff = "20ms", unless = BookingError::is_final))]
pub(crate) fn deposit(tx: &mut Tx<'_>, order: Order) -> Booked {
    take(tx, IN_TRANSIT, order.cents + order.fee)?;
    give(tx, FEES, order.fee)?;
    give(tx, order.target.into(), order.cents)?;
    settle(tx, order, Outcome::Moved)
}

/// Undoes the first half if the second is impossible.
#[transaction(retry(attempts = 5, backoff = "20ms", unless = BookingError::is_final))]
pub(crate) fn give_back(tx: &mut Tx<'_>, order: Order) -> Booked {
    take(tx, IN_TRANSIT, order.cents + order.fee)?;
    // Unlike `give`, this pays into a blocked account too: the money was its own.
    tx.execute("UPDATE accounts SET cents = cents + ?2 WHERE id = ?1", params![order.source, order.cents + order.fee])?;
    settle(tx, order, Outcome::GivenBack)
}

/// Records a refused transfer, which has a row too.
#[transaction(retry(attempts = 5, backoff = "20ms", unless = BookingError::is_final))]
pub(crate) fn refuse(tx: &mut Tx<'_>, order: Order) -> Booked {
    settle(tx, order, Outcome::Refused)
}

/// Writes the receipt into the order's row.
#[transaction(retry(attempts = 5, backoff = "20ms"))]
pub(crate) fn write_receipt(tx: &mut Tx<'_>, order: u32, text: String) -> Result<()> {
    tx.execute("UPDATE orders SET receipt = ?2 WHERE id = ?1", params![order, text])?;
    Ok(())
}

fn take(tx: &mut Tx<'_>, account: i64, cents: u32) -> Booked {
    let taken = tx.execute("UPDATE accounts SET cents = cents - ?2 WHERE id = ?1", params![account, cents]);
    match taken {
        Err(error) if error.is_constraint() => Err(BookingError::TooLittle { account }),
        taken => taken.map(drop).map_err(Into::into),
    }
}

fn give(tx: &mut Tx<'_>, account: i64, cents: u32) -> Booked {
    let sql = "UPDATE accounts SET cents = cents + ?2 WHERE id = ?1 AND NOT blocked";
    if tx.execute(sql, params![account, cents])? == 0 { Err(BookingError::Blocked { account }) } else { Ok(()) }
}

/// Inserts the row of the ledger. Its primary key rejects a second one.
fn settle(tx: &mut Tx<'_>, order: Order, outcome: Outcome) -> Booked {
    let Order { number, source, target, cents, fee } = order;
    tx.execute(
        "INSERT INTO ledger (transfer, source, target, cents, fee, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![number, source, target, cents, fee, outcome.to_string()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BookingError, deposit, give_back, withdraw};
    use crate::order::Order;
    use crate::tables::{FEES, IN_TRANSIT, TABLES};
    use steadfast::sql::TestDatabase;

    #[test]
    fn what_cannot_arrive_goes_back_fee_and_all() {
        let mut database = TestDatabase::new();
        database.execute(&TABLES.join(";")).unwrap();
        database.execute("INSERT INTO orders (id) VALUES (7), (8)").unwrap();
        let accounts = "INSERT INTO accounts VALUES (?1, 0, 0, 0), (?2, 0, 0, 0), (1, 100, 100, 0), (2, 0, 0, 1)";
        database.transaction(|tx| tx.execute(accounts, [IN_TRANSIT, FEES])).unwrap();
        let on = |database: &mut TestDatabase, account: i64| {
            let cents = "SELECT cents FROM accounts WHERE id = ?1";
            database.transaction(|tx| tx.query_row(cents, [account], |row| row.get::<i64>(0))).unwrap()
        };
        let order = Order { number: 7, source: 1, target: 2, cents: 70, fee: 25 };
        database.transaction(|tx| withdraw::direct(tx, order)).unwrap();
        assert_eq!((on(&mut database, 1), on(&mut database, IN_TRANSIT)), (5, 95));
        let too_much = database.transaction(|tx| withdraw::direct(tx, Order { number: 8, ..order }));
        assert_eq!(too_much, Err(BookingError::TooLittle { account: 1 }));
        let blocked = database.transaction(|tx| deposit::direct(tx, order));
        assert_eq!(blocked, Err(BookingError::Blocked { account: 2 }));
        database.transaction(|tx| give_back::direct(tx, order)).unwrap();
        assert_eq!((on(&mut database, 1), on(&mut database, IN_TRANSIT)), (100, 0));
    }
}
