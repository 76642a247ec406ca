//! Secrets of a scenario: a key of the test's own, and one location for all scenarios.

use crate::fields::{FieldStores, Fields};
use crate::record::{Limits, ParkCause, ParkReason, RunIdentity};
use crate::vault::Cipher;
use std::sync::Arc;

/// The id of the run, in every scenario.
pub(super) const RUN: &str = "crash-test";
/// The execution of the run.
pub(super) const INCARNATION: [u8; 16] = *b"steadfast-crash!";
/// Not the id of the store, which differs in each scenario: the tokens of secrets are compared between scenarios.
pub(super) const DATABASE: &str = "crash-test";

/// The advice where a key is missing because there is no cipher.
const NO_CIPHER: &str =
    "it has a secret: enable the feature `encryption` of steadfast, and the test has a key of its own for it";

/// Returns a cipher with a key of this test only, the same for the same seed.
#[cfg(feature = "encryption")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature there is none")]
pub(super) fn cipher(seed: u64) -> Option<Arc<dyn Cipher>> {
    use crate::vault::{keys::Key, keys::StaticKeys, keys::cipher};
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"the key of a crash test");
    hash.update(seed.to_le_bytes());
    Some(cipher(Arc::new(StaticKeys::new(Key::new("crash-test", hash.finalize())))))
}

/// Returns none without the feature `encryption`.
#[cfg(not(feature = "encryption"))]
pub(super) fn cipher(_: u64) -> Option<Arc<dyn Cipher>> {
    None
}

/// Returns the means to write and read the fields and secrets of a run.
pub(super) fn fields(run: RunIdentity, stores: Arc<FieldStores>, cipher: Option<Arc<dyn Cipher>>) -> Arc<Fields> {
    Fields::new(DATABASE, Arc::new(run), stores, cipher, Limits::default().value)
}

/// Returns the execution of a successor: the same in every scenario.
pub(super) fn next_incarnation(before: [u8; 16]) -> [u8; 16] {
    let mut execution = [0; 16];
    execution.copy_from_slice(&hmac_sha256::Hash::hash(&before)[..16]);
    execution
}

/// Returns the execution of a run that is started from outside: the same in every scenario.
pub(super) fn started_incarnation(which: usize) -> [u8; 16] {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(INCARNATION);
    hash.update(which.to_le_bytes());
    let mut execution = [0; 16];
    execution.copy_from_slice(&hash.finalize()[..16]);
    execution
}

/// Returns why the run cannot continue, for the reader of the test.
pub(super) fn why(reason: &ParkReason) -> String {
    match reason.cause {
        ParkCause::MissingKey if !cfg!(feature = "encryption") => NO_CIPHER.into(),
        _ => reason.to_string(),
    }
}

/// Returns what the error of an input that cannot be stored does not say, if anything.
pub(super) fn hint(fields: &Fields) -> String {
    fields.vault().take_fault().map_or_else(String::new, |_| format!(" ({NO_CIPHER})"))
}
