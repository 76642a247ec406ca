//! Pauses and resumes runs.

use super::error::EngineError;
use super::handle::Run;
use super::inbox;
use crate::record::InboxKind;
use crate::store::NewInboxItem;
use crate::value::Value;

/// The treatment of the steps in flight when a run is paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// Lets them run to their end, and records their results.
    #[default]
    Drain,
    /// Cancels them; they start another attempt when the run is resumed.
    Abandon,
}

impl Run {
    /// Pauses the run: no step starts, no timer fires, no message is received, and its deadline does not end it. Paused
    /// time does not count towards its [time limit](crate::StartCall::time_limit). Sleeps, backoffs and waits for
    /// messages continue; what is due by then happens when the run is resumed, as does a deadline that has passed.
    /// Returns when the request is durable; soon after, the status is [`Status::Paused`](crate::Status::Paused), and
    /// the history shows how the steps in flight ended.
    ///
    /// A paused run is evicted. The values in its session are dropped, or kept with the run in memory, as the engine's
    /// [`SessionPolicy`](crate::SessionPolicy) says.
    ///
    /// # Errors
    /// The run has ended, or the database does not work.
    pub async fn pause(&self, how: Pause) -> Result<(), EngineError> {
        let how = match how {
            Pause::Drain => "drain",
            Pause::Abandon => "abandon",
        };
        self.say(InboxKind::Pause, Some(Value::text(how))).await
    }

    /// Resumes a paused run: it receives what arrived meanwhile, and what is due happens. Returns when the request is
    /// durable.
    ///
    /// # Errors
    /// The run has ended, or the database does not work.
    pub async fn resume(&self) -> Result<(), EngineError> {
        self.say(InboxKind::Resume, None).await
    }

    async fn say(&self, kind: InboxKind, value: Option<Value>) -> Result<(), EngineError> {
        let item = NewInboxItem { value, ..NewInboxItem::new(self.number(), kind, self.core().now()) };
        inbox::send(self.core(), self.id(), item, self.record()).await
    }
}
