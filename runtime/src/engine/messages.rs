//! Sends messages to runs from outside.

use super::error::EngineError;
use super::handle::Run;
use super::opening::check_key;
use super::{Engine, inbox};
use crate::fields::Fields;
use crate::message::{self, Message};
use crate::record::InboxKind;
use crate::store::NewInboxItem;
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::sync::Arc;

impl Engine {
    /// Sends a message to a run, by its id. The message is durable once the call returns: it is delivered once, in the
    /// order of the sender, even if the run does not wait for it yet or a process crashes.
    ///
    /// # Errors
    /// There is no such run, it has ended, or the message cannot be stored.
    pub fn send<M: Message>(&self, run: impl Into<String>, message: M) -> SendCall<'_, M> {
        SendCall { engine: self, run: run.into(), message, key: None }
    }
}

/// A message to be sent: choose a key, then `.await`.
#[must_use = "a message is sent when the call is awaited: add `.await`"]
pub struct SendCall<'engine, M> {
    engine: &'engine Engine,
    run: String,
    message: M,
    key: Option<String>,
}

impl<M: Message> SendCall<'_, M> {
    /// Sets a deduplication key of the sender: of several messages on one channel with the same key, a run receives
    /// only the first, even after it was received. With a key the send may be repeated.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl<'engine, M: Message> IntoFuture for SendCall<'engine, M> {
    type Output = Result<(), EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let run = self.engine.run(&self.run).await?;
            let item = run.message(&self.message, self.key)?;
            inbox::send(run.core(), run.id(), item, None).await
        })
    }
}

impl Run {
    /// Sends a message to the run. See [`Engine::send`], which also takes a key.
    ///
    /// # Errors
    /// The run has ended, or the message cannot be stored.
    pub async fn send<M: Message>(&self, message: M) -> Result<(), EngineError> {
        let item = self.message(&message, None)?;
        drop(message);
        inbox::send(self.core(), self.id(), item, self.record()).await
    }

    fn message<M: Message>(&self, message: &M, key: Option<String>) -> Result<NewInboxItem, EngineError> {
        item(self.fields(), self.number(), message, key, self.core().now())
    }
}

/// Makes the inbox item of a message.
pub(super) fn item<M: Message>(
    fields: &Arc<Fields>,
    run: i64,
    message: &M,
    key: Option<String>,
    at: i64,
) -> Result<NewInboxItem, EngineError> {
    check_key(key.as_deref())?;
    let value = message::encode(fields.coder(), message)
        .map_err(|error| EngineError::value_of(format!("message `{}` cannot be stored: {error}", M::NAME), error))?;
    Ok(NewInboxItem {
        key: key.map(|key| format!("message:{}:{key}", M::NAME)),
        name: Some(M::NAME.to_owned()),
        value: Some(value),
        ..NewInboxItem::new(run, InboxKind::Message, at)
    })
}
