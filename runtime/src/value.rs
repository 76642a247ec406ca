//! Stored values: bytes and their encoding.

mod differing;
mod pointer;

pub(crate) use differing::differing;
pub(crate) use pointer::Pointer;

use crate::vault::{holds_token, redact};
use bytes::Bytes;
use serde::{Serialize, Serializer};
use std::fmt;

/// The encoding of a stored value's bytes.
///
/// Every value carries its encoding, so reading never guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// JSON text in UTF-8.
    Json,
    /// The bytes themselves.
    Bytes,
    /// Several values in sequence, at least one of them raw bytes: for each an encoding tag (one byte), the length
    /// (eight bytes, little endian) and the bytes.
    Parts,
    /// Only the SHA-256 of a value too large to be kept for comparison (32 bytes).
    Hash,
    /// A value in a field store: JSON text with the store, the encoding, the number of bytes, and their hash.
    Stored,
}

impl Encoding {
    /// Returns the word for this encoding in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Bytes => "bytes",
            Self::Parts => "parts",
            Self::Hash => "sha256",
            Self::Stored => "stored",
        }
    }

    /// Parses a word from a database; returns `None` if this version does not know it.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Json, Self::Bytes, Self::Parts, Self::Hash, Self::Stored]
            .into_iter()
            .find(|encoding| encoding.as_str() == word)
    }
}

/// A value as it is stored: an encoding and bytes.
#[derive(Clone)]
pub struct Value {
    /// The encoding of `bytes`.
    pub encoding: Encoding,
    /// The encoded value. For [`Encoding::Json`] this is UTF-8 text.
    pub bytes: Bytes,
}

impl Value {
    /// Creates a value in JSON; `text` must be JSON.
    #[must_use]
    pub fn json(text: impl Into<Bytes>) -> Self {
        Self { encoding: Encoding::Json, bytes: text.into() }
    }

    /// Creates a text in JSON.
    pub(crate) fn text(text: &str) -> Self {
        Self::json(serde_json::Value::from(text).to_string())
    }

    /// Returns whether it contains an encrypted secret.
    pub(crate) fn holds_secret(&self) -> bool {
        holds_token(&self.bytes)
    }

    /// Creates a value of raw bytes.
    #[must_use]
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { encoding: Encoding::Bytes, bytes: bytes.into() }
    }
}

impl PartialEq for Value {
    /// Compares the pointers first: clones share their bytes, however many they are.
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (&self.bytes, &other.bytes);
        self.encoding == other.encoding
            && left.len() == right.len()
            && (std::ptr::eq(left.as_ptr(), right.as_ptr()) || left == right)
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Shows JSON as text, with secrets redacted, and other encodings by their size. Cuts long texts after 200 characters.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        match (self.encoding, std::str::from_utf8(&self.bytes)) {
            (Encoding::Json, Ok(text)) => {
                let text = redact(text);
                match text.char_indices().nth(SHOWN) {
                    Some((cut, _)) => write!(f, "{}.. ({} bytes)", &text[..cut], self.bytes.len()),
                    None => f.write_str(&text),
                }
            }
            (Encoding::Stored, Ok(_)) => match Pointer::read(self) {
                Ok(pointer) => write!(f, "<{} bytes in store `{}`>", pointer.bytes, pointer.store),
                Err(_) => f.write_str("<in a store>"),
            },
            _ => write!(f, "<{} bytes, form {}>", self.bytes.len(), self.encoding.as_str()),
        }
    }
}

/// Serializes JSON as it is, with secrets redacted, and other encodings as [`Display`](fmt::Display) shows them.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = (self.encoding == Encoding::Json).then(|| std::str::from_utf8(&self.bytes).ok()).flatten();
        match json.and_then(|text| serde_json::from_str::<serde_json::Value>(&redact(text)).ok()) {
            Some(json) => json.serialize(serializer),
            None => serializer.collect_str(self),
        }
    }
}
