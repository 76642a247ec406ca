//! The first entries of a child run.

use super::calls::RunJournal;
use super::run_scope::scope_entry;
use super::turn::first_entry;
use crate::command::StartChild;
use crate::fields::Fields;
use crate::journal::{ChildRun, Journal};
use crate::lengths;
use crate::record::RunIdentity;
use crate::store::NewRun;
use std::sync::Arc;

impl RunJournal {
    /// Derives a child's execution: as random as this run's own, and different for each call.
    fn child_execution(&self, position: u64) -> [u8; 16] {
        let mut hash = hmac_sha256::Hash::new();
        hash.update(b"child");
        hash.update(self.identity().execution);
        hash.update(position.to_le_bytes());
        let mut execution = [0; 16];
        execution.copy_from_slice(&hash.finalize()[..16]);
        execution
    }

    /// Makes the child run with its first entries. The machine sets its lease and its parent.
    pub(super) fn new_run(&self, position: u64, child: &StartChild<'static, ChildRun>) -> Result<NewRun, String> {
        let ChildRun { version, encode, dedup, detached, scope, queued, holder } = &child.run;
        let id = child.id(&self.at(position, 0, None));
        let execution = self.child_execution(position);
        let identity = RunIdentity { id: id.clone(), workflow: child.workflow.to_owned(), execution };
        let fields: Arc<Fields> = self.fields().sibling(identity);
        child.id.iter().try_for_each(|id| lengths::check("a run's id", id, 1))?;
        dedup.iter().try_for_each(|key| lengths::check("a deduplication key", key, 1))?;
        for (name, value) in &scope.labels {
            lengths::check_label(name, value)?;
        }
        scope.check_size()?;
        let input = encode(&fields)?;
        let at = self.state().time.now;
        let mut entries = vec![first_entry(child.workflow, input, at)];
        entries.extend(scope_entry(2, scope, at));
        Ok(NewRun {
            id,
            workflow: child.workflow.to_owned(),
            lease: None,
            execution,
            at,
            entries,
            version: *version,
            parent: (!detached).then_some(0),
            dedup: dedup.clone(),
            labels: scope.labels.clone().into_iter().collect(),
            queued: queued.clone()?,
            holder: *holder,
        })
    }
}
