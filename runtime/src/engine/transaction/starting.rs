//! Starts of runs in a transaction.

use super::EngineTx;
use crate::engine::error::EngineError;
use crate::engine::opening::{self, Opening, Wanted};
use crate::engine::start::answer::{Answer, answer};
use crate::machine::{first_entry, scope_entry};
use crate::record::RunIdentity;
use crate::scope::Scope;
use crate::store::{NewRun, Rejected, RunKey, Write};
use crate::workflow::WorkflowDef;
use std::marker::PhantomData;

/// A start to be made in a transaction: choose an id, then [`begin`](Self::begin).
#[must_use = "a run is started by `.begin()?`"]
pub struct TransactionalStart<'t, 'a, W: WorkflowDef> {
    pub(super) tx: &'t mut EngineTx<'a>,
    pub(super) input: W::Input,
    pub(super) given: Scope,
    pub(super) workflow: PhantomData<fn() -> W>,
}

impl<W: WorkflowDef> TransactionalStart<'_, '_, W> {
    /// Sets the run's id, at most 512 bytes; a time-ordered UUID by default.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.given = self.given.id(id);
        self
    }

    /// Applies all options of a scope: labels, a deadline, a principal, a queue and how the run waits there, a
    /// deduplication key. Options that it does not set are unchanged.
    pub fn with(mut self, scope: Scope) -> Self {
        self.given = scope.or(self.given);
        self
    }

    /// Writes the start of the run, and returns its id. The run begins once the transaction is committed. An id that
    /// exists already with the same workflow and input is the same run.
    ///
    /// # Errors
    /// See [`EngineError`]: among others an id that was used for something else.
    pub fn begin(self) -> Result<String, EngineError> {
        let begun = self.tx.begin(&Wanted::new::<W>(self.input), self.given);
        self.tx.keep(begun)
    }
}

impl EngineTx<'_> {
    fn begin(&mut self, wanted: &Wanted, given: Scope) -> Result<String, EngineError> {
        let core = self.core;
        let tx = self;
        wanted.check(core)?;
        // Id and key apply to one start only.
        let around = tx.around.scope.clone();
        (tx.around.scope.run_id, tx.around.scope.deduplication_key) = (None, None);
        let opening = Opening::within(given, around, tx.around.caller.as_deref(), core.recorded_now())?;
        let (labels, queued) = (opening.labels(), opening.queued(core, wanted)?);
        let holder = opening.holder();
        let Opening { id, scope, dedup, .. } = opening;
        if let Some(row) = tx.run(&id)? {
            let begun = tx.within.run(RunKey::Number(row.first_run));
            let first = tx.within.first_entries(row.first_run, 3);
            let (begun, first) = (tx.noted(begun)?, tx.noted(first)?);
            opening::is_same_start(core, &row, begun.as_ref().unwrap_or(&row), first, wanted, None)?;
            return Ok(id);
        }
        let (execution, at) = (*uuid::Uuid::new_v4().as_bytes(), core.now());
        let identity = RunIdentity { id: id.clone(), workflow: wanted.workflow.to_owned(), execution };
        let input = wanted.encode(&core.fields_as(identity))?;
        let mut entries = vec![first_entry(wanted.workflow, input, at)];
        entries.extend(scope_entry(2, &scope, at));
        let new = NewRun {
            id: id.clone(),
            workflow: wanted.workflow.to_owned(),
            lease: tx.lease,
            execution,
            at,
            entries: entries.clone(),
            version: wanted.version,
            parent: None,
            dedup: dedup.clone(),
            labels,
            queued,
            holder,
        };
        let answered = tx.write(&Write::Start(new))?;
        let is_fenced = matches!(answered, Err(Rejected::Fenced));
        match answer(answered, &id, dedup.as_deref()) {
            Ok(Answer::New(_, notified)) => tx.done.notified.extend(notified),
            Ok(Answer::Held(holder)) => return Ok(holder.id),
            // It was looked for before.
            Ok(Answer::There(_)) => {}
            Err(fault) => {
                if is_fenced {
                    tx.done.fault = Some(fault.clone());
                }
                return Err(fault);
            }
        }
        if let Some(row) = tx.run(&id)? {
            tx.done.started.push((row, entries));
        }
        Ok(id)
    }
}
