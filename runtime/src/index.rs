//! The keys of indexed fields: texts that sort, byte by byte, as the values do.
//!
//! A key begins with the kind of its value: `"` a text, `false` and `true`, `i` a whole number, `null` nothing. A whole number
//! has the count of its digits before them, and a negative one the complements of both, so that one index orders whole
//! numbers of up to 128 bits.

use crate::value::{Encoding, Value};
use std::ops::Bound;

/// The largest text that is a key as it is, in bytes. A longer one keeps so many bytes, and its hash.
pub(crate) const WHOLE: usize = 192;

/// What stands between the beginning of a longer text and its hash.
const CUT: &str = "…#";

const NONE: &str = "null";

/// A value that an indexed field may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldValue {
    /// `None`, of an `Option`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number, in digits, with a sign if it is negative.
    Number(String),
    /// A text, or the name of a variant without data.
    Text(String),
}

impl FieldValue {
    /// Returns the key.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::None => NONE.to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(digits) => key_of_number(digits),
            Self::Text(text) => key_of_text(text),
        }
    }

    /// Returns the value of a field as it is stored, or what it is instead.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        match value.encoding {
            Encoding::Json if value.holds_secret() => return Err("a secret".to_owned()),
            Encoding::Json => {}
            Encoding::Stored => return Err("a value in a store".to_owned()),
            _ => return Err("raw bytes".to_owned()),
        }
        let text = String::from_utf8_lossy(&value.bytes);
        let text = text.trim();
        match text.as_bytes() {
            b"null" => Ok(Self::None),
            b"true" => Ok(Self::Bool(true)),
            b"false" => Ok(Self::Bool(false)),
            [b'"', ..] => serde_json::from_str(text).map(Self::Text).map_err(|error| format!("no text ({error})")),
            [b'[', ..] => Err("a list".to_owned()),
            [b'{', ..] => Err("an object".to_owned()),
            _ => Self::number(text).ok_or_else(|| format!("the number {text}")),
        }
    }

    /// Returns a whole number of at most 128 bits.
    pub(crate) fn number(text: &str) -> Option<Self> {
        let number = text.parse::<i128>().map(|number| number.to_string());
        number.or_else(|_| text.parse::<u128>().map(|number| number.to_string())).map(Self::Number).ok()
    }

    /// Returns the value of a key, to be shown: a longer text by its beginning.
    pub(crate) fn shown(key: &str) -> serde_json::Value {
        match key.as_bytes() {
            [b'"', ..] => match key[1..].rsplit_once(CUT).filter(|_| key.len() > WHOLE) {
                Some((begin, _)) => format!("{begin}…").into(),
                None => key[1..].into(),
            },
            b"true" => true.into(),
            b"false" => false.into(),
            [b'i', ..] => number_of(key).map_or(serde_json::Value::Null, |digits| {
                // A number that JSON's readers do not keep is shown as text.
                serde_json::from_str::<serde_json::Number>(&digits)
                    .ok()
                    .filter(|number| number.is_i64() || number.is_u64())
                    .map_or_else(|| digits.into(), Into::into)
            }),
            _ => serde_json::Value::Null,
        }
    }

    /// Returns the keys of all values of this kind.
    pub(crate) fn kind(&self) -> (Bound<String>, Bound<String>) {
        let (from, to) = match self {
            Self::None => return (Bound::Included(NONE.to_owned()), Bound::Included(NONE.to_owned())),
            Self::Bool(_) => return (Bound::Included("false".to_owned()), Bound::Included("true".to_owned())),
            Self::Number(_) => ("i", "j"),
            Self::Text(_) => ("\"", "#"),
        };
        (Bound::Included(from.to_owned()), Bound::Excluded(to.to_owned()))
    }
}

fn key_of_text(text: &str) -> String {
    if text.len() <= WHOLE {
        return format!("\"{text}");
    }
    let hash = hmac_sha256::Hash::hash(text.as_bytes());
    format!("\"{}{CUT}{}", &text[..text.floor_char_boundary(WHOLE)], data_encoding::HEXLOWER.encode(&hash[..16]))
}

fn key_of_number(digits: &str) -> String {
    match digits.strip_prefix('-') {
        None => format!("i{:02}{digits}", digits.len()),
        Some(digits) => {
            // `-` sorts before every digit.
            let complements: String = digits.bytes().map(complement).collect();
            format!("i-{:02}{complements}", 99 - digits.len())
        }
    }
}

fn complement(digit: u8) -> char {
    char::from(b'0' + (b'9' - digit))
}

/// Returns the digits of a number's key.
fn number_of(key: &str) -> Option<String> {
    match key.strip_prefix("i-") {
        Some(rest) => Some(format!("-{}", rest.get(2..)?.bytes().map(complement).collect::<String>())),
        None => Some(key.get(3..)?.to_owned()),
    }
}

macro_rules! whole_numbers {
    ($($type:ty)*) => {
        $(impl From<$type> for FieldValue {
            fn from(value: $type) -> Self {
                Self::Number(value.to_string())
            }
        })*
    };
}

whole_numbers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for FieldValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_values() {
        let mut numbers = vec![i128::MIN, i128::from(i64::MIN), -1000, -999, -100, -99, -10, -9, -1, 0];
        numbers.extend([1, 9, 10, 99, 100, i128::from(u64::MAX), i128::MAX]);
        let mut keys: Vec<String> = numbers.iter().map(|number| FieldValue::from(*number).key()).collect();
        keys.push(FieldValue::from(u128::MAX).key());
        assert!(keys.is_sorted(), "{keys:?}");
        let all = (FieldValue::from(0).kind(), &keys);
        assert!(
            all.1
                .iter()
                .all(|key| matches!(&all.0, (Bound::Included(from), Bound::Excluded(to)) if from <= key && key < to))
        );
        let texts = ["", "a", "aa", "b", "ä", "\u{10FFFF}"].map(|text| FieldValue::from(text).key());
        assert!(texts.is_sorted());
        assert!(FieldValue::Bool(false).key() < FieldValue::Bool(true).key());
    }

    #[test]
    fn keys_show_their_values() {
        let shown = |value: FieldValue| FieldValue::shown(&value.key());
        assert_eq!(shown((-1234).into()), -1234);
        assert_eq!(shown(u64::MAX.into()), u64::MAX);
        assert_eq!(shown(i128::MIN.into()), i128::MIN.to_string());
        assert_eq!(shown("paid".into()), "paid");
        assert_eq!(shown(true.into()), true);
        assert_eq!(shown(FieldValue::None), serde_json::Value::Null);
    }

    #[test]
    fn a_long_text_keeps_its_beginning_and_differs_from_every_other() {
        let [a, b] = ["a", "b"].map(|end| FieldValue::from(format!("{}{end}", "ä".repeat(500))).key());
        assert!(a != b && a.len() < 256, "{a}");
        assert_eq!(FieldValue::shown(&a), format!("{}…", "ä".repeat(96)));
    }

    #[test]
    fn only_scalars_are_read() {
        let read = |text: &'static str| FieldValue::read(&Value::json(text));
        assert_eq!(read(r#""a\u0041""#), Ok("aA".into()));
        assert_eq!(read("-5"), Ok((-5).into()));
        assert_eq!(read("null"), Ok(FieldValue::None));
        for (text, found) in
            [("0.5", "the number 0.5"), ("1e9", "the number 1e9"), ("[1]", "a list"), ("{}", "an object")]
        {
            assert_eq!(read(text), Err(found.to_owned()));
        }
        assert_eq!(FieldValue::read(&Value::raw("x")), Err("raw bytes".to_owned()));
    }
}
