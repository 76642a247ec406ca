//! JSON that comes back as it was: the bytes that `serde_json` writes, but what JSON would lose is refused, with its place.

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
    /// As the value gives them.
    AsGiven,
    /// Sorted by their bytes, so that equal values have equal bytes.
    Sorted,
}

/// Appends a value as JSON. On an error `out` is as it was.
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

/// Longer texts are kept in the space in which they were written.
const COPIED: usize = 4 << 10;

/// Space for a text that is about to be written: what it was before is used again if [`finished`] gives it back.
pub(super) fn space() -> Vec<u8> {
    let mut space = SPACE.take();
    space.clear();
    space.reserve(128);
    space
}

/// A text that was written into [`space`], with no more memory than it needs. One that may hold a secret as it is leaves
/// nothing behind in the space.
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
