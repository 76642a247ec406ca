//! One function for each rule.

use super::input::Step;
use crate::faults::Faults;

pub(super) fn all(step: &Step, faults: &Faults) {
    step.function.check("step", faults);
}
