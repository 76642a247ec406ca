//! One function for each rule.

use super::input::Workflow;
use crate::faults::Faults;

pub(super) fn all(workflow: &Workflow, faults: &Faults) {
    workflow.function.check("workflow", faults);
}
