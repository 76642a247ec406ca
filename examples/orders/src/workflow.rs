//! The workflow of an order, from its line in the file to its end.

use crate::order::{Country, Order};
use crate::services::Services;
use crate::steps::{CardError, StockError, charge, quote, refund, release, reserve, review, screen, ship};
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// The context: every step may read it, and only the workflow can change it.
#[derive(StepContext, Clone, Debug)]
pub(crate) struct OrderContext {
    pub(crate) order: u64,
    pub(crate) customer: String,
    pub(crate) country: Country,
    pub(crate) card: String,
    #[context(default)]
    pub(crate) status: Status,
    /// The price with carriage, and zero before the carrier's quote.
    #[context(default)]
    pub(crate) total_cents: u64,
}

/// The progress of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    #[default]
    Received,
    UnderReview,
    Approved,
    Paid,
}

/// The outcome of an order. A declined card is an outcome, not an error of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Shipped { reviewed: bool, cents: u64 },
    Declined { reason: String, cents: u64 },
    SoldOut { sku: String, cents: u64 },
    Rejected { cents: u64 },
}

/// Returns the id of an order's run: the same order is the same run, however often it is started.
pub(crate) fn run_id(order: u64) -> String {
    format!("order-{order}")
}

/// Settles one order.
#[workflow(context = OrderContext, resources(Services))]
pub(crate) async fn process_order(start: Start<OrderContext>, order: Order) -> Result<Outcome> {
    let units = order.units();
    let Order { id, customer, country, items, cents, card } = order;
    let context = OrderContext::builder().order(id).customer(customer).country(country).card(card).build();
    let mut flow = start.with(context).await?;

    // Neither has an effect, so if one fails the other may be dropped halfway: `try_join!`.
    let (carriage, doubtful) = try_join!(quote(&flow, units), screen(&flow, cents))?;
    let cents = cents + carriage;
    flow.update(|c| c.total_cents(cents)).await?;

    if doubtful {
        flow.update(|c| c.status(Status::UnderReview)).await?;
        // A person needs time. A long sleep needs no memory.
        flow.sleep(Duration::from_millis(50)).await?;
        if !review(&flow).await? {
            return Ok(Outcome::Rejected { cents });
        }
        flow.update(|c| c.status(Status::Approved)).await?;
    }

    // Both have effects, so both run to their end, and if one fails the effect of the other is undone: `join!`.
    match join!(charge(&flow), reserve(&flow, items)) {
        (Ok(()), Ok(())) => {
            flow.update(|c| c.status(Status::Paid)).await?;
            ship(&flow).await?;
            Ok(Outcome::Shipped { reviewed: doubtful, cents })
        }
        (Err(StepError::Failed(CardError::Declined { reason }, _)), reserved) => {
            if reserved.is_ok() {
                release(&flow).await?;
            }
            Ok(Outcome::Declined { reason, cents })
        }
        (Ok(()), Err(error)) => {
            refund(&flow).await?;
            match error {
                StepError::Failed(StockError::SoldOut { sku }, _) => Ok(Outcome::SoldOut { sku, cents }),
                other => Err(other.into()),
            }
        }
        (Err(error), _) => Err(error.into()),
    }
}
