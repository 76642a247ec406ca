//! Changing the context: only here, only by the workflow.

use super::Flow;
use crate::context::{ContextError, ContextUpdate, FieldValues, StepContext};
use crate::journal::{ContextChange, Journal, Recorded};
use crate::store::FieldRow;
use crate::value::Value;
use std::sync::Arc;

impl<C: StepContext> Flow<C> {
    /// Changes fields of the context: `flow.update(|c| c.status(Status::Done).total(c.total + 1)).await?`.
    ///
    /// The closure sees the old values. Only fields that get another value are encoded and written, each as a row of its
    /// own; setting equal values writes nothing. The change is durable with the next thing that leaves the run; several
    /// updates and the next step share one commit. An old value that was kept with `clone` stays as it was.
    ///
    /// # Errors
    /// A value cannot be stored: the error names the field, the context is unchanged, and a replay meets the same error.
    ///
    /// # Panics
    /// The closure panics, or an earlier one did and the panic was caught.
    pub async fn update<F>(&mut self, change: F) -> Result<(), ContextError>
    where
        F: FnOnce(&C::Update) -> &C::Update,
    {
        let position = self.journal.draw();
        // Only the flow shall hold the context now, so that it can be changed in place.
        self.journal.share_context(None);
        let mut update = C::begin_update(self.context.take().expect("the context is back when an update ends"));
        change(&update);
        let changed = update.changed();
        if changed.is_empty() {
            self.put(update.discard());
            return Ok(());
        }
        let change = ContextChange::Update { context: C::NAME, fields: &changed };
        match self.journal.recorded_change(position, &change) {
            Recorded::New => {
                // The old context is in the update; keep one for the case that the change is refused.
                let outcome = match update.store() {
                    Ok((context, values)) => {
                        self.put(context);
                        Ok(((), values))
                    }
                    Err((old, error)) => {
                        self.put(old);
                        Err(error)
                    }
                };
                append(&*self.journal, position, &change, outcome)
            }
            Recorded::Made(rows) => {
                let mut context = update.discard();
                let outcome = load_fields(Arc::make_mut(&mut context), &rows);
                self.put(context);
                self.reloaded(position, outcome).await
            }
            Recorded::Refused(error) => {
                self.put(update.discard());
                refused_before(&*self.journal, position, &error).await
            }
            Recorded::Diverged => {
                self.put(update.discard());
                std::future::pending().await
            }
        }
    }

    /// Replaces the whole context; only the fields that differ are written.
    ///
    /// # Errors
    /// A value cannot be stored: the error names the field, the context is unchanged, and a replay meets the same error.
    pub async fn set(&mut self, new: C) -> Result<(), ContextError> {
        let position = self.journal.draw();
        let changed = self.difference(&new);
        if changed.is_empty() {
            return Ok(());
        }
        let change = ContextChange::Update { context: C::NAME, fields: &changed };
        match self.journal.recorded_change(position, &change) {
            Recorded::New => {
                let stored = self.store_difference(new);
                let context = append(&*self.journal, position, &change, stored)?;
                self.put(Arc::new(context));
                Ok(())
            }
            Recorded::Made(rows) => {
                let mut context = C::clone(self);
                let outcome = load_fields(&mut context, &rows);
                self.put(Arc::new(context));
                self.reloaded(position, outcome).await
            }
            Recorded::Refused(error) => refused_before(&*self.journal, position, &error).await,
            Recorded::Diverged => std::future::pending().await,
        }
    }

    fn put(&mut self, context: Arc<C>) {
        self.journal.share_context(Some(context.clone()));
        self.context = Some(context);
    }

    /// Recorded values that no longer decode park the run: the workflow does not go on.
    async fn reloaded(&self, position: u64, outcome: Result<(), ContextError>) -> Result<(), ContextError> {
        if let Err(error) = outcome {
            self.journal.unreadable(position, error.to_string());
            return std::future::pending().await;
        }
        Ok(())
    }
}

/// Puts recorded values into a context. A field that this build no longer has is left alone.
fn load_fields<C: StepContext>(context: &mut C, rows: &[FieldRow]) -> Result<(), ContextError> {
    rows.iter().try_for_each(|row| context.load_field(&row.name, &row.value).map(|_| ()))
}

/// The error that the workflow met when this change was first refused.
pub(super) async fn refused_before<T>(journal: &dyn Journal, position: u64, error: &Value) -> Result<T, ContextError> {
    match serde_json::from_slice(&error.bytes) {
        Ok(error) => Err(error),
        Err(why) => {
            journal.unreadable(position, why.to_string());
            std::future::pending().await
        }
    }
}

/// Appends the outcome of a change, and gives it back to the workflow.
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
