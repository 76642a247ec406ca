//! Several values in sequence: for each a form tag (one byte), the length (eight bytes, little endian) and the bytes.

use super::CodecError;
use crate::value::{Form, Value};
use bytes::{Buf, Bytes};

const JSON: u8 = b'J';
const RAW: u8 = b'B';

/// Appends one part.
pub(super) fn append(out: &mut Vec<u8>, form: Form, bytes: &[u8]) {
    out.push(if form == Form::Bytes { RAW } else { JSON });
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The parts, not copied.
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

fn next(bytes: &mut Bytes) -> Option<Value> {
    let form = match bytes.try_get_u8().ok()? {
        JSON => Form::Json,
        RAW => Form::Bytes,
        _ => return None,
    };
    let length = usize::try_from(bytes.try_get_u64_le().ok()?).ok()?;
    (length <= bytes.len()).then(|| Value { form, bytes: bytes.split_to(length) })
}
