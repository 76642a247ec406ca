//! The workflows: a transfer as one transaction, a transfer as two with a compensation, and the receipt for either.

use crate::bookings::{BookingError, deposit, give_back, move_money, refuse, withdraw, write_receipt};
use crate::order::{Order, Outcome};
use steadfast::prelude::*;

/// Moves money in one transaction: all of it or nothing.
#[workflow]
pub(crate) async fn transfer(flow: &mut Flow, order: Order) -> Result<Outcome> {
    match move_money(flow, order).await {
        Ok(()) => Ok(Outcome::Moved),
        Err(error) => not_taken(flow, order, error).await,
    }
}

/// Moves money in two transactions, as is necessary if another party holds the other account. Between them the money is
/// in transit. If it cannot arrive, it is given back, with the fee.
#[workflow]
pub(crate) async fn transfer_with_fee(flow: &mut Flow, order: Order) -> Result<Outcome> {
    if let Err(error) = withdraw(flow, order).await {
        return not_taken(flow, order, error).await;
    }
    match deposit(flow, order).await {
        Ok(()) => Ok(Outcome::Moved),
        Err(StepError::Failed(BookingError::Blocked { .. }, _)) => {
            give_back(flow, order).await?;
            Ok(Outcome::GivenBack)
        }
        Err(other) => Err(other.into()),
    }
}

/// Ends a transfer from which nothing was withdrawn.
async fn not_taken(flow: &Flow, order: Order, error: StepError<BookingError>) -> Result<Outcome> {
    match error {
        StepError::Failed(BookingError::Blocked { .. } | BookingError::TooLittle { .. }, _) => {
            refuse(flow, order).await?;
            Ok(Outcome::Refused)
        }
        other => Err(other.into()),
    }
}

/// Carries out an order, and writes its receipt. The run exists if and only if the order's row does.
#[workflow]
pub(crate) async fn receipt(flow: &mut Flow, order: Order) -> Result<Outcome> {
    let outcome = if order.fee == 0 {
        flow.start(transfer, order).id(order.transfer_id()).await.await?
    } else {
        flow.start(transfer_with_fee, order).id(order.transfer_id()).await.await?
    };
    let Order { number, source, target, cents, .. } = order;
    write_receipt(flow, number, format!("{cents} cents from {source} to {target}: {outcome}")).await?;
    Ok(outcome)
}
