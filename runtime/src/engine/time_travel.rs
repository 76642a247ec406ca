//! The context of a run in the past: at any entry, and its history.

mod history;

pub(super) use history::Since;
pub use history::{ContextEntry, ContextHistory, FieldChange};

use super::core::Core;
use super::error::EngineError;
use super::fields::attempt;
use super::handle::Run;
use crate::context::{Loading, Schema, StepContext, StoredContext, context_type};
use crate::field_store::FieldStoreError;
use crate::fields::Fields;
use crate::inspect::changes::{Change, Snapshot, changes_in, latest};
use crate::record::Kind;
use crate::store::FieldRow;
use crate::value::{Encoding, Pointer, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Run {
    /// Returns the stored part of the run's context as it was after an entry; `None` if it was not set yet. Pass
    /// `u64::MAX` for the latest.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[derive(StepContext, Clone)]
    /// # struct Counter { #[context(default)] n: u64 }
    /// # #[workflow(context = Counter)]
    /// # async fn count(flow: &mut Flow<Counter>) -> Result<u64> {
    /// #     flow.update(|c| c.n(1)).await?;
    /// #     flow.update(|c| c.n(2)).await?;
    /// #     Ok(flow.n)
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let engine = Engine::builder().in_memory().workflow(count).start().await?;
    /// # let run = engine.start(count, ()).await?;
    /// # run.result().await?;
    /// let history = run.context_history().await?;
    /// let before = run.context_at::<Counter>(history.entries()[1].seq).await?;
    /// assert_eq!(before.unwrap().n, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database or a field store cannot be read, or the recorded context does not decode to this type.
    pub async fn context_at<C: StepContext>(&self, seq: u64) -> Result<Option<C::Stored>, EngineError> {
        let Some(snapshot) = self.snapshot(seq).await? else { return Ok(None) };
        let loaded = rows(self.core(), self.fields(), C::Stored::schema(), snapshot).await;
        let (version, rows) = loaded.map_err(|error| self.unreadable(&error))?;
        let loaded = Loading::set(self.fields().coder(), context_type::<C>(), version, rows);
        let (context, _) = loaded.map_err(|error| self.unreadable(&error))?;
        Ok(context.into_stored().map(Arc::unwrap_or_clone))
    }

    /// Returns the history of the run's context: which entry changed what, and when. Its `Display` is a text for
    /// people.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn context_history(&self) -> Result<ContextHistory, EngineError> {
        let changes = self.changes(u64::MAX).await?;
        Ok(ContextHistory::new(self.id(), self.started_at().await?, &changes))
    }

    /// Returns the fields in which the context after one entry differs from that after another.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn context_diff(&self, from: u64, to: u64) -> Result<Vec<FieldChange>, EngineError> {
        let old = self.snapshot(from).await?.unwrap_or_default();
        let new = self.snapshot(to).await?.unwrap_or_default();
        let names: BTreeSet<&String> = old.fields.keys().chain(new.fields.keys()).collect();
        let value = |of: &Snapshot, name: &String| of.fields.get(name).map(|row| row.value.clone());
        let changes = names.into_iter().map(|name| FieldChange {
            field: name.clone(),
            old: value(&old, name),
            new: value(&new, name),
        });
        Ok(changes.filter(|change| change.old != change.new).collect())
    }

    /// Returns the schema of the run's context when it was set, as JSON: its name, version, fields, their types and
    /// encodings. `None` if it was not set yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn context_schema(&self) -> Result<Option<String>, EngineError> {
        let changes = self.changes(u64::MAX).await?;
        let set = changes.iter().rev().find(|change| change.entry.kind == Kind::ContextSet);
        let text = set.and_then(|change| change.entry.value.as_ref());
        Ok(text.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()))
    }

    async fn snapshot(&self, seq: u64) -> Result<Option<Snapshot>, EngineError> {
        snapshot(self.core(), self.number(), seq).await
    }

    async fn changes(&self, to: u64) -> Result<Vec<Change>, EngineError> {
        changes(self.core(), self.number(), to).await
    }

    async fn started_at(&self) -> Result<std::time::SystemTime, EngineError> {
        self.status().await.map(|info| info.started_at)
    }

    fn unreadable(&self, why: &dyn std::fmt::Display) -> EngineError {
        EngineError::value(format!("the context of run `{}` cannot be read: {why}", self.id()))
    }
}

/// Returns the version of a context and the rows to load it from. Pointers to field stores are replaced by the
/// contents.
pub(super) async fn rows(
    core: &Core,
    fields: &Fields,
    schema: &Schema,
    snapshot: Snapshot,
) -> Result<(u32, Vec<FieldRow>), FieldStoreError> {
    rows_with(schema, snapshot, |pointer| attempt(core, async move { fields.load(&pointer).await })).await
}

/// Returns the same, with contents that `load` returns.
pub(crate) async fn rows_with<F: Future<Output = Result<Value, FieldStoreError>>>(
    schema: &Schema,
    snapshot: Snapshot,
    load: impl Fn(Pointer) -> F,
) -> Result<(u32, Vec<FieldRow>), FieldStoreError> {
    let Snapshot { version, fields: recorded, .. } = snapshot;
    let mut rows = schema.latest(recorded.into_values());
    for row in &mut rows {
        if row.value.encoding == Encoding::Stored && schema.reads(&row.name, version) {
            row.value = load(Pointer::read(&row.value)?).await?;
        }
    }
    Ok((version, rows))
}

/// Returns the values as recorded after an entry; `None` if the context was not set yet.
pub(super) async fn snapshot(core: &Core, run: i64, seq: u64) -> Result<Option<Snapshot>, EngineError> {
    Ok(latest(changes(core, run, seq).await?))
}

/// Returns the changes of a run's context up to an entry, refused ones too.
async fn changes(core: &Core, run: i64, to: u64) -> Result<Vec<Change>, EngineError> {
    core.ask(move |store| changes_in(store, run, to)).await
}
