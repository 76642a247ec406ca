//! Copies of field contents: from a store into a file, and from a file or another run into a store.

use super::core::Core;
use super::error::EngineError;
use super::fields::{attempt, said};
use crate::field_store::{FieldStoreError, FieldStoreErrorKind};
use crate::fields::Fields;
use crate::value::Pointer;
use bytes::Bytes;

/// Loads the content that a pointer names, and compares it with its hash.
///
/// # Errors
/// The store cannot load it after several tries.
pub(super) async fn load(core: &Core, fields: &Fields, pointer: &Pointer) -> Result<Bytes, EngineError> {
    let loaded = again(core, pointer, "load", || async { fields.load(pointer).await.map(|value| value.bytes) }).await?;
    if loaded.len() == pointer.bytes {
        return Ok(loaded);
    }
    let (found, expected) = (loaded.len(), pointer.bytes);
    Err(EngineError::value(format!("field `{}` should have {expected} bytes, and has {found}", pointer.field)))
}

/// Saves a content under the key of a run.
///
/// # Errors
/// The store cannot save it after several tries.
pub(super) async fn save(core: &Core, fields: &Fields, pointer: &Pointer, bytes: Bytes) -> Result<(), EngineError> {
    let key = fields.key(pointer);
    again(core, pointer, "save", || async { fields.store(&pointer.store)?.save(&key, bytes.clone()).await }).await
}

async fn again<T, W: Future<Output = Result<T, FieldStoreError>> + Send>(
    core: &Core,
    pointer: &Pointer,
    what: &str,
    mut work: impl FnMut() -> W,
) -> Result<T, EngineError> {
    let policy = core.options.field_stores;
    let mut failed = 0;
    loop {
        let why = match attempt(core, work()).await {
            Ok(done) => return Ok(done),
            Err(why) => why,
        };
        failed += 1;
        let hopeless = matches!(why.kind, FieldStoreErrorKind::Missing | FieldStoreErrorKind::Damaged);
        if failed >= policy.attempts || hopeless || !core.pause(policy.wait(failed, 0.5)).await {
            let message = format!("store `{}` did not {what} {}: {why}", pointer.store, said(&pointer.field));
            return Err(EngineError::value_of(message, why));
        }
    }
}
