//! One function for each rule.

use super::input::Context;
use crate::faults::Faults;

pub(super) fn all(context: &Context, faults: &Faults) {
    let _ = (context, faults);
}
