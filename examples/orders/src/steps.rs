//! The steps: each sends one request to an outside service, with the idempotency key of its call.

use crate::ledger::Answer;
use crate::order::Item;
use crate::services::Services;
use crate::workflow::OrderContext;
use serde::{Deserialize, Serialize};
use std::fmt;
use steadfast::prelude::*;

/// The reason why a card was not charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CardError {
    /// The bank has declined the card.
    Declined { reason: String },
    /// The bank's answer is missing, so its effect is unknown.
    Unreachable { why: String },
}

impl CardError {
    fn is_final(&self) -> bool {
        matches!(self, Self::Declined { .. })
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declined { reason } => write!(f, "the card was declined: {reason}"),
            Self::Unreachable { why } => write!(f, "the bank cannot be reached: {why}"),
        }
    }
}

impl std::error::Error for CardError {}

impl From<std::io::Error> for CardError {
    fn from(error: std::io::Error) -> Self {
        Self::Unreachable { why: error.to_string() }
    }
}

/// The reason why goods were not reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StockError {
    /// The article is sold out for good.
    SoldOut { sku: String },
    /// The warehouse did not answer.
    Unreachable { why: String },
}

impl StockError {
    fn is_final(&self) -> bool {
        matches!(self, Self::SoldOut { .. })
    }
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoldOut { sku } => write!(f, "{sku} is sold out"),
            Self::Unreachable { why } => write!(f, "the warehouse cannot be reached: {why}"),
        }
    }
}

impl std::error::Error for StockError {}

impl From<std::io::Error> for StockError {
    fn from(error: std::io::Error) -> Self {
        Self::Unreachable { why: error.to_string() }
    }
}

/// Returns the carrier's price in cents: five things fit into a parcel.
#[step(retry(attempts = 5, backoff = "10ms"))]
pub(crate) async fn quote(ctx: &OrderContext, #[resource] services: &Services, units: u32) -> Result<u64> {
    let cents = u64::from(units.div_ceil(5)) * ctx.country.carriage();
    services.ask(ctx.order, cents, |_| Answer::Done).await?;
    Ok(cents)
}

/// Returns whether a person should review the order before it is charged.
#[step(retry(attempts = 5, backoff = "10ms"))]
pub(crate) async fn screen(ctx: &OrderContext, #[resource] services: &Services, cents: u64) -> Result<bool> {
    services.ask(ctx.order, 0, |_| Answer::Done).await?;
    Ok(cents > 100_000 || ctx.customer.starts_with("Zoe"))
}

/// Returns whether the person approves the order.
#[step(retry(attempts = 5, backoff = "10ms"))]
pub(crate) async fn review(ctx: &OrderContext, #[resource] services: &Services) -> Result<bool> {
    services.ask(ctx.order, ctx.total_cents, |_| Answer::Done).await?;
    Ok(ctx.total_cents < 300_000)
}

/// Charges the card. For every 23rd order the bank's answer is lost: the money has moved, and only the idempotency key
/// keeps the second attempt from moving it again.
#[step(retry(attempts = 5, backoff = "10ms", unless = CardError::is_final), timeout = "30s")]
pub(crate) async fn charge(ctx: &OrderContext, #[resource] services: &Services) -> Result<(), CardError> {
    let reason = match ctx.card.as_str() {
        card if card.ends_with("0002") => Some("no funds"),
        card if card.ends_with("0069") => Some("expired"),
        _ => None,
    };
    let answer = |first| match reason {
        Some(_) => Answer::Refused,
        None if first && ctx.order.is_multiple_of(23) => Answer::Lost,
        None => Answer::Done,
    };
    match (services.ask(ctx.order, ctx.total_cents, answer).await?, reason) {
        (Answer::Refused, Some(reason)) => Err(CardError::Declined { reason: reason.to_owned() }),
        (Answer::Done, _) => Ok(()),
        _ => Err(CardError::Unreachable { why: "no answer came".to_owned() }),
    }
}

/// Reserves the goods. For every 17th order the warehouse is busy at the first request.
#[step(retry(attempts = 5, backoff = "10ms", unless = StockError::is_final))]
pub(crate) async fn reserve(
    ctx: &OrderContext,
    #[resource] services: &Services,
    items: Vec<Item>,
) -> Result<(), StockError> {
    let missing = items.into_iter().find(|item| item.sku.starts_with("VN-"));
    let answer = |first| match &missing {
        Some(_) => Answer::Refused,
        None if first && ctx.order.is_multiple_of(17) => Answer::Busy,
        None => Answer::Done,
    };
    match (services.ask(ctx.order, 0, answer).await?, missing) {
        (Answer::Refused, Some(Item { sku, .. })) => Err(StockError::SoldOut { sku }),
        (Answer::Done, _) => Ok(()),
        _ => Err(StockError::Unreachable { why: "it is busy".to_owned() }),
    }
}

/// Refunds the charge.
#[step(retry(attempts = 5, backoff = "10ms"))]
pub(crate) async fn refund(ctx: &OrderContext, #[resource] services: &Services) -> Result<()> {
    services.ask(ctx.order, ctx.total_cents, |_| Answer::Done).await?;
    Ok(())
}

/// Releases the reserved goods.
#[step(retry(attempts = 5, backoff = "10ms"))]
pub(crate) async fn release(ctx: &OrderContext, #[resource] services: &Services) -> Result<()> {
    services.ask(ctx.order, 0, |_| Answer::Done).await?;
    Ok(())
}

/// Hands the parcel to the carrier.
#[step(retry(attempts = 5, backoff = "10ms"), timeout = "30s")]
pub(crate) async fn ship(ctx: &OrderContext, #[resource] services: &Services) -> Result<()> {
    services.ask(ctx.order, 0, |_| Answer::Done).await?;
    Ok(())
}
