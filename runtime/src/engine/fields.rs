//! Saves fields in stores before the change that points to them is recorded, and loads them during a replay.

use super::core::{Core, DriverEvent, Envelope};
use crate::context::ContextError;
use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use crate::lengths;
use crate::machine::Rebuild;
use crate::panics::caught_future;
use crate::record::{ParkCause, ParkReason, RoutedValue, result_of};
use crate::run_env::RunEnv;
use crate::store::{FieldRow, StoreError, StoreErrorKind};
use crate::value::{Pointer, Value};
use futures_util::FutureExt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A save or load that takes longer than this is reported in the run's status.
const NOTICE: Duration = Duration::from_secs(1);

/// Saves fields, retrying each with a growing backoff; the outcome is sent to the driver.
pub(super) fn save(
    core: &Arc<Core>,
    run: i64,
    context: &'static str,
    env: &Arc<RunEnv>,
    fields: Vec<RoutedValue>,
    mail: mpsc::UnboundedSender<Envelope>,
) {
    let (core, env, busy) = (core.clone(), env.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let mut saved = Vec::with_capacity(fields.len());
        let mut outcome = Ok(());
        for field in fields {
            match save_one(&core, run, &env, &field).await {
                Some(Ok(value)) => saved.push(value),
                Some(Err(why)) => {
                    let message = lengths::cut(format!("store `{}` did not take the value: {why}", field.store));
                    outcome = Err(ContextError { context: context.into(), field: Some(field.field.into()), message });
                    break;
                }
                // The engine is stopping: the next load of the run saves them.
                None => return,
            }
        }
        core.set_blocked(run, None);
        // The driver may have exited.
        let _ = mail.send(core.envelope(DriverEvent::Saved(outcome.map(|()| saved))));
        drop(busy);
    });
}

/// Saves one field with retries; `None` if the engine stops meanwhile.
pub(super) async fn save_one(
    core: &Core,
    run: i64,
    env: &RunEnv,
    field: &RoutedValue,
) -> Option<Result<Value, String>> {
    let policy = core.options.field_stores;
    let mut failed = 0;
    loop {
        let what = format!("{} is not saved yet: store `{}`", said(&field.field), field.store);
        let why = match noticed(core, run, &what, env.fields.save(field)).await {
            Ok(value) => return Some(Ok(value)),
            Err(why) => why,
        };
        failed += 1;
        if failed >= policy.attempts {
            return Some(Err(format!("{why} ({failed} tries)")));
        }
        let blocked = format!("{what} failed {failed} of {} times: {why}", policy.attempts);
        tracing::warn!(run, blocked, "a field store failed; it is tried again");
        core.set_blocked(run, Some(blocked));
        if !core.pause(policy.wait(failed, 0.5)).await {
            return None;
        }
    }
}

/// Runs one try; if it takes long, the run's status reports it.
pub(super) async fn noticed<T>(
    core: &Core,
    run: i64,
    what: &str,
    work: impl Future<Output = Result<T, FieldStoreError>> + Send,
) -> Result<T, FieldStoreError> {
    let mut work = pin!(attempt(core, work));
    if let Ok(done) = timeout(NOTICE, work.as_mut()).await {
        return done;
    }
    core.set_blocked(run, Some(format!("{what} has not answered for {} s", NOTICE.as_secs())));
    work.await
}

/// Runs one try within its time limit; a panic of the store is an error.
pub(super) async fn attempt<T>(
    core: &Core,
    work: impl Future<Output = Result<T, FieldStoreError>> + Send,
) -> Result<T, FieldStoreError> {
    within(core.options.field_store_timeout, work).await
}

/// Runs one try within a time limit; a panic of the store is an error.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, FieldStoreError>> + Send,
) -> Result<T, FieldStoreError> {
    let failed = |message| Err(FieldStoreError::new(FieldStoreErrorKind::Io, message));
    match timeout(limit, caught_future(work.boxed())).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => failed(format!("the field store panicked: {panic}")),
        Err(_) => failed(format!("the field store did not answer within {limit:?}")),
    }
}

/// Names what a row points to.
pub(super) fn said(row: &str) -> String {
    result_of(row).map_or_else(|| format!("field `{row}`"), |step| format!("the result of step `{step}`"))
}

/// Loads the value of a field from its store. Called on a thread that may block.
///
/// # Errors
/// The store cannot load it after several tries: the run is to be parked.
pub(super) fn load(core: &Core, number: i64, env: &RunEnv, row: &FieldRow) -> Result<Value, Rebuild> {
    let give_up = |store: &str, why: &FieldStoreError| {
        let message = format!(
            "{} (written by entry {}) cannot be loaded from store `{store}`: {why}. Fix the store and retry the run; nothing \
             is lost",
            said(&row.name),
            row.seq
        );
        Err(ParkReason::new(ParkCause::FieldStore, message).into())
    };
    let pointer = match Pointer::read(&row.value) {
        Ok(pointer) => pointer,
        Err(error) => return give_up("?", &error),
    };
    let policy = core.options.field_stores;
    let mut failed = 0;
    loop {
        let what = format!("{} is not loaded yet: store `{}`", said(&row.name), pointer.store);
        let why = match core.runtime.block_on(noticed(core, number, &what, env.fields.load(&pointer))) {
            Ok(value) => return Ok(value),
            Err(why) => why,
        };
        failed += 1;
        if failed >= policy.attempts || why.is_for_good() {
            core.set_blocked(number, None);
            return give_up(&pointer.store, &why);
        }
        let blocked = format!("field `{}` is not loaded yet: store `{}` failed: {why}", row.name, pointer.store);
        tracing::warn!(run = number, blocked, "a field store failed; it is tried again");
        core.set_blocked(number, Some(blocked));
        if !core.runtime.block_on(core.pause(policy.wait(failed, 0.5))) {
            return Err(Rebuild::Store(StoreError::new(StoreErrorKind::Closed, "the engine is stopping")));
        }
    }
}
