//! Cancellation of a run, and its outcome.

use super::error::EngineError;
use super::handle::{Ended, Run};
use super::inbox;
use crate::lengths;
use crate::store::{NewInboxItem, Status};

/// A cancellation that is durable. See [`Run::cancel`].
#[derive(Clone, Debug)]
pub struct Cancelling {
    run: Run,
    reason: String,
}

impl Cancelling {
    /// Ends the run now if it is parked, without running any of its code.
    ///
    /// # Errors
    /// The run is not parked, or the database does not work.
    pub async fn force(&self) -> Result<(), EngineError> {
        let run = &self.run;
        super::delete::cancel_parked(run.core(), run.number(), run.id(), self.reason.clone(), run.record().cloned())
            .await
    }

    /// Waits for the end of the run and returns whether it ended because of a cancellation. `false` says that the run
    /// was already ending by itself; [`RunHandle::result`](crate::RunHandle::result) returns its result.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn nap(flow: &mut Flow) -> Result<()> {
    ///     Ok(flow.sleep(Duration::from_secs(3600)).await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(nap).start().await?;
    /// let run = engine.start(nap, ()).await?;
    /// assert!(run.cancel("enough").await?.took_effect().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The run is parked, and ends when it is unparked; it was moved, and receives the cancellation where it continues;
    /// or the database does not work.
    pub async fn took_effect(&self) -> Result<bool, EngineError> {
        let (status, action) = match self.run.ended().await? {
            Ended::Cancelled(_) => return Ok(true),
            Ended::Parked(_) => (
                Status::Parked,
                "the cancellation takes effect when the run is unparked; `Cancelling::force` ends it now",
            ),
            Ended::Moved => (Status::Moved, "it continues elsewhere, and is cancelled there"),
            Ended::Completed(_) | Ended::Failed(_) | Ended::TimedOut | Ended::Refused(_) => return Ok(false),
        };
        Err(EngineError::WrongStatus { id: self.run.id().to_owned(), status, action })
    }
}

impl Run {
    /// Ends the run if it is parked, without running any of its code.
    pub(crate) async fn end_parked(&self, reason: String) -> Result<(), EngineError> {
        let (run, id) = (self.number(), self.id());
        super::delete::cancel_parked(self.core(), run, id, reason, self.record().cloned()).await
    }

    /// Requests cancellation: running steps are cancelled, and the run ends as cancelled with this reason. Returns when
    /// the request is durable; a parked run ends when it is unparked, or by [`Cancelling::force`].
    ///
    /// The run receives the request between two turns. A run that was already ending, because its last step had just
    /// ended, completes or fails all the same: [`Cancelling::took_effect`] waits for the end and returns which of the
    /// two happened.
    ///
    /// # Errors
    /// The run has ended, or the database does not work.
    pub async fn cancel(&self, reason: impl Into<String> + Send) -> Result<Cancelling, EngineError> {
        let row = self.last_row().await?;
        if row.status.is_final() {
            let action = "nothing more reaches it";
            return Err(EngineError::WrongStatus { id: row.id, status: row.status, action });
        }
        let reason = lengths::cut(reason);
        let item = NewInboxItem::cancellation(self.number(), &reason, self.core().now());
        inbox::send(self.core(), self.id(), item, self.record()).await?;
        Ok(Cancelling { run: self.clone(), reason })
    }
}
