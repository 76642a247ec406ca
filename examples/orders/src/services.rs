//! The services outside: the bank, the warehouse, the carrier. Each takes a while, sometimes fails, and writes what it
//! was asked into the ledger. Whether it fails depends on the order alone, so that every start tells the same story.

use crate::ledger::{Answer, Entry, Ledger};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use steadfast::step_scope;

/// What the engine holds for the steps of all orders.
pub(crate) struct Services {
    ledger: Arc<Ledger>,
    slow: bool,
}

impl Services {
    /// The services with the books that they write.
    pub(crate) fn new(ledger: Arc<Ledger>, slow: bool) -> Self {
        Self { ledger, slow }
    }

    /// Asks a service for what the step of this moment is named after. `answer` is told whether the service sees the key
    /// of this call for the first time.
    ///
    /// # Errors
    /// The ledger cannot be written: whether the service has heard is not known.
    pub(crate) async fn ask(&self, order: u64, cents: u64, answer: impl FnOnce(bool) -> Answer) -> io::Result<Answer> {
        let step = step_scope().expect("only steps ask services");
        let pause = Duration::from_millis(1 + (order + step.position) % 3) * if self.slow { 40 } else { 1 };
        // Time passes on the way there and on the way back, so a stop can fall on either side of the effect.
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
