//! Fields in stores: saved before the change that points to them is recorded, loaded while a run is replayed.

use super::core::{Core, Letter, Message};
use crate::context::ContextError;
use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use crate::journal::RoutedValue;
use crate::machine::{ParkCause, ParkReason, Rebuild, panic_text};
use crate::run_env::{Pointer, RunEnv};
use crate::store::{FieldRow, StoreError, StoreErrorKind};
use crate::value::Value;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A try that takes longer than this has failed: a store that hangs must not hold a run for ever.
const LONGEST_TRY: Duration = Duration::from_mins(5);

/// Saves fields, trying each again with a growing pause; the outcome comes by mail.
pub(super) fn save(
    core: &Arc<Core>,
    run: i64,
    context: &'static str,
    env: &Arc<RunEnv>,
    fields: Vec<RoutedValue>,
    mail: mpsc::UnboundedSender<Letter>,
) {
    let (core, env, busy) = (core.clone(), env.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        let mut saved = Vec::with_capacity(fields.len());
        let mut outcome = Ok(());
        for field in fields {
            match save_one(&core, run, &env, &field).await {
                Ok(value) => saved.push(value),
                Err(why) => {
                    let message = format!("store `{}` did not take the value: {why}", field.store);
                    outcome = Err(ContextError { context: context.into(), field: Some(field.field.into()), message });
                    break;
                }
            }
        }
        core.set_trouble(run, None);
        // The run may have left.
        let _ = mail.send(core.letter(Message::Saved(outcome.map(|()| saved))));
        drop(busy);
    });
}

async fn save_one(core: &Core, run: i64, env: &RunEnv, field: &RoutedValue) -> Result<Value, String> {
    let policy = core.options.field_stores;
    let mut failed = 0;
    loop {
        let why = match attempt(env.fields.save(field)).await {
            Ok(value) => return Ok(value),
            Err(why) => why,
        };
        failed += 1;
        if failed >= policy.attempts {
            return Err(format!("{why} ({failed} tries)"));
        }
        let trouble = format!(
            "field `{}` is not saved yet: store `{}` failed {failed} of {} times: {why}",
            field.field, field.store, policy.attempts
        );
        tracing::warn!(run, trouble, "a field store failed; it is tried again");
        core.set_trouble(run, Some(trouble));
        tokio::time::sleep(policy.wait(failed, 0.5)).await;
    }
}

/// One try, within its time, whatever the store does.
pub(super) async fn attempt<T>(work: impl Future<Output = Result<T, FieldStoreError>>) -> Result<T, FieldStoreError> {
    let failed = |message| Err(FieldStoreError::new(FieldStoreErrorKind::Io, message));
    match timeout(LONGEST_TRY, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => failed(format!("the field store panicked: {}", panic_text(&*panic))),
        Err(_) => failed(format!("the field store did not answer within {} s", LONGEST_TRY.as_secs())),
    }
}

/// The value of a field that is in a store. Called on a thread that may block.
///
/// # Errors
/// The store cannot give it after several tries: the run is to be parked.
pub(super) fn load(core: &Core, number: i64, env: &RunEnv, row: &FieldRow) -> Result<Value, Rebuild> {
    let give_up = |store: &str, why: &FieldStoreError| {
        let message = format!(
            "field `{}` (written by entry {}) cannot be loaded from store `{store}`: {why}. Mend the store and retry the \
             run; nothing is lost",
            row.name, row.seq
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
        let why = match core.runtime.block_on(attempt(env.fields.load(&pointer))) {
            Ok(value) => return Ok(value),
            Err(why) => why,
        };
        failed += 1;
        let hopeless = matches!(why.kind, FieldStoreErrorKind::Missing | FieldStoreErrorKind::Damaged);
        if failed >= policy.attempts || hopeless {
            core.set_trouble(number, None);
            return give_up(&pointer.store, &why);
        }
        let trouble = format!("field `{}` is not loaded yet: store `{}` failed: {why}", row.name, pointer.store);
        tracing::warn!(run = number, trouble, "a field store failed; it is tried again");
        core.set_trouble(number, Some(trouble));
        if !core.runtime.block_on(core.pause(policy.wait(failed, 0.5))) {
            return Err(Rebuild::Store(StoreError::new(StoreErrorKind::Closed, "the engine is stopping")));
        }
    }
}
