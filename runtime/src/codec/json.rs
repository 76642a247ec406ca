//! JSON that comes back as it was: the bytes that `serde_json` writes, but what JSON would lose is refused, with its place.

mod compound;
mod key;
mod object;
mod raw;
mod refusal;
mod writer;

use super::CodecError;
use serde::Serialize;
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
    value.serialize(&mut Writer::new(out, order)).map_err(|refusal| {
        out.truncate(start);
        refusal.into_error()
    })
}

#[cfg(test)]
mod tests;
