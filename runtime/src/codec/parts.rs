//! Several values in sequence: for each an encoding tag (one byte), the length (eight bytes, little endian) and the
//! bytes.

use super::CodecError;
use crate::value::{Encoding, Value};
use bytes::{Buf, Bytes};
use std::sync::Arc;

const JSON: u8 = b'J';
const RAW: u8 = b'B';

/// Returns the tag of an encoding that one value can have.
pub(crate) fn tag(encoding: Encoding) -> u8 {
    if encoding == Encoding::Bytes { RAW } else { JSON }
}

/// Returns the encoding with this tag.
pub(crate) fn tagged(tag: u8) -> Option<Encoding> {
    match tag {
        JSON => Some(Encoding::Json),
        RAW => Some(Encoding::Bytes),
        _ => None,
    }
}

/// Appends one part.
pub(super) fn append(out: &mut Vec<u8>, encoding: Encoding, bytes: &[u8]) {
    out.push(tag(encoding));
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Returns the parts of a value that has several.
pub(crate) fn split_parts(value: &Value) -> Result<Vec<Value>, CodecError> {
    split(value.bytes.clone())
}

/// Splits the parts, without copying.
pub(super) fn split(mut bytes: Bytes) -> Result<Vec<Value>, CodecError> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        parts.push(next(&mut bytes).ok_or_else(|| CodecError {
            path: String::new(),
            message: format!("the recorded parts are damaged after part {}", parts.len()),
        })?);
    }
    Ok(parts)
}

/// Replaces the bytes of some parts; returns `None` if none changed or they are damaged.
///
/// # Errors
/// The error of the closure.
pub(crate) fn change_parts<E>(
    bytes: &Bytes,
    mut change: impl FnMut(&Value) -> Result<Option<Bytes>, E>,
) -> Result<Option<Bytes>, E> {
    let Ok(parts) = split(bytes.clone()) else { return Ok(None) };
    let (mut out, mut changed) = (Vec::with_capacity(bytes.len()), false);
    for part in parts {
        let new = change(&part)?;
        changed |= new.is_some();
        append(&mut out, part.encoding, new.as_ref().unwrap_or(&part.bytes));
    }
    Ok(changed.then(|| out.into()))
}

fn next(bytes: &mut Bytes) -> Option<Value> {
    let encoding = tagged(bytes.try_get_u8().ok()?)?;
    let length = usize::try_from(bytes.try_get_u64_le().ok()?).ok()?;
    (length <= bytes.len()).then(|| Value { encoding, bytes: bytes.split_to(length) })
}

/// Combines a text and its bytes into one value.
pub(crate) fn text_and_bytes(text: &[u8], raws: &[Bytes]) -> Value {
    let mut out = Vec::with_capacity(text.len() + raws.iter().map(Bytes::len).sum::<usize>() + 9 * (raws.len() + 1));
    append(&mut out, Encoding::Json, text);
    for raw in raws {
        append(&mut out, Encoding::Bytes, raw);
    }
    Value { encoding: Encoding::Parts, bytes: out.into() }
}

/// Splits such a value into the text and its bytes, without copying.
pub(crate) fn split_text_and_bytes(value: &Value) -> Result<(Bytes, Arc<[Bytes]>), CodecError> {
    let mut parts = split(value.bytes.clone())?.into_iter();
    match parts.next() {
        Some(text) if text.encoding == Encoding::Json => Ok((text.bytes, parts.map(|part| part.bytes).collect())),
        _ => Err(CodecError { path: String::new(), message: "the recorded parts do not begin with a text".into() }),
    }
}
