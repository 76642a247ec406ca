//! Results of steps in a field store: saved before the attempt ends, so that the recorded entry points to a content that
//! exists.

use super::body::{refused, unstorable};
use crate::record::{AttemptOutcome, RoutedValue, of_result};
use crate::run_env::RunEnv;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Returns a body whose result is saved in a store when it has one. Without that store the body does not run.
pub(super) fn saving(
    body: BoxFuture<'static, AttemptOutcome>,
    step: &'static str,
    store: &'static str,
    env: Arc<RunEnv>,
) -> BoxFuture<'static, AttemptOutcome> {
    Box::pin(async move {
        if let Err(missing) = env.fields.store(store) {
            return refused(&format!("its result: {missing}"));
        }
        match body.await {
            AttemptOutcome::Completed(value) => {
                let routed = RoutedValue { field: of_result(step).into(), store, value, is_default: false };
                match env.fields.save_patiently(&routed).await {
                    Ok(pointer) => AttemptOutcome::Stored { value: routed.value, pointer },
                    Err(why) => unstorable(&format!("store `{store}` did not take the result: {why}")),
                }
            }
            outcome => outcome,
        }
    })
}
