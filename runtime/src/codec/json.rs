//! JSON without loss: writes the same bytes as `serde_json`, but refuses values that JSON would lose, and names their
//! place.

mod compound;
mod key;
mod object;
mod plain;
mod raw;
mod refusal;
mod writer;

use super::CodecError;
use crate::vault;
use bytes::Bytes;
use serde::Serialize;
use std::cell::Cell;
use writer::Writer;

/// The order of the keys of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The order of the value.
    AsGiven,
    /// Sorted by bytes, so that equal values have equal bytes.
    Sorted,
}

/// Appends a value as JSON. Leaves `out` unchanged on an error.
pub(super) fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T, order: Order) -> Result<(), CodecError> {
    let start = out.len();
    match value.serialize(&mut Writer::new(out, order)) {
        Ok(()) => Ok(()),
        Err(refusal) => {
            out.truncate(start);
            Err(refusal.into_error())
        }
    }
}

thread_local! {
    static SPACE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The length, in bytes, above which a text keeps its buffer instead of being copied.
const COPIED: usize = 4 << 10;

/// Returns a buffer for a text. Reuses the last one that [`finished`] returned.
pub(super) fn space() -> Vec<u8> {
    let mut space = SPACE.take();
    space.clear();
    space.reserve(128);
    space
}

/// Converts a text written into [`space`] to bytes of its own length, and returns the buffer for reuse. A text that may
/// hold a plain secret keeps its buffer, so that no copy of it remains there.
pub(super) fn finished(text: Vec<u8>) -> Bytes {
    if text.len() > COPIED || vault::is_exposing() {
        return text.into();
    }
    let bytes = Bytes::copy_from_slice(&text);
    SPACE.set(text);
    bytes
}

#[cfg(test)]
mod tests;
