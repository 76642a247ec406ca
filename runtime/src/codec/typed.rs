//! Encoding and decoding by type: raw bytes stay raw, everything else is JSON.

use super::CodecError;
use super::comparison::{Same, compare};
use super::json::{self, Order};
use super::shown_types::{is_plain, may_be_shown};
use crate::fields::Coder;
use crate::value::{Encoding, Value};
use crate::vault::thread::Coding;
use crate::vault::{self, Location};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use std::any::{Any, TypeId, type_name};

/// Returns the encoding of a type's values: raw for `Vec<u8>`, `Bytes` and `Box<[u8]>`, including their aliases; JSON
/// for everything else.
#[must_use]
pub(crate) fn form_of<T: 'static>() -> Encoding {
    let id = TypeId::of::<T>();
    let raw = [TypeId::of::<Vec<u8>>(), TypeId::of::<Bytes>(), TypeId::of::<Box<[u8]>>()];
    if raw.contains(&id) { Encoding::Bytes } else { Encoding::Json }
}

/// Encodes a value in the encoding of its type, without copying [`Bytes`].
///
/// # Errors
/// JSON would lose part of the value: NaN, a key that is no text, `Some` of a value that is `null`. The path leads to
/// the place.
pub(crate) fn encode<T: Serialize + 'static>(coder: Coder<'_>, value: &T) -> Result<Value, CodecError> {
    encode_here(coder, None, value)
}

/// Encodes the value at a location, like [`encode`].
pub(crate) fn encode_at<T: Serialize + 'static>(
    coder: Coder<'_>,
    location: Location<'_>,
    value: &T,
) -> Result<Value, CodecError> {
    encode_here(coder, Some(location), value)
}

fn encode_here<T: Serialize + 'static>(
    coder: Coder<'_>,
    location: Option<Location<'_>>,
    value: &T,
) -> Result<Value, CodecError> {
    match raw(value) {
        Some(bytes) => Ok(Value { encoding: Encoding::Bytes, bytes }),
        None => encode_json(coder, location, value),
    }
}

fn encode_json<T: Serialize + 'static>(
    coder: Coder<'_>,
    location: Option<Location<'_>>,
    value: &T,
) -> Result<Value, CodecError> {
    let mut text = json::space();
    let coding = coding_of::<T>(coder, location);
    let appended = json::append(&mut text, value, Order::AsGiven);
    drop(coding);
    written(text, appended)
}

/// Sets vault and location for a value of this type. Nothing reads them for one that cannot hold a secret.
pub(super) fn coding_of<T: 'static>(coder: Coder<'_>, location: Option<Location<'_>>) -> Coding {
    // Evaluated when this is compiled for a type.
    if is_plain(TypeId::of::<T>()) { coder.without_secret() } else { coder.at(location) }
}

fn written(text: Vec<u8>, appended: Result<(), CodecError>) -> Result<Value, CodecError> {
    appended.map(|()| Value::json(json::finished(text)))
}

/// Decodes a value in its recorded encoding, without copying [`Bytes`].
///
/// # Errors
/// The value does not fit the type: expected and found.
pub(crate) fn decode<T: DeserializeOwned + 'static>(coder: Coder<'_>, value: &Value) -> Result<T, CodecError> {
    decode_here_or_at(coder, None, value)
}

/// Decodes the value at a location, like [`decode`].
pub(crate) fn decode_at<T: DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Location<'_>,
    value: &Value,
) -> Result<T, CodecError> {
    decode_here_or_at(coder, Some(location), value)
}

/// Decodes the value at a location, or a part of something that has one.
pub(super) fn decode_here_or_at<T: DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Option<Location<'_>>,
    value: &Value,
) -> Result<T, CodecError> {
    let _coding = coding_of::<T>(coder, location);
    if value.encoding == Encoding::Json {
        return match serde_json::from_slice(&value.bytes) {
            Ok(value) => Ok(value),
            Err(error) => Err(unreadable(type_name::<T>(), TypeId::of::<T>(), value, &error)),
        };
    }
    let mut read: Option<T> = None;
    read_raw(&mut read, value);
    match read {
        Some(read) => Ok(read),
        None => Err(misfit(type_name::<T>(), value)),
    }
}

/// Encodes a field of a context, like [`encode`].
pub(crate) fn encode_field<T: Serialize + 'static>(
    coder: Coder<'_>,
    field: &str,
    encoding: Encoding,
    value: &T,
) -> Result<Value, CodecError> {
    let location = Location::Field(field);
    if encoding == Encoding::Bytes {
        encode_at(coder, location, value)
    } else {
        encode_json(coder, Some(location), value)
    }
}

/// Decodes a field of a context, like [`decode`], by the name under which it was recorded.
pub(crate) fn decode_field<T: DeserializeOwned + 'static>(
    coder: Coder<'_>,
    field: &str,
    value: &Value,
) -> Result<T, CodecError> {
    decode_at(coder, Location::Field(field), value)
}

/// Encodes a value to be recorded, and checks that it can be decoded.
///
/// # Errors
/// The value cannot be encoded, or not be decoded again.
#[cfg(test)]
pub(crate) fn record<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Value, CodecError> {
    record_here(Coder::NO_RUN, None, value, None)
}

/// Encodes the value at a location to be recorded, like [`record`].
///
/// # Errors
/// Those of [`record`].
pub(crate) fn record_at<T: Serialize + DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Location<'_>,
    value: &T,
) -> Result<Value, CodecError> {
    record_here(coder, Some(location), value, None)
}

/// Encodes a value like [`record_at`], and compares it with the decoded one if `same` can compare the type.
///
/// # Errors
/// Those of [`record`], and if it decodes to another value.
pub(crate) fn record_same<T: Serialize + DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Location<'_>,
    value: &T,
    same: Option<Same<T>>,
) -> Result<Value, CodecError> {
    record_here(coder, Some(location), value, same)
}

fn record_here<T: Serialize + DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Option<Location<'_>>,
    value: &T,
    same: Option<Same<T>>,
) -> Result<Value, CodecError> {
    let before = vault::sealed();
    // Compiled for each type, so without `?`, which would be two more functions.
    let stored = match checked(coder, encode_here(coder, location, value)) {
        // Raw bytes decode to themselves, and may be large.
        Ok(stored) if stored.encoding != Encoding::Bytes => stored,
        other => return other,
    };
    let same = match read_back::<T>(coder, location, &stored, vault::sealed() - before) {
        Ok(back) => compare(value, &back, &stored, same),
        Err(error) => Err(error),
    };
    match same {
        Ok(()) => Ok(stored),
        Err(error) => Err(error),
    }
}

fn checked(coder: Coder<'_>, stored: Result<Value, CodecError>) -> Result<Value, CodecError> {
    let stored = stored?;
    check_size(coder, &stored)?;
    Ok(stored)
}

/// Encodes a value, and returns what a reader will decode.
///
/// # Errors
/// The value cannot be encoded, or not be decoded again.
#[cfg(test)]
pub(crate) fn round_trip<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<(Value, T), CodecError> {
    round_trip_here(Coder::NO_RUN, None, value)
}

/// Encodes the value at a location, like [`round_trip`].
///
/// # Errors
/// Those of [`round_trip`].
pub(crate) fn round_trip_at<T: Serialize + DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Location<'_>,
    value: &T,
) -> Result<(Value, T), CodecError> {
    round_trip_here(coder, Some(location), value)
}

fn round_trip_here<T: Serialize + DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Option<Location<'_>>,
    value: &T,
) -> Result<(Value, T), CodecError> {
    let before = vault::sealed();
    let stored = encode_here(coder, location, value)?;
    check_size(coder, &stored)?;
    let back = read_back(coder, location, &stored, vault::sealed() - before)?;
    Ok((stored, back))
}

/// Checks that a value is small enough to be recorded.
///
/// # Errors
/// The value is too large: names its size and the limit.
pub(crate) fn check_size(coder: Coder<'_>, stored: &Value) -> Result<(), CodecError> {
    let (bytes, largest) = (stored.bytes.len(), coder.largest());
    if bytes <= largest {
        return Ok(());
    }
    let message = format!("it has {bytes} bytes, the limit is {largest} (`max_value_bytes` of the engine's builder)");
    Err(CodecError { path: String::new(), message })
}

/// Decodes a value that was just written with `secrets` secrets. A token that decodes as a text, as by a variant of an
/// untagged enum before the secret one, would be a plain text to the program: this is an error.
pub(super) fn read_back<T: DeserializeOwned + 'static>(
    coder: Coder<'_>,
    location: Option<Location<'_>>,
    stored: &Value,
    secrets: u64,
) -> Result<T, CodecError> {
    let before = vault::opened();
    match decode_here_or_at(coder, location, stored) {
        Ok(_) if vault::opened() - before < secrets => Err(not_a_secret(type_name::<T>())),
        Ok(back) => Ok(back),
        Err(error) => Err(not_read_back(&error)),
    }
}

fn not_a_secret(type_name: &str) -> CodecError {
    let expected = short(type_name);
    let message = format!("a secret in the `{expected}` is not read back as one: let its type be read as a `Secret`");
    CodecError { path: String::new(), message }
}

fn not_read_back(CodecError { path, message }: &CodecError) -> CodecError {
    CodecError { path: path.clone(), message: format!("it can be written but not be read back: {message}") }
}

/// Returns the bytes of a value that is stored raw.
pub(super) fn raw<T: 'static>(value: &T) -> Option<Bytes> {
    // Evaluated when this is compiled for a type.
    if form_of::<T>() == Encoding::Bytes { raw_bytes(value) } else { None }
}

fn raw_bytes(value: &dyn Any) -> Option<Bytes> {
    if let Some(bytes) = value.downcast_ref::<Bytes>() {
        return Some(bytes.clone());
    }
    let slice = value.downcast_ref::<Vec<u8>>().map(Vec::as_slice);
    slice.or_else(|| value.downcast_ref::<Box<[u8]>>().map(|bytes| &**bytes)).map(Bytes::copy_from_slice)
}

/// Decodes raw bytes into an `Option` of a type that is stored raw; leaves any other type alone.
fn read_raw(slot: &mut dyn Any, value: &Value) {
    if value.encoding != Encoding::Bytes {
        return;
    }
    let bytes = &value.bytes;
    if let Some(slot) = slot.downcast_mut::<Option<Bytes>>() {
        *slot = Some(bytes.clone());
    } else if let Some(slot) = slot.downcast_mut::<Option<Vec<u8>>>() {
        *slot = Some(bytes.to_vec());
    } else if let Some(slot) = slot.downcast_mut::<Option<Box<[u8]>>>() {
        *slot = Some(Box::from(&**bytes));
    }
}

/// Returns the error of a text that does not fit a type; shows the text if it can hold no secret.
fn unreadable(type_name: &str, id: TypeId, found: &Value, error: &serde_json::Error) -> CodecError {
    if serde_json::from_slice::<serde::de::IgnoredAny>(&found.bytes).is_err() {
        return CodecError { path: String::new(), message: format!("{DAMAGED}, it is no JSON: {}", reason(error)) };
    }
    let shown = if may_be_shown(id) { beginning(found) } else { outline(found) };
    mismatch(type_name, &shown, &reason(error))
}

/// The beginning of the message for a value that no type decodes.
const DAMAGED: &str = "what is recorded is damaged";

/// Returns whether a value could not be decoded because it is damaged.
pub(crate) fn says_damaged(why: &str) -> bool {
    why.contains(DAMAGED)
}

/// Returns the error of a value in an encoding that the type does not have.
fn misfit(type_name: &str, found: &Value) -> CodecError {
    let why = match found.encoding {
        Encoding::Bytes => "it was recorded as raw bytes, and the type is stored as JSON",
        Encoding::Parts => "these are the arguments of a step, and not one value",
        Encoding::Stored => "the value is in a field store and was not loaded",
        Encoding::Hash => "only the hash of the value was kept",
        Encoding::Json => "it is not what the type is stored as",
    };
    mismatch(type_name, &beginning(found), why)
}

fn mismatch(type_name: &str, found: &str, why: &str) -> CodecError {
    let expected = short(type_name);
    CodecError { path: String::new(), message: format!("expected `{expected}`, found {found}: {why}") }
}

/// Returns the message of `serde_json`, without the position if the text is short and on one line.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) if error.line() <= 1 && error.column() < SHOWN => text[..end].to_owned(),
        _ => text,
    }
}

const SHOWN: usize = 60;

fn beginning(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("`{}..`", &text[..cut]),
        None => format!("`{text}`"),
    }
}

/// Returns the kind of a JSON value, without its content.
pub(super) fn outline(value: &Value) -> String {
    let kind = match value.bytes.trim_ascii() {
        b"{}" => "`{}`",
        b"[]" => "`[]`",
        [b'{', ..] => "`{..}`",
        [b'[', ..] => "`[..]`",
        [b'"', ..] => "a text",
        b"null" => "`null`",
        [b'-' | b'0'..=b'9', ..] => "a number",
        _ => "another value",
    };
    kind.into()
}

/// Returns a type's name without its modules: `Option<Status>`.
pub(crate) fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut word = 0;
    let mut colons = 0;
    for letter in name.chars() {
        if letter == ':' {
            colons += 1;
            if colons == 2 {
                short.truncate(word);
                colons = 0;
            }
            continue;
        }
        short.push(letter);
        if !(letter.is_alphanumeric() || letter == '_') {
            word = short.len();
        }
    }
    short
}
