//! The workflows: a transfer as one transaction, a transfer as two with a compensation, and the receipt for either.

use crate::bookings::{BookingError, deposit, give_back, move_money, refuse, withdraw, write_receipt};
use crate::order::{Order, Outcome};
use steadfast::prelude::*;

/// Moves money in one transaction: it has happened, or nothing has.
#[workflow]
pub(crate) async fn transfer(flow: &mut Flow, order: Order) -> Result<Outcome> {
    match move_money(flow, order).await {
        Ok(()) => Ok(Outcome::Moved),
        Err(error) => not_taken(flow, order, error).await,
    }
}

/// Moves money in two transactions, as one does where the other account is somebody else's: between them it is in
/// transit, and if it cannot arrive it goes back, fee and all.
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

/// The end of a transfer of which nothing was withdrawn.
async fn not_taken(flow: &Flow, order: Order, error: StepError<BookingError>) -> Result<Outcome> {
    match error {
        StepError::Failed(BookingError::Blocked { .. } | BookingError::TooLittle { .. }, _) => {
            refuse(flow, order).await?;
            Ok(Outcome::Refused)
        }
        other => Err(other.into()),
    }
}

/// Has an order carried out, and ends with its receipt. It exists if and only if the order's row does.
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
