//! The workflow of an order: approved if it is large, then charged.

use crate::bank::Bank;
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// Orders above this many cents need a person.
const LARGE: u64 = 100_000;

/// An order of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The price in cents.
    pub cents: u64,
}

/// The receipt that a client receives in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The number of the charge at the bank.
    pub charge: String,
    /// The name of the approver, if an approval was necessary.
    pub approved_by: Option<String>,
}

/// The question whether a large order may be charged.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct MayCharge {
    /// The amount in cents.
    pub cents: u64,
}

/// The answer to [`MayCharge`].
#[derive(Clone, Debug, Message, Serialize, Deserialize)]
pub struct Approval {
    /// The name of the approver.
    pub by: String,
}

/// Charges the card. The bank recognizes the idempotency key, so it charges once, however many attempts there are.
#[step(retry(attempts = 5, backoff = "200ms"), timeout = "30s")]
pub async fn charge(#[resource] bank: &Bank, scope: &StepScope, cents: u64) -> Result<String> {
    Ok(bank.charge(&scope.idempotency_key(), cents).await?)
}

/// Fulfils one order.
#[workflow(resources(Bank))]
pub async fn fulfil(flow: &mut Flow, order: Order) -> Result<Receipt> {
    let approved_by = if order.cents > LARGE {
        let Approval { by } = flow.request::<MayCharge, Approval>(MayCharge { cents: order.cents }).await?;
        Some(by)
    } else {
        None
    };
    Ok(Receipt { charge: charge(flow, order.cents).await?, approved_by })
}
