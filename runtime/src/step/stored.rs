//! Results of steps in a field store.

use crate::record::{AttemptOutcome, RoutedValue, of_result};
use crate::value::Value;

/// Returns the value to save in a store, if the attempt has a result.
pub(crate) fn to_save(outcome: &AttemptOutcome, step: &str, store: &'static str) -> Option<RoutedValue> {
    let AttemptOutcome::Completed(value) = outcome else { return None };
    Some(RoutedValue { field: of_result(step).into(), store, value: value.clone(), is_default: false })
}

/// Returns the outcome of an attempt whose result was saved, or could not be.
pub(crate) fn saved(routed: RoutedValue, saved: Result<Value, String>) -> AttemptOutcome {
    match saved {
        Ok(pointer) => AttemptOutcome::Stored { value: routed.value, pointer },
        Err(why) => super::unstorable(&format!("store `{}` did not take the result: {why}", routed.store)),
    }
}
