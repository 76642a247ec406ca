//! Having a run stand still, and go on.

use super::error::EngineError;
use super::handle::Run;
use super::inbox;
use crate::record::InboxKind;
use crate::store::NewInboxItem;
use crate::value::Value;

/// What becomes of the steps that are in flight when a run is paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// They end by themselves, and what they come to is recorded.
    #[default]
    Drain,
    /// They are told to stop, and begin another attempt when the run goes on.
    Abandon,
}

impl Run {
    /// Has the run stand still: no step begins, no timer fires, no message is received, its deadline does not end it. Paused
    /// time does not count to its [time limit](crate::StartCall::time_limit); sleeps, backoffs and waits for messages run on, and
    /// what is due by then happens when the run goes on, as does a deadline that has passed. The
    /// answer comes when the request is durable; its status is then soon [`Status::Paused`](crate::Status::Paused), and its
    /// history says what became of the steps in flight.
    ///
    /// A paused run leaves memory; what its session holds is dropped, or kept with the run in memory, as the engine's
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

    /// Has a paused run go on: what has come meanwhile is received, and what is due happens. The answer comes when the
    /// request is durable.
    ///
    /// # Errors
    /// The run has ended, or the database does not work.
    pub async fn resume(&self) -> Result<(), EngineError> {
        self.say(InboxKind::Resume, None).await
    }

    async fn say(&self, kind: InboxKind, value: Option<Value>) -> Result<(), EngineError> {
        let item = NewInboxItem { value, ..NewInboxItem::new(self.number(), kind, self.core().now()) };
        inbox::send(self.core(), self.id(), item).await
    }
}
