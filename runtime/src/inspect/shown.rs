//! Values as people see them: without secrets, and without what is too large.

use crate::codec::split_parts;
use crate::value::{Encoding, Pointer, Value};
use crate::vault::{holds_token, redact};
use data_encoding::HEXLOWER;
use serde::Serialize;

/// The largest text of a JSON value that is shown, in bytes.
const LARGEST: usize = 64 << 10;

/// How much of a larger one is shown.
const START: usize = 200;

/// The most parts of a value that are shown.
const PARTS: usize = 64;

/// A value for display. A [`Secret`](crate::Secret) is `[secret]` in it, wherever it stands; bytes are not shown.
///
/// In JSON it is an object whose `form` is one of `json`, `large`, `bytes`, `parts`, `stored`, `hash`, `unreadable`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "form", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shown {
    /// A value in JSON. Integers that take more than 64 bits are texts.
    Json {
        /// The value.
        value: serde_json::Value,
        /// Whether it holds secrets, which are shown as `[secret]`.
        secrets: bool,
    },
    /// A value in JSON that is too large to be shown.
    Large {
        /// Its first characters, without secrets.
        start: String,
        /// Its size, in bytes.
        size: usize,
        /// The SHA-256 of its text.
        sha256: String,
    },
    /// Bytes.
    Bytes {
        /// Their number.
        size: usize,
        /// Their SHA-256.
        sha256: String,
    },
    /// Several values, at least one of them bytes; at most 64 are shown.
    Parts {
        /// The values.
        parts: Vec<Shown>,
    },
    /// A value in a field store.
    Stored {
        /// The name of the field store.
        store: String,
        /// Its size, in bytes.
        size: usize,
        /// Its SHA-256.
        sha256: String,
    },
    /// A value of which only the hash was recorded.
    Hash {
        /// Its SHA-256.
        sha256: String,
    },
    /// A value that is not what its row says.
    Unreadable {
        /// Why.
        why: String,
        /// Its size, in bytes.
        size: usize,
        /// The SHA-256 of its bytes.
        sha256: String,
    },
}

impl Shown {
    pub(crate) fn of(value: &Value) -> Self {
        let bytes = &value.bytes[..];
        let (size, sha256) = (bytes.len(), || HEXLOWER.encode(&hmac_sha256::Hash::hash(bytes)));
        match value.encoding {
            Encoding::Json => Self::json(bytes),
            Encoding::Bytes => Self::Bytes { size, sha256: sha256() },
            Encoding::Hash => Self::Hash { sha256: HEXLOWER.encode(bytes) },
            Encoding::Parts => match split_parts(value) {
                Ok(parts) => Self::Parts { parts: parts.iter().take(PARTS).map(Self::of).collect() },
                Err(why) => Self::Unreadable { why: why.to_string(), size, sha256: sha256() },
            },
            Encoding::Stored => match Pointer::read(value) {
                Ok(Pointer { store, bytes, hash, .. }) => Self::Stored { store, size: bytes, sha256: hash },
                Err(why) => Self::Unreadable { why: why.to_string(), size, sha256: sha256() },
            },
        }
    }

    fn json(bytes: &[u8]) -> Self {
        let (size, sha256) = (bytes.len(), || HEXLOWER.encode(&hmac_sha256::Hash::hash(bytes)));
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Unreadable { why: "it is no text".to_owned(), size, sha256: sha256() };
        };
        if size > LARGEST {
            // A token that is cut is redacted too.
            let some = &text[..text.floor_char_boundary(START * 16)];
            return Self::Large { start: redact(some).chars().take(START).collect(), size, sha256: sha256() };
        }
        match serde_json::from_str(&with_large_integers_as_texts(&redact(text))) {
            Ok(value) => Self::Json { value, secrets: holds_token(bytes) },
            Err(why) => Self::Unreadable { why: why.to_string(), size, sha256: sha256() },
        }
    }
}

/// Returns a value as one line of text: JSON as it is, and of others what there is to say.
impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json { value, .. } => write!(f, "{value}"),
            Self::Large { start, size, .. } => write!(f, "{start}.. ({size} bytes)"),
            Self::Bytes { size, .. } => write!(f, "<{size} bytes>"),
            Self::Parts { parts } => {
                f.write_str("(")?;
                for (n, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if n > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Stored { store, size, .. } => write!(f, "<{size} bytes in store `{store}`>"),
            Self::Hash { sha256 } => write!(f, "<hash {sha256}>"),
            Self::Unreadable { why, size, .. } => write!(f, "<{size} bytes that cannot be read: {why}>"),
        }
    }
}

/// The digits that an integer of 64 bits has at most.
const DIGITS: usize = 19;

/// Puts integers with more digits than 64 bits have into quotes: a reader of JSON would round them.
fn with_large_integers_as_texts(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut shown, mut copied, mut at) = (String::with_capacity(text.len()), 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_text(bytes, at),
            b'-' | b'0'..=b'9' => {
                let end = at + bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                let number = &text[at..end];
                let is_integer = number.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
                if is_integer
                    && number.len() > DIGITS
                    && number.parse::<i64>().is_err()
                    && number.parse::<u64>().is_err()
                {
                    shown.push_str(&text[copied..at]);
                    shown.extend(["\"", number, "\""]);
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    shown.push_str(&text[copied..]);
    shown
}

const fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Returns where a text in quotes ends that begins here.
fn end_of_text(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Shown, with_large_integers_as_texts};
    use crate::value::Value;

    #[test]
    fn integers_beyond_64_bits_keep_every_digit() {
        let text = r#"{"a":[340282366920938463463374607431768211455,-1],"18446744073709551616":1e300,"t":"\"99999999999999999999\""}"#;
        let shown = with_large_integers_as_texts(text);
        assert_eq!(
            shown,
            text.replace("[340282366920938463463374607431768211455", "[\"340282366920938463463374607431768211455\"")
        );
        assert_eq!(with_large_integers_as_texts("18446744073709551615"), "18446744073709551615");
        assert_eq!(with_large_integers_as_texts("-9223372036854775809"), "\"-9223372036854775809\"");
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for (value, part) in [(Value::json(deep), "recursion"), (Value::json(vec![b'"', 0xFF, b'"']), "no text")] {
            let Shown::Unreadable { why, size, .. } = Shown::of(&value) else { panic!("it was read") };
            assert!(why.contains(part) && size == value.bytes.len(), "{why}");
        }
        let large = Value::json(format!("\"{}\"", "\u{e9}".repeat(1 << 20)));
        let Shown::Large { start, size, .. } = Shown::of(&large) else { panic!("it is shown") };
        assert_eq!((start.chars().count(), size), (200, large.bytes.len()));
    }
}
