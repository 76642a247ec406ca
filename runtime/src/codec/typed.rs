//! Encoding and decoding by type.
use super::CodecError;
use crate::value::{Form, Value};
use serde::{Serialize, de::DeserializeOwned};

/// The form in which values of a type are stored: raw for `Vec<u8>`, `Bytes` and `Box<[u8]>`, also through aliases; JSON
/// for everything else.
#[must_use]
pub fn form_of<T: 'static>() -> Form {
    Form::Json
}
/// Encodes.
///
/// # Errors
/// refused
pub fn encode<T: Serialize + 'static>(value: &T) -> Result<Value, CodecError> {
    serde_json::to_vec(value).map(Value::json).map_err(|e| CodecError { path: String::new(), message: e.to_string() })
}
/// Decodes.
///
/// # Errors
/// misfit
pub fn decode<T: DeserializeOwned + 'static>(value: &Value) -> Result<T, CodecError> {
    serde_json::from_slice(&value.bytes).map_err(|e| CodecError { path: String::new(), message: e.to_string() })
}
/// Both.
///
/// # Errors
/// either
pub fn round_trip<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<(Value, T), CodecError> {
    let stored = encode(value)?;
    let back = decode(&stored)?;
    Ok((stored, back))
}

/// Stub.
#[must_use]
pub fn same_unordered(a: &Value, b: &Value) -> bool { a == b }
