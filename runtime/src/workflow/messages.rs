//! Messages that a workflow receives and sends.

use super::Flow;
use super::outside::{Outside, unexpected};
use crate::command::{self, Command, Given, Recode};
use crate::fields::Coder;
use crate::journal::Completion;
use crate::lengths;
use crate::message::{self, Message};
use crate::vault::sealed_any;
use futures_util::future::FusedFuture;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

impl<C: 'static> Flow<C> {
    /// Waits durably for the next message of this type; one that has arrived before is returned at once.
    ///
    /// The messages of each sender arrive in the order in which they were sent, each once, even after a crash. With
    /// [`within`](Receive::within) the wait has a time limit. A message for a call that is dropped before it took the
    /// message goes to the next call.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[derive(Message, serde::Serialize, serde::Deserialize)]
    /// struct Approval {
    ///     by: String,
    /// }
    ///
    /// #[workflow]
    /// async fn expense(flow: &mut Flow, cents: u64) -> Result<String> {
    ///     match flow.receive::<Approval>().within(Duration::from_secs(7 * 86_400)).await? {
    ///         Some(approval) => Ok(format!("{cents} approved by {}", approval.by)),
    ///         None => Ok("nobody answered".to_owned()),
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(expense).start().await?;
    /// let run = engine.start(expense, 500).id("expense-1").await?;
    /// engine.send("expense-1", Approval { by: "Ada".to_owned() }).await?;
    /// assert_eq!(run.result().await?, "500 approved by Ada");
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive<M: Message>(&self) -> Receive<'_, M> {
        let command = Command::Receive(command::Receive { channel: M::NAME, due: None });
        Receive { call: Outside::new(&self.journal, command, received) }
    }

    /// Returns the next message of this type if one has arrived, without waiting.
    #[must_use]
    pub fn try_receive<M: Message>(&self) -> Option<M> {
        let position = self.journal.next_command_index();
        let value = self.journal.try_receive(position, M::NAME)?;
        match message::decode(self.journal.coder(), &value) {
            Ok(message) => Some(message),
            Err(error) => {
                // The run is parked, and what the workflow does with this `None` is not recorded.
                self.journal.unreadable(position, error.to_string());
                None
            }
        }
    }

    /// Sends a message to another run, by its id. It arrives once, whatever crashes. A message that cannot be stored is
    /// a [`SendError`].
    ///
    /// A `Secret` cannot be sent to another run: it is sealed for this one.
    pub fn send<M: Message>(&self, run: impl Into<String>, message: M) -> Sending<'_> {
        let to = run.into();
        let (value, secret) = sealed_any(|| message::encode(self.journal.coder(), &message));
        let value = match value {
            Ok(_) if lengths::check("a run's id", &to, 0).is_err() => Err("no run has an id of that length".to_owned()),
            Ok(_) if secret => Err("it holds a secret, which is sealed for its own run".to_owned()),
            value => value.map_err(|error| error.to_string()),
        };
        drop(message);
        let message = Given::new(value, Recode::new(self.journal.coder(), message::recode::<M>));
        let command = Command::Send(command::Send { to: Some(to.into()), channel: M::NAME, message });
        Sending { call: Outside::new(&self.journal, command, sent) }
    }
}

fn received<M: Message>(coder: Coder<'_>, completion: Completion) -> Result<Option<M>, String> {
    match completion {
        Completion::Message(value) => message::decode(coder, &value).map(Some).map_err(|error| error.to_string()),
        Completion::Fired => Ok(None),
        _ => unexpected("a message"),
    }
}

fn sent(_: Coder<'_>, completion: Completion) -> Result<Result<(), SendError>, String> {
    match completion {
        Completion::Delivered => Ok(Ok(())),
        Completion::Refused(message) => Ok(Err(SendError { message })),
        _ => unexpected("the answer to a message that was sent"),
    }
}

/// A durable wait for a message. It cannot fail; it returns a `Result` so that every durable call reads alike.
#[must_use = "a message is received only when the call is awaited: add `.await`"]
pub struct Receive<'flow, M> {
    call: Outside<'flow, Option<M>>,
}

impl<'flow, M: Message> Receive<'flow, M> {
    /// Limits the wait to this duration, rounded up to milliseconds, from [`Flow::now`]: `None` means that no message
    /// came. It is a duration, whatever the machine's clock is set to.
    #[must_use = "a message is received only when the call is awaited: add `.await`"]
    pub fn within(self, limit: Duration) -> impl FusedFuture<Output = Result<Option<M>, Infallible>> + use<'flow, M> {
        let Self { mut call } = self;
        let begun = call.call.journal().elapsed();
        call.call.due(after(begun, limit));
        ReceiveWithin { call }
    }
}

/// Adds a duration to a time of the same clock, in milliseconds.
pub(super) fn after(begun: i64, limit: Duration) -> i64 {
    begun.saturating_add(i64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}

impl<M: Message> Future for Receive<'_, M> {
    type Output = Result<M, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.call.poll(cx) {
            Poll::Ready(Some(message)) => Poll::Ready(Ok(message)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<M: Message> FusedFuture for Receive<'_, M> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A durable wait for a message with a time limit: `None` if none came in time.
#[must_use = "a message is received only when the call is awaited: add `.await`"]
struct ReceiveWithin<'flow, M> {
    call: Outside<'flow, Option<M>>,
}

impl<M: Message> Future for ReceiveWithin<'_, M> {
    type Output = Result<Option<M>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx).map(Ok)
    }
}

impl<M: Message> FusedFuture for ReceiveWithin<'_, M> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A message on its way to another run; ready once it is in that run's inbox.
#[must_use = "a message is sent only when the call is awaited: add `.await`"]
pub struct Sending<'flow> {
    call: Outside<'flow, Result<(), SendError>>,
}

impl Future for Sending<'_> {
    type Output = Result<(), SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx)
    }
}

impl FusedFuture for Sending<'_> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A message could not be sent: there is no such run, it has ended, or the message cannot be stored. Recorded, so a
/// replay returns it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendError {
    message: String,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SendError {}
