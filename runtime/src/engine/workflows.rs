//! The registered workflows, by name and version.

use crate::journal::AnyWorkflow;
use crate::record::{ParkCause, ParkReason};
use crate::store::RunRow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The registered workflows, by name and version.
#[derive(Clone, Default)]
pub(crate) struct Workflows(BTreeMap<&'static str, BTreeMap<u32, Arc<dyn AnyWorkflow>>>);

impl Workflows {
    /// Adds a workflow; `false` if one of this name and version exists already.
    pub(crate) fn insert(&mut self, name: &'static str, version: u32, workflow: Arc<dyn AnyWorkflow>) -> bool {
        self.0.entry(name).or_default().insert(version, workflow).is_none()
    }

    pub(crate) fn get(&self, name: &str, version: u32) -> Option<&Arc<dyn AnyWorkflow>> {
        self.0.get(name)?.get(&version)
    }

    /// Returns the workflow of this name with the greatest version, and that version.
    pub(crate) fn newest(&self, name: &str) -> Option<(u32, &Arc<dyn AnyWorkflow>)> {
        self.0.get(name)?.last_key_value().map(|(version, workflow)| (*version, workflow))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Returns every name with each of its versions.
    pub(crate) fn served(&self) -> Vec<(String, u32)> {
        let names = self.0.iter();
        names.flat_map(|(name, versions)| versions.keys().map(|version| ((*name).to_owned(), *version))).collect()
    }

    /// Returns the versions of this name, the oldest first.
    pub(crate) fn versions(&self, name: &str) -> Vec<u32> {
        self.0.get(name).map_or_else(Vec::new, |versions| versions.keys().copied().collect())
    }

    /// Returns all workflows with their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Arc<dyn AnyWorkflow>)> {
        self.0.iter().flat_map(|(name, versions)| versions.values().map(|workflow| (*name, workflow)))
    }
}

/// Returns the reason for parking a run whose workflow is not registered in its version.
pub(super) fn unknown_workflow(row: &RunRow, workflows: &Workflows) -> ParkReason {
    let versions: Vec<String> = workflows.versions(&row.workflow).iter().map(u32::to_string).collect();
    if !versions.is_empty() {
        let message = format!(
            "run `{}` was started with version {version} of workflow `{workflow}`, which this engine does not have (it has: \
             {}). Register the function that has `#[workflow(name = \"{workflow}\", version = {version})]` too; the run then resumes \
             automatically",
            row.id,
            versions.join(", "),
            version = row.version,
            workflow = row.workflow,
        );
        return ParkReason::new(ParkCause::UnknownWorkflow, message);
    }
    let known: Vec<&str> = workflows.names().collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let message = format!(
        "run `{}` is of workflow `{}`, which this engine does not have (it has: {}). \
         Register it with `.workflow(..)`; the run then resumes automatically",
        row.id, row.workflow, known
    );
    ParkReason::new(ParkCause::UnknownWorkflow, message)
}
