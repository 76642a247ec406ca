//! The steps: mails and payments.

use crate::expense::money;
use crate::outbox::Outbox;
use steadfast::prelude::*;

/// Sends a mail.
#[step(retry(attempts = 5, backoff = "100ms"))]
pub(crate) async fn tell(#[resource] outbox: &Outbox, scope: &StepScope, to: String, text: String) -> Result<()> {
    Ok(outbox.send(&scope.idempotency_key(), &format!("mail to {to}: {text}")).await?)
}

/// Sends a payment.
#[step(retry(attempts = 5, backoff = "100ms"))]
pub(crate) async fn pay(#[resource] outbox: &Outbox, scope: &StepScope, to: String, cents: u64) -> Result<()> {
    Ok(outbox.send(&scope.idempotency_key(), &format!("payment to {to}: {}", money(cents))).await?)
}
