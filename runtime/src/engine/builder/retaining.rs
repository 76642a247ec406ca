//! Which runs an engine deletes.

use super::EngineBuilder;
use crate::engine::rules::Retention;
use std::time::Duration;

impl EngineBuilder {
    /// Deletes runs that ended long ago; each further call adds a rule, and a run goes that any of them selects.
    ///
    /// Of the engines on a database, one at a time deletes: the one with the oldest lease. It does so in slices of at most 50
    /// runs and about 100 ms, and rests four times as long after each. A client deletes nothing. What a crash has left
    /// half deleted is deleted by the next round.
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast::{Retention, Status, prelude::*};
    ///
    /// # #[workflow]
    /// # async fn order(_flow: &mut Flow) -> Result<()> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let month = Duration::from_hours(30 * 24);
    /// let engine = Engine::builder()
    ///     .in_memory()
    ///     .workflow(order)
    ///     .retention(Retention::older_than(month).workflow("order").status(Status::Completed))
    ///     .retention(Retention::older_than(12 * month))
    ///     .start()
    ///     .await?;
    /// # drop(engine);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retention(mut self, rule: Retention) -> Self {
        self.faults.extend(rule.fault());
        self.options.retention.all.push(rule);
        self
    }

    /// Sets how often the engine looks for runs to delete; a minute unless chosen otherwise, and in any case so seldom that
    /// looking takes at most a fiftieth of the time.
    pub fn retention_every(mut self, interval: Duration) -> Self {
        self.options.retention.every = interval;
        self
    }
}
