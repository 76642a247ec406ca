//! Replacements of steps, in tests.

use super::StepBody;
use crate::resources::Anything;
use std::collections::HashMap;
use std::sync::Arc;

/// The stubs of an engine or a test.
#[derive(Clone, Default)]
pub(crate) struct Stubs {
    /// Stubs of steps, by recorded name.
    pub(crate) steps: HashMap<&'static str, Arc<dyn StepBody>>,
    /// Stubs of event-driven steps, by the recorded names of workflow and step.
    pub(crate) of_graphs: HashMap<(&'static str, &'static str), Anything>,
}

impl Stubs {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.of_graphs.is_empty()
    }

    pub(crate) fn get(&self, step: &str) -> Option<Arc<dyn StepBody>> {
        self.steps.get(step).cloned()
    }

    pub(crate) fn get_in_graph(&self, workflow: &str, step: &str) -> Option<Anything> {
        self.of_graphs.iter().find(|((of, name), _)| *of == workflow && *name == step).map(|(_, stub)| stub.clone())
    }
}
