//! Sends events from outside to event-driven runs.

use super::core::Core;
use super::error::EngineError;
use super::handle::Run;
use super::opening::check_key;
use super::transaction::EngineTx;
use super::{Engine, inbox};
use crate::codec;
use crate::graph::{Event, event};
use crate::record::InboxKind;
use crate::store::{NewInboxItem, RunRow};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;

impl Engine {
    /// Sends an event from outside to a run, by the run's id. The event is durable once the call returns: it is
    /// delivered once, in the order of the sender, even if the run has not begun to wait for it or a process crashes.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[derive(Event)]
    /// #[event(external)]
    /// struct Approved {
    ///     by: String,
    /// }
    ///
    /// struct Release;
    ///
    /// #[workflow]
    /// impl Release {
    ///     #[step]
    ///     async fn build(version: Begin<String>) -> Result<Option<Stop<String>>> {
    ///         // Else it is published once it is approved.
    ///         Ok(version.is_empty().then(|| Stop("nothing to release".to_owned())))
    ///     }
    ///
    ///     #[step]
    ///     async fn publish(approved: Approved) -> Result<Stop<String>> {
    ///         Ok(Stop(format!("released by {}", approved.by)))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(Release).start().await?;
    /// let run = engine.start(Release, "1.0".to_owned()).id("release-1.0").await?;
    /// engine.emit("release-1.0", Approved { by: "Ada".into() }).await?;
    /// assert_eq!(run.result().await?, "released by Ada");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such run, or it has ended; the type is not `#[event(external)]`; the run's workflow is registered
    /// here and takes no such event from outside; or the event cannot be stored.
    pub fn emit<E: Event>(&self, run: impl Into<String>, event: E) -> EmitCall<'_, E> {
        EmitCall { engine: self, run: run.into(), event, key: None }
    }
}

/// An event to be sent to a run: choose a key, then `.await`.
#[must_use = "an event is given to the run when the call is awaited: add `.await`"]
pub struct EmitCall<'engine, E> {
    engine: &'engine Engine,
    run: String,
    event: E,
    key: Option<String>,
}

impl<E: Event> EmitCall<'_, E> {
    /// Sets a deduplication key of the sender: of several events of one type with the same key, a run receives only the
    /// first, even after it was taken. With a key the call may be repeated.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl<'engine, E: Event> IntoFuture for EmitCall<'engine, E> {
    type Output = Result<(), EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { engine, run, event, key } = self;
        Box::pin(async move { engine.run(&run).await?.emit_with(event, key).await })
    }
}

impl Run {
    /// Sends the run an event from outside. See [`Engine::emit`], which also takes a key.
    ///
    /// # Errors
    /// See [`Engine::emit`].
    pub async fn emit<E: Event>(&self, event: E) -> Result<(), EngineError> {
        self.emit_with(event, None).await
    }

    async fn emit_with<E: Event>(&self, event: E, key: Option<String>) -> Result<(), EngineError> {
        // The run may have continued as new, with secrets of its own.
        let row = self.last_row().await?;
        let item = item(self.core(), &row, &event, key)?;
        drop(event);
        inbox::send(self.core(), self.id(), item, self.record()).await
    }
}

impl EngineTx<'_> {
    /// Sends a run an event from outside, in this commit: it arrives if and only if this transaction is committed.
    ///
    /// # Errors
    /// See [`Engine::emit`].
    pub fn emit<E: Event>(&mut self, run: &str, event: E) -> Result<(), EngineError> {
        let emitted = self.event(run, &event);
        drop(event);
        self.keep(emitted)
    }

    fn event<E: Event>(&mut self, run: &str, event: &E) -> Result<(), EngineError> {
        let row = self.run(run)?.ok_or_else(|| EngineError::NoSuchRun { id: run.to_owned() })?;
        let item = item(self.core(), &row, event, None)?;
        self.deposit(run, item)
    }
}

/// Makes the inbox item of an event.
fn item<E: Event>(core: &Core, row: &RunRow, event: &E, key: Option<String>) -> Result<NewInboxItem, EngineError> {
    takes::<E>(core, row)?;
    check_key(key.as_deref())?;
    let (name, channel) = (E::INFO.name, E::INFO.channel);
    let fields = core.fields(row);
    let coder = fields.coder();
    let value = event::encode_message(coder, event).and_then(|value| codec::check_size(coder, &value).map(|()| value));
    let value =
        value.map_err(|error| EngineError::value_of(format!("event `{name}` cannot be stored: {error}"), error))?;
    Ok(NewInboxItem {
        key: key.map(|key| format!("message:{channel}:{key}")),
        name: Some(channel.to_owned()),
        value: Some(value),
        ..NewInboxItem::new(row.number, InboxKind::Message, core.now())
    })
}

/// Checks that a run can take an event of this type, as far as it is known here.
fn takes<E: Event>(core: &Core, row: &RunRow) -> Result<(), EngineError> {
    let event = E::INFO.name;
    if !E::INFO.external {
        return Err(EngineError::value(format!(
            "event `{event}` does not come from outside: put `#[event(external)]` on its struct, or have a step return it"
        )));
    }
    // Another process may have registered the workflow.
    let Some(workflow) = core.workflows.get(&row.workflow, row.version) else { return Ok(()) };
    let known = workflow.events().unwrap_or_default();
    if known.contains(&event) {
        return Ok(());
    }
    let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let takes = match (workflow.events(), &known[..]) {
        (None, _) => "is a function: send it messages, `engine.send(..)`".to_owned(),
        (_, []) => "takes no event from outside: give one of its steps a parameter of this type".to_owned(),
        (_, known) => {
            format!("takes {} from outside: give one of its steps a parameter of this type", known.join(", "))
        }
    };
    let (id, workflow) = (&row.id, &row.workflow);
    Err(EngineError::value(format!("run `{id}` cannot take event `{event}`: workflow `{workflow}` {takes}")))
}
