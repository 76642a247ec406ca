//! The outside services: the bank, the warehouse, the carrier. Each takes a while, sometimes fails, and writes each
//! request into the ledger. Whether it fails depends on the order alone, so that every start has the same result.

use crate::ledger::{Answer, Entry, Ledger};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use steadfast::step_scope;

/// The resource of the steps.
pub(crate) struct Services {
    ledger: Arc<Ledger>,
    slow: bool,
}

impl Services {
    /// Creates the services, which write this ledger.
    pub(crate) fn new(ledger: Arc<Ledger>, slow: bool) -> Self {
        Self { ledger, slow }
    }

    /// Sends a service the request of the current step. `answer` receives whether the idempotency key is new to the
    /// service.
    ///
    /// # Errors
    /// The ledger cannot be written. Whether the service has received the request is then unknown.
    pub(crate) async fn ask(&self, order: u64, cents: u64, answer: impl FnOnce(bool) -> Answer) -> io::Result<Answer> {
        let step = step_scope().expect("only steps ask services");
        let pause = Duration::from_millis(1 + (order + step.position) % 3) * if self.slow { 40 } else { 1 };
        // There is a pause before and after the effect, so that a kill can fall on either side of it.
        tokio::time::sleep(pause).await;
        let key = step.idempotency_key();
        let answer = self.ledger.add(&key, |first| Entry {
            key: key.clone(),
            order,
            step: step.name.clone(),
            attempt: step.attempt,
            cents,
            answer: answer(first),
        })?;
        tokio::time::sleep(pause).await;
        Ok(answer)
    }
}
