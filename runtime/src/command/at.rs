//! The place of a command in its run, and the ids derived from it.

use crate::record::RunIdentity;
use data_encoding::HEXLOWER;

/// The place of a command in its run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    /// The run whose body issues it.
    pub(crate) run: &'a RunIdentity,
    /// The command index of the call.
    pub(crate) position: u64,
    /// The number of its entry.
    pub(crate) seq: u64,
    /// The time of the entry that is being delivered.
    pub(crate) now: i64,
    /// The recorded due time.
    pub(crate) due: Option<i64>,
    /// The entry whose context a step sees.
    pub(crate) context: Option<u64>,
    /// Whether it is refused: its value cannot be stored, or the run lacks a role.
    pub(crate) refused: bool,
}

impl At<'_> {
    /// Returns 32 hexadecimal digits derived from the execution and the command index.
    pub(crate) fn id(&self) -> String {
        derived_id(self.run.execution, self.position)
    }
}

/// Derives 32 hexadecimal digits from an execution and a command index.
pub(crate) fn derived_id(execution: [u8; 16], position: u64) -> String {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"derived");
    hash.update(execution);
    hash.update(position.to_le_bytes());
    HEXLOWER.encode(&hash.finalize()[..16])
}

/// Derives the id of a kept request in a copy of the run; 32 hexadecimal digits.
pub(crate) fn asked_again(execution: [u8; 16], known: &str) -> String {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"asked again");
    hash.update(execution);
    hash.update(known.as_bytes());
    HEXLOWER.encode(&hash.finalize()[..16])
}
