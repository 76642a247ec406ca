//! Changing the context: only here, only by the workflow.

use super::Flow;
use super::saving::save_routed;
use crate::context::{ContextError, ContextUpdate, FieldValues, Loading, SharedContext, StepContext, StoredContext};
use crate::journal::{ContextChange, Journal, Recorded};
use crate::store::FieldRow;
use crate::value::Value;
use std::sync::Arc;

type Update<C> = <<C as StepContext>::Stored as StoredContext>::Update;

impl<C: StepContext> Flow<C> {
    /// Changes fields of the context: `flow.update(|c| c.status(Status::Done).total(c.total + 1)).await?`.
    ///
    /// The closure sees the old values. Only fields that get another value are encoded and written, each as a row of its
    /// own; setting equal values writes nothing. The change is durable with the next thing that leaves the run; several
    /// updates and the next step share one commit. A field that is routed to a store is saved before. An old value that
    /// was kept with `clone` stays as it was.
    ///
    /// # Errors
    /// A value cannot be stored, or its store has given up: the error names the field, the context is unchanged, and a
    /// replay meets the same error.
    ///
    /// # Panics
    /// The closure panics, or an earlier one did and the panic was caught.
    pub async fn update<F>(&mut self, change: F) -> Result<(), ContextError>
    where
        F: FnOnce(&Update<C>) -> &Update<C>,
    {
        let position = self.journal.draw();
        let old = if self.older.is_some() { self.context.clone() } else { None };
        // Only the flow shall hold the context now, so that it can be changed in place.
        self.journal.share_context(None);
        let context = self.context.take().and_then(SharedContext::into_stored);
        let mut update = C::Stored::begin_update(context.expect("the context is back when an update ends"));
        change(&update);
        let changed = update.changed();
        if changed.is_empty() {
            self.put(update.discard());
            return Ok(());
        }
        let schema = C::Stored::schema();
        let change = ContextChange::Update { context: C::Stored::NAME, schema, fields: &changed };
        match self.journal.recorded_change(position, &change) {
            Recorded::New => {
                if old.is_some() {
                    self.journal.share_context(old.clone());
                    self.context = old;
                    let new = Arc::unwrap_or_clone(update.apply());
                    return self.rewrite(position, &change, new).await;
                }
                let encoded = update.encode();
                let update = Unfinished { flow: self, update: Some(update) };
                let encoded = match encoded {
                    Ok(mut values) => {
                        let saved = save_routed(&*update.flow.journal, position, &change, &mut values).await;
                        saved.map(|()| values)
                    }
                    Err(error) => Err(error),
                };
                match &encoded {
                    Ok(values) => update.apply(values),
                    Err(_) => drop(update),
                }
                append(&*self.journal, position, &change, encoded.map(|values| ((), values)))
            }
            Recorded::Made { version, rows } => {
                let mut context = update.discard();
                let mut loading = Loading { context: Arc::make_mut(&mut context), older: &mut self.older };
                let outcome = loading.change(version, rows);
                self.put(context);
                self.reloaded(position, outcome).await
            }
            Recorded::Refused(error) => {
                self.put(update.discard());
                refused_before(&*self.journal, position, &error).await
            }
            Recorded::Abandoned | Recorded::Diverged => {
                self.put(update.discard());
                std::future::pending().await
            }
        }
    }

    /// Replaces the whole stored part of the context; only the fields that differ are written.
    ///
    /// # Errors
    /// A value cannot be stored, or its store has given up: the error names the field, the context is unchanged, and a
    /// replay meets the same error.
    pub async fn set(&mut self, new: C::Stored) -> Result<(), ContextError> {
        let position = self.journal.draw();
        let changed = self.difference(&new);
        if changed.is_empty() {
            return Ok(());
        }
        let schema = C::Stored::schema();
        let change = ContextChange::Update { context: C::Stored::NAME, schema, fields: &changed };
        match self.journal.recorded_change(position, &change) {
            Recorded::New if self.older.is_some() => self.rewrite(position, &change, new).await,
            Recorded::New => {
                let stored = self.store_difference(new);
                self.write(position, &change, stored).await
            }
            Recorded::Made { version, rows } => {
                let mut context = C::Stored::clone(self);
                let outcome = Loading { context: &mut context, older: &mut self.older }.change(version, rows);
                self.put(Arc::new(context));
                self.reloaded(position, outcome).await
            }
            Recorded::Refused(error) => refused_before(&*self.journal, position, &error).await,
            Recorded::Abandoned | Recorded::Diverged => std::future::pending().await,
        }
    }

    /// The stored part with fields that are recorded elsewhere.
    ///
    /// # Errors
    /// A value does not decode.
    pub(crate) fn with_recorded(&self, version: u32, rows: Vec<FieldRow>) -> Result<C::Stored, ContextError> {
        let mut context = C::Stored::clone(self);
        Loading { context: &mut context, older: &mut self.older.clone() }.change(version, rows)?;
        Ok(context)
    }

    /// The first change of a context that is recorded in an older version writes every field, so that what is recorded
    /// in one version never mixes with another.
    async fn rewrite(&mut self, position: u64, change: &ContextChange<'_>, new: C::Stored) -> Result<(), ContextError> {
        self.write(position, change, new.store_all()).await?;
        self.older = None;
        Ok(())
    }

    async fn write(
        &mut self,
        position: u64,
        change: &ContextChange<'_>,
        mut stored: Result<(C::Stored, FieldValues), ContextError>,
    ) -> Result<(), ContextError> {
        if let Ok((context, values)) = &mut stored {
            match save_routed(&*self.journal, position, change, values).await {
                Ok(()) => context.point_to_stored(values)?,
                Err(error) => stored = Err(error),
            }
        }
        let context = append(&*self.journal, position, change, stored)?;
        self.put(Arc::new(context));
        Ok(())
    }

    fn put(&mut self, context: Arc<C::Stored>) {
        let context = SharedContext::new::<C>(context);
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

/// An update whose fields are being saved: gives the old context back if it is dropped.
struct Unfinished<'a, C: StepContext> {
    flow: &'a mut Flow<C>,
    update: Option<Update<C>>,
}

impl<C: StepContext> Unfinished<'_, C> {
    /// Gives the new context.
    fn apply(mut self, values: &FieldValues) {
        let Some(update) = self.update.take() else { return };
        let mut context = update.apply();
        if values.iter().any(|(_, value)| value.form == crate::value::Form::Stored) {
            // What was just saved is found again; a value that is not there for a handle is a value still.
            let _ = Arc::make_mut(&mut context).point_to_stored(values);
        }
        self.flow.put(context);
    }
}

impl<C: StepContext> Drop for Unfinished<'_, C> {
    fn drop(&mut self) {
        if let Some(update) = self.update.take() {
            self.flow.put(update.discard());
        }
    }
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
