//! Where a command stands in its run, and the ids that come from there.

use crate::record::RunIdentity;
use data_encoding::HEXLOWER;

/// Where a command stands in its run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    /// The run whose body asks.
    pub(crate) run: &'a RunIdentity,
    /// The position of the call.
    pub(crate) position: u64,
    /// The number of its entry.
    pub(crate) seq: u64,
    /// The time of the entry that is being delivered.
    pub(crate) now: i64,
    /// When it is due, as it is recorded.
    pub(crate) due: Option<i64>,
    /// The entry whose context a step sees.
    pub(crate) context: Option<u64>,
    /// It is not done: what it gives away cannot be stored, or the run lacks a role.
    pub(crate) refused: bool,
}

impl At<'_> {
    /// 32 hexadecimal digits that belong to the position of this execution.
    pub(crate) fn id(&self) -> String {
        derived_id(self.run.execution, self.position)
    }
}

/// 32 hexadecimal digits that belong to a position of an execution.
pub(crate) fn derived_id(execution: [u8; 16], position: u64) -> String {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"derived");
    hash.update(execution);
    hash.update(position.to_le_bytes());
    HEXLOWER.encode(&hash.finalize()[..16])
}

/// The id of a request in a copy of the run that has kept it under another id; 32 hexadecimal digits.
pub(crate) fn asked_again(execution: [u8; 16], known: &str) -> String {
    let mut hash = hmac_sha256::Hash::new();
    hash.update(b"asked again");
    hash.update(execution);
    hash.update(known.as_bytes());
    HEXLOWER.encode(&hash.finalize()[..16])
}
