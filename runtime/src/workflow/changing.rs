//! Applies changes of the context, without the context's type: compiled once, and not again for each workflow and each
//! call.

use super::saving::{routed, save_routed};
use crate::context::{ContextError, ContextType, FieldValues, Loading, NewContext, RecordedFields, SharedContext};
use crate::journal::{ContextChange, Journal, Recorded};
use crate::value::{Encoding, Value};
use futures_util::future::{BoxFuture, Either, Ready, ready};
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of a change. It is ready at once unless a field is saved to a store.
pub(super) type Changed<'a> = Either<Ready<Result<(), ContextError>>, BoxFuture<'a, Result<(), ContextError>>>;

/// The parts of a flow that a change needs, without the context's type.
pub(super) struct Handle<'a> {
    pub(super) kind: ContextType,
    pub(super) journal: &'a dyn Journal,
    pub(super) context: &'a mut Option<SharedContext>,
    pub(super) older: &'a mut Option<Box<RecordedFields>>,
}

impl<'a> Handle<'a> {
    /// Begins a change at a command index.
    pub(super) fn at(self, position: u64) -> Changing<'a> {
        let Self { kind, journal, context, older } = self;
        Changing { kind, position, journal, context, older }
    }
}

/// An update, made when it is first polled.
pub(super) enum Updating<'a> {
    Asked(Option<(Handle<'a>, Box<dyn NewContext>)>),
    Made(Changed<'a>),
}

impl Future for Updating<'_> {
    type Output = Result<(), ContextError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Self::Asked(asked) = &mut *self
            && let Some((handle, update)) = asked.take()
        {
            let position = handle.journal.next_command_index();
            *self = Self::Made(handle.at(position).update(update));
        }
        match &mut *self {
            Self::Made(changed) => Pin::new(changed).poll(cx),
            Self::Asked(_) => Poll::Pending,
        }
    }
}

/// The context of a flow, for a change of it at a command index.
pub(super) struct Changing<'a> {
    kind: ContextType,
    position: u64,
    journal: &'a dyn Journal,
    context: &'a mut Option<SharedContext>,
    older: &'a mut Option<Box<RecordedFields>>,
}

impl<'a> Changing<'a> {
    /// Performs an update.
    fn update(mut self, mut update: Box<dyn NewContext>) -> Changed<'a> {
        // Only the update may hold the context now, so that it can be changed in place.
        self.journal.share_context(None);
        let old = self.context.take().filter(|_| self.older.is_some());
        let changed = update.changed();
        if changed.is_empty() {
            self.put(update.discard());
            return now(Ok(()));
        }
        let change = self.change(&changed);
        match self.journal.recorded_change(self.position, &change) {
            Recorded::New if old.is_some() => {
                self.put(old);
                let new = update.apply();
                Either::Right(Box::pin(async move { self.rewrite(&changed, new).await }))
            }
            Recorded::New => {
                let encoded = update.encode(self.journal.coder()).and_then(|mut values| {
                    let routed = routed(self.journal, &change, &mut values)?;
                    Ok((values, routed))
                });
                match encoded {
                    Ok((mut values, Some(routed))) => {
                        let (position, mut unfinished) = (self.position, Unfinished { changing: self, update });
                        Either::Right(Box::pin(async move {
                            let journal = unfinished.changing.journal;
                            let saved = routed.save(journal, position, &mut values).await;
                            if saved.is_ok() {
                                unfinished.apply(&values);
                            }
                            let change = unfinished.changing.change(&changed);
                            drop(unfinished);
                            append(journal, position, &change, saved.map(|()| ((), values)))
                        }))
                    }
                    Ok((values, None)) => {
                        self.put(update.apply());
                        now(append(self.journal, self.position, &change, Ok(((), values))))
                    }
                    Err(error) => {
                        self.put(update.discard());
                        now(append(self.journal, self.position, &change, Err(error)))
                    }
                }
            }
            recorded => {
                // Only the flow may hold the context, so that the recorded change is applied in place.
                *self.context = update.discard();
                self.repeat(recorded)
            }
        }
    }

    /// Sets the whole context.
    pub(super) async fn set(mut self, mut new: Box<dyn NewContext>) -> Result<(), ContextError> {
        let changed = new.changed();
        if changed.is_empty() {
            return Ok(());
        }
        match self.journal.recorded_change(self.position, &self.change(&changed)) {
            Recorded::New if self.older.is_some() => self.rewrite(&changed, new.apply()).await,
            Recorded::New => {
                let stored = new.encode(self.journal.coder()).map(|values| (new.apply(), values));
                self.write(&changed, stored).await
            }
            recorded => self.repeat(recorded).await,
        }
    }

    fn change<'b>(&self, fields: &'b [&'static str]) -> ContextChange<'b> {
        ContextChange::Update { context: self.kind.name(), schema: self.kind.schema(), fields }
    }

    /// Repeats a change that the history has already.
    fn repeat(mut self, recorded: Recorded) -> Changed<'a> {
        let Some(mut context) = self.context.take() else { return stopped() };
        let outcome = match recorded {
            Recorded::Made { version, rows } => {
                let outcome = Loading { context: &mut context, older: self.older, coder: self.journal.coder() }
                    .change(version, rows);
                // Recorded values that no longer decode park the run, and the workflow waits forever.
                outcome.map_or_else(|error| self.unreadable(&error), |()| now(Ok(())))
            }
            Recorded::Refused(error) => {
                refused_before(self.journal, self.position, &error).map_or_else(stopped, |error| now(Err(error)))
            }
            Recorded::Outside(message) => {
                now(Err(ContextError { context: self.kind.name().into(), field: None, message }))
            }
            Recorded::Abandoned | Recorded::Diverged | Recorded::New => stopped(),
        };
        self.put(Some(context));
        outcome
    }

    fn unreadable(&self, error: &ContextError) -> Changed<'a> {
        self.journal.unreadable(self.position, error.to_string());
        stopped()
    }

    /// Writes every field, for the first change of a context that is recorded in an older version: so recorded fields
    /// of two versions never mix.
    async fn rewrite(&mut self, changed: &[&'static str], new: Option<SharedContext>) -> Result<(), ContextError> {
        let Some(new) = new else { return Ok(()) };
        let stored = new.store_all(self.journal.coder()).map(|(new, values)| (Some(new), values));
        drop(new);
        self.write(changed, stored).await?;
        *self.older = None;
        Ok(())
    }

    async fn write(
        &mut self,
        changed: &[&'static str],
        mut stored: Result<(Option<SharedContext>, FieldValues), ContextError>,
    ) -> Result<(), ContextError> {
        let change = self.change(changed);
        if let Ok((context, values)) = &mut stored {
            match save_routed(self.journal, self.position, &change, values).await {
                Ok(()) => {
                    if let Some(context) = context {
                        context.point_to_stored(self.journal.coder(), values)?;
                    }
                }
                Err(error) => stored = Err(error),
            }
        }
        let context = append(self.journal, self.position, &change, stored)?;
        self.put(context);
        Ok(())
    }

    fn put(&mut self, context: Option<SharedContext>) {
        self.journal.share_context(context.clone());
        *self.context = context;
    }
}

/// An update whose fields are being saved: restores the old context if it is dropped.
struct Unfinished<'a> {
    changing: Changing<'a>,
    update: Box<dyn NewContext>,
}

impl Unfinished<'_> {
    /// Makes the new context that of the flow.
    fn apply(&mut self, values: &FieldValues) {
        let Some(mut context) = self.update.apply() else { return };
        if values.iter().any(|(_, value)| value.encoding == Encoding::Stored) {
            // Best effort: a field that gets no pointer keeps its value.
            let _ = context.point_to_stored(self.changing.journal.coder(), values);
        }
        self.changing.put(Some(context));
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(old) = self.update.discard() {
            self.changing.put(Some(old));
        }
    }
}

fn now<'a>(outcome: Result<(), ContextError>) -> Changed<'a> {
    Either::Left(ready(outcome))
}

/// Returns a future that is never ready: the workflow stops here.
pub(super) fn stopped<'a>() -> Changed<'a> {
    Either::Right(Box::pin(pending()))
}

/// Returns the error that the workflow got when this change was first refused. Returns `None`, and parks the run, if it
/// cannot be read.
pub(super) fn refused_before(journal: &dyn Journal, position: u64, error: &Value) -> Option<ContextError> {
    match serde_json::from_slice(&error.bytes) {
        Ok(error) => Some(error),
        Err(why) => {
            journal.unreadable(position, why.to_string());
            None
        }
    }
}

/// Appends the outcome of a change, and returns it to the workflow.
pub(super) fn append<T>(
    journal: &dyn Journal,
    position: u64,
    change: &ContextChange<'_>,
    outcome: Result<(T, FieldValues), ContextError>,
) -> Result<T, ContextError> {
    match outcome {
        Ok((context, values)) => {
            journal.append_change(position, change, Ok(values));
            Ok(context)
        }
        Err(error) => {
            let text = serde_json::to_vec(&error).expect("an error of strings is JSON");
            journal.append_change(position, change, Err(Value::json(text)));
            Err(error)
        }
    }
}
