//! Writes the index of fields for runs that are there already.

use super::Engine;
use super::core::Core;
use super::error::EngineError;
use super::time_travel;
use crate::context::{ContextType, IndexedContext, Loading};
use crate::store::{Rejected, RunQuery, RunRow, Status, Write};
use crate::workflow::{Startable, WorkflowDef};
use std::sync::Arc;

/// The runs that are looked at together.
const SLICE: usize = 100;

/// The tries for a run that is changed meanwhile.
const TRIES: usize = 5;

impl Engine {
    /// Writes the index of fields anew for all runs of a workflow, finished ones too, from their contexts as they are
    /// recorded. For runs that were written before a field had `#[context(index)]`, had its present name, or was migrated;
    /// others are left as they are. Runs go on meanwhile, and a call that was interrupted may be repeated. Returns how many
    /// runs were written.
    ///
    /// Fields of shared state are written with their next change.
    ///
    /// # Errors
    /// The database or a field store cannot be read or written, or the engine shuts down. A run whose context this build
    /// cannot read is left as it is, and named in the log.
    pub async fn reindex<S, F: Startable<S>>(&self, _workflow: F) -> Result<u64, EngineError>
    where
        <F::Workflow as WorkflowDef>::Context: IndexedContext,
    {
        let context = crate::context::context_type::<<F::Workflow as WorkflowDef>::Context>();
        let (mut after, mut written) = (None, 0);
        loop {
            let workflow = Some(<F::Workflow as WorkflowDef>::NAME.to_owned());
            let query = RunQuery { workflow, after, limit: SLICE, ..RunQuery::default() };
            let page = self.core.ask(move |store| store.runs(&query)).await?;
            super::recovery::report(&page);
            for row in page.runs {
                if self.core.is_draining() {
                    return Err(EngineError::ShuttingDown);
                }
                written += u64::from(one(&self.core, row, context).await?);
            }
            let Some(next) = page.next else { return Ok(written) };
            after = Some(next);
        }
    }
}

/// Writes the index of one run; returns whether it was not as it should be.
async fn one(core: &Arc<Core>, row: RunRow, context: ContextType) -> Result<bool, EngineError> {
    let mut row = row;
    for _ in 0..TRIES {
        let number = row.number;
        if row.status == Status::Deleting {
            return Ok(false);
        }
        let known = core.ask(move |store| store.indexed(number)).await?;
        let Some(mut fields) = keys(core, &row, context).await? else { return Ok(false) };
        fields.extend(known.iter().filter(|(name, _)| name.contains('.')).cloned());
        fields.sort_unstable();
        if fields == known {
            return Ok(false);
        }
        match core.committer.write(Write::Index { run: number, seq: row.seq, fields }).await? {
            Ok(_) => return Ok(true),
            Err(Rejected::NoSuchRun) => return Ok(false),
            Err(Rejected::Refused(why)) => return Err(EngineError::value(why)),
            // It has gone on meanwhile.
            Err(_) => {}
        }
        let again = core.ask(move |store| store.run(crate::store::RunKey::Number(number))).await?;
        let Some(again) = again else { return Ok(false) };
        row = again;
    }
    // What it has written meanwhile is in the index, by its own commits.
    Ok(false)
}

/// Returns the keys of a run's context; `None` if it has none, or this build cannot read it.
async fn keys(
    core: &Arc<Core>,
    row: &RunRow,
    context: ContextType,
) -> Result<Option<Vec<(String, String)>>, EngineError> {
    let Some(snapshot) = time_travel::snapshot(core, row.number, row.seq).await? else { return Ok(None) };
    let (fields, schema) = (core.fields(row), context.schema());
    let unreadable = |why: &dyn std::fmt::Display| {
        tracing::warn!(run = row.id, "the fields of the run were not indexed: {why}");
        Ok(None)
    };
    if snapshot.context != context.name() {
        return unreadable(&format!(
            "its context is `{}`, and that of the workflow `{}`",
            snapshot.context,
            context.name()
        ));
    }
    let (version, rows) = match time_travel::rows(core, &fields, schema, snapshot).await {
        Ok(loaded) => loaded,
        Err(error) => return unreadable(&error),
    };
    let values = Loading::set(fields.coder(), context, version, rows)
        .and_then(|(context, _)| context.store_all(fields.coder()).map(|(_, values)| values));
    match values {
        Ok(values) => {
            let keys = schema.keys(values.iter().map(|(name, value)| (*name, value)));
            Ok(Some(keys.filter_map(|(name, key)| Some((name.to_owned(), key?))).collect()))
        }
        Err(error) => unreadable(&error),
    }
}
