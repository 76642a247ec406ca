//! The subject of a test: a workflow with its input, the workflows that it starts, and the script of the outside.

use super::script::Script;
use crate::field_store::MemoryFieldStore;
use crate::fields::FieldStores;
use crate::journal::{AnyWorkflow, Stubs};
use crate::queue::Declared;
use crate::resources::ResourceSet;
use crate::store::{NewRun, RunRow};
use crate::vault::Cipher;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

/// A workflow with its run as it starts, the workflows that it may start, its stubs, its resources and the
/// cipher of its secrets.
pub(super) struct Subject {
    pub(super) name: &'static str,
    /// The workflows by name and version, including that of the subject.
    pub(super) workflows: BTreeMap<(&'static str, u32), Arc<dyn AnyWorkflow>>,
    /// The run, as it is started.
    pub(super) start: NewRun,
    /// The declared queues.
    pub(super) queues: Arc<Declared>,
    pub(super) script: Script,
    pub(super) stubs: Stubs,
    /// The statements that create the user's own tables.
    pub(super) sql: Vec<String>,
    pub(super) resources: ResourceSet,
    pub(super) cipher: Option<Arc<dyn Cipher>>,
    /// Whether effects are released too early: see
    /// [`CrashTest::releasing_effects_early`](super::CrashTest::releasing_effects_early).
    pub(super) releasing_early: bool,
    /// The hashes of the journals that were replayed from the start: identical ones have the same end.
    pub(super) replayed: Mutex<HashSet<u64>>,
}

/// Returns a store in memory for every name: a workflow does not say to which stores its steps' results go.
pub(super) fn stores() -> Arc<FieldStores> {
    let mut stores = FieldStores::default();
    stores.any = Some(Arc::new(MemoryFieldStore::default()));
    Arc::new(stores)
}

impl Subject {
    /// Returns the workflow of a run.
    pub(super) fn workflow(&self, row: &RunRow) -> Result<Arc<dyn AnyWorkflow>, String> {
        let known = self.workflows.get(&(row.workflow.as_str(), row.version));
        known.cloned().ok_or_else(|| {
            let RunRow { id, workflow, version, .. } = row;
            format!(
                "run `{id}` is of workflow `{workflow}` (version {version}), which the test does not have: add `.workflow(..)`"
            )
        })
    }
}
