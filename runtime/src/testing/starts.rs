//! Starts of runs: that of the scenario itself, and those that come from outside.

use super::scenario::Scenario;
use super::secrets;
use crate::codec::Location;
use crate::fields::Fields;
use crate::machine::{first_entry, scope_entry};
use crate::queue::Declared;
use crate::record::RunIdentity;
use crate::scope::Scope;
use crate::store::{Holder, NewRun, Rejected, Write, Written};
use crate::workflow::{AnyInput, WorkflowDef};
use std::sync::Arc;

/// The start of a run.
pub(super) struct Start {
    workflow: &'static str,
    version: u32,
    input: Box<dyn AnyInput>,
    scope: Scope,
}

impl Start {
    pub(super) fn new<W: WorkflowDef>(input: W::Input, scope: Scope) -> Self {
        Self { workflow: W::NAME, version: W::VERSION, input: W::CODE.input(input), scope }
    }

    /// Returns the id that its scope has, or else this one.
    fn id(&self, default: String) -> String {
        self.scope.run_id.clone().unwrap_or(default)
    }

    /// Makes the run. No lease owns it.
    pub(super) fn new_run(
        &self,
        (id, execution): (String, [u8; 16]),
        declared: &Declared,
        fields: impl FnOnce(RunIdentity) -> Arc<Fields>,
        at: i64,
    ) -> Result<NewRun, String> {
        let Self { workflow, version, input, scope } = self;
        let fields = fields(RunIdentity { id: id.clone(), workflow: (*workflow).to_owned(), execution });
        let input_of = |error| {
            let hint = secrets::hint(&fields);
            format!("the input of `{workflow}` cannot be stored: {error}{hint}")
        };
        let recorded = input.record(fields.coder(), Location::Input).map_err(input_of)?;
        let under = scope.recorded(None, at);
        let queued = scope.queued(&under, at, |queue| input.key(&|input| declared.key(queue, input)))?;
        let first = [first_entry(workflow, recorded, at)];
        Ok(NewRun {
            id,
            workflow: (*workflow).to_owned(),
            lease: None,
            execution,
            at,
            entries: first.into_iter().chain(scope_entry(2, &under, at)).collect(),
            version: *version,
            parent: None,
            dedup: scope.deduplication_key.clone(),
            labels: scope.labels.clone().into_iter().collect(),
            queued,
            holder: scope.queued.holder(),
        })
    }
}

impl Scenario<'_> {
    /// Starts a run from outside, twice: as a client does that has lost the answer.
    pub(super) fn start_outside(&mut self, start: &Start, which: usize) -> Result<(), String> {
        let id = start.id(format!("{}-{which}", secrets::RUN));
        let execution = secrets::started_incarnation(which);
        let fields = |run| secrets::fields(run, self.stores.clone(), self.subject.cipher.clone());
        let new = start.new_run((id, execution), &self.subject.queues, fields, self.now)?;
        self.places.is_used = true;
        let rows = self.rows()?;
        let holder = rows.iter().find(|row| row.dedup.is_some() && row.dedup == new.dedup);
        let replaced = holder.filter(|_| new.holder != Holder::Keeps).map(|row| row.number);
        let write = Write::Start(new.clone());
        match self.answer_to(write.clone())? {
            // Another run answers the start, or holds its key.
            Ok(Written::Held(_)) | Err(Rejected::Held(_)) => return self.look(),
            Ok(written) => {
                let (number, notified) = written.started().ok_or("a start has made no run")?;
                self.started.insert(number);
                if let Some(run) = replaced {
                    self.queued.replace(run);
                }
                for run in notified {
                    self.is_notified(run);
                }
            }
            Err(rejected) => return Err(format!("the start of run `{}` was rejected: {rejected:?}", new.id)),
        }
        self.look()?;
        match self.answer_to(write)? {
            Err(Rejected::Exists(row)) if row.execution == execution => self.look(),
            other => Err(format!("the start of run `{}` was repeated, and answered with {other:?}", new.id)),
        }
    }

    fn answer_to(&self, write: Write) -> Result<Result<Written, Rejected>, String> {
        let answers = self.store.commit(&[write]).map_err(|error| error.to_string())?;
        answers.into_iter().next().ok_or_else(|| "no answer".to_owned())
    }
}
