//! Splits JSON text without decoding it: finds the ends of elements and members.
//!
//! `serde_json` has `RawValue` for this, but its feature `raw_value` would apply to the whole program of a user: there
//! it makes a `serde_json::Value` with the key `$serde_json::private::RawValue` decode to another value.

use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use serde_json::Error;
use std::borrow::Cow;

/// One JSON value as its text, without surrounding space. It was checked as a whole, so splitting it only searches for
/// the ends of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonText<'a>(&'a str);

impl<'a> JsonText<'a> {
    /// Checks a whole text.
    ///
    /// # Errors
    /// The text is not one JSON value.
    pub(crate) fn new(text: &'a [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(text).map_err(Error::custom)?;
        let mut value = serde_json::Deserializer::from_str(text);
        IgnoredAny::deserialize(&mut value)?;
        value.end()?;
        Ok(Self(text.trim_matches(SPACE)))
    }

    /// Takes a value that was split from a checked text.
    ///
    /// # Errors
    /// The text is no UTF-8.
    pub(crate) fn of_part(text: &'a [u8]) -> Result<Self, Error> {
        std::str::from_utf8(text).map(Self).map_err(Error::custom)
    }

    pub(crate) const fn get(self) -> &'a str {
        self.0
    }

    /// Returns the elements of an array.
    ///
    /// # Errors
    /// The value is no array.
    pub(crate) fn elements(self) -> Result<Vec<Self>, Error> {
        let mut parts = self.parts('[')?;
        let mut elements = Vec::new();
        while let Some(element) = parts.next_part() {
            elements.push(element);
        }
        Ok(elements)
    }

    /// Returns the members of an array whose elements are objects with one member each.
    ///
    /// # Errors
    /// The value is no array.
    pub(crate) fn only_members(self) -> Result<OnlyMembers<'a>, Error> {
        self.parts('[').map(OnlyMembers)
    }

    /// Returns the members of an object in their order; a key may occur twice.
    ///
    /// # Errors
    /// The value is no object.
    pub(crate) fn members(self) -> Result<Vec<(Cow<'a, str>, Self)>, Error> {
        let mut parts = self.parts('{')?;
        let mut members = Vec::new();
        while let Some(key) = parts.next_part() {
            members.push((key.text()?, parts.next_part().unwrap_or(key)));
        }
        Ok(members)
    }

    fn parts(self, open: char) -> Result<Parts<'a>, Error> {
        if self.0.starts_with(open) {
            return Ok(Parts { text: self.0, at: open.len_utf8() });
        }
        let found = self.0.chars().next().unwrap_or_default();
        Err(Error::custom(format!("expected `{open}`, found `{found}` at the begin of the JSON text")))
    }

    /// Returns the content of a text in quotes; borrows it if it has no escape.
    fn text(self) -> Result<Cow<'a, str>, Error> {
        match self.0.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inner) if !inner.contains('\\') => Ok(Cow::Borrowed(inner)),
            _ => serde_json::from_str(self.0).map(Cow::Owned),
        }
    }
}

/// The space characters between the parts of a JSON text.
const SPACE: [char; 4] = [' ', '\n', '\t', '\r'];

/// An iterator over the values of a checked array or object: in an object each key, then its value.
struct Parts<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parts<'a> {
    /// Skips what separates two parts, and returns the first byte after it.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\t' | b'\r' | b',' | b':')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn next_part(&mut self) -> Option<JsonText<'a>> {
        let first = self.peek()?;
        let (bytes, start) = (self.text.as_bytes(), self.at);
        self.at = match first {
            b']' | b'}' => return None,
            b'"' => end_of_text(bytes, start),
            b'[' | b'{' => end_of_group(bytes, start),
            _ => end_of_word(bytes, start),
        };
        self.text.get(start..self.at).map(JsonText)
    }
}

/// An iterator over the elements of a checked array, each an object with one member. It enters each object instead of
/// searching for its end first, so every byte is looked at once.
pub(crate) struct OnlyMembers<'a>(Parts<'a>);

impl<'a> Iterator for OnlyMembers<'a> {
    type Item = Result<(Cow<'a, str>, JsonText<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let parts = &mut self.0;
        match parts.peek()? {
            b']' => return None,
            b'{' => parts.at += 1,
            _ => return Some(Err(Error::custom("an element is no object"))),
        }
        let (key, value, more) = (parts.next_part(), parts.next_part(), parts.next_part());
        // The end of the object.
        parts.at += 1;
        Some(match (key, value, more) {
            (Some(key), Some(value), None) => key.text().map(|key| (key, value)),
            _ => Err(Error::custom("an object has not exactly one member")),
        })
    }
}

/// Returns the end of the text in quotes that begins at `start`.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}

/// Returns the end of the array or object that begins at `start`.
fn end_of_group(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        // Most bytes are none of these, so a table lookup is faster than comparisons.
        match MARKS[usize::from(byte)] {
            Mark::None => {}
            Mark::Quote => at = end_of_text(bytes, at - 1),
            Mark::Open => depth += 1,
            Mark::Close if depth == 1 => return at,
            Mark::Close => depth -= 1,
        }
    }
    bytes.len()
}

/// The meaning of a byte for the end of a group.
#[derive(Clone, Copy)]
enum Mark {
    None,
    Quote,
    Open,
    Close,
}

const MARKS: [Mark; 256] = {
    let mut marks = [Mark::None; 256];
    marks[b'"' as usize] = Mark::Quote;
    marks[b'[' as usize] = Mark::Open;
    marks[b'{' as usize] = Mark::Open;
    marks[b']' as usize] = Mark::Close;
    marks[b'}' as usize] = Mark::Close;
    marks
};

/// Returns the end of the number, `true`, `false` or `null` that begins at `start`.
fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\t' | b'\r');
    bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::JsonText;

    fn elements(text: &str) -> Result<Vec<&str>, String> {
        let elements =
            JsonText::new(text.as_bytes()).and_then(JsonText::elements).map_err(|error| error.to_string())?;
        Ok(elements.into_iter().map(JsonText::get).collect())
    }

    #[test]
    fn an_array_is_taken_apart() {
        assert_eq!(
            elements(" [ 1 , \"a,]\\\"\" ,[2,{\"b\":[]}],-1.5e3,null ,true] \n").unwrap(),
            ["1", r#""a,]\"""#, r#"[2,{"b":[]}]"#, "-1.5e3", "null", "true"]
        );
        assert_eq!(elements("[]").unwrap(), Vec::<&str>::new());
        let deep = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(elements(&deep).unwrap().len(), 1);
        for bad in
            ["", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]x", "{}", "1", "[01]", "[tru]", "[\"a]", "[\"\n\"]"]
        {
            assert!(elements(bad).is_err(), "{bad}");
        }
        assert!(JsonText::new(b"[\"\xff\"]").is_err());
    }

    #[test]
    fn an_object_is_taken_apart() {
        let text = r#"{"a" : 1, "b\"\u0041": {"$serde_json::private::RawValue":"2"},"":[],"a":3}"#;
        let members = JsonText::new(text.as_bytes()).and_then(JsonText::members).unwrap();
        let members: Vec<_> = members.iter().map(|(key, value)| (&**key, value.get())).collect();
        let marked = r#"{"$serde_json::private::RawValue":"2"}"#;
        assert_eq!(members, [("a", "1"), ("b\"A", marked), ("", "[]"), ("a", "3")]);
        for bad in ["", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{a:1}", "{\"a\" 1}", "[]", "{\"\\x\":1}"] {
            assert!(JsonText::new(bad.as_bytes()).and_then(JsonText::members).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_array_of_objects_with_one_member_is_taken_apart() {
        let members = |text: &str| -> Result<Vec<(String, String)>, serde_json::Error> {
            let members = JsonText::new(text.as_bytes())?.only_members()?;
            members.map(|member| member.map(|(key, value)| (key.into_owned(), value.get().to_owned()))).collect()
        };
        let text = r#" [ {"a" : [1,{"b":2}] } , {"\"": {} },{"a":"}]"}] "#;
        let expected = [("a", r#"[1,{"b":2}]"#), ("\"", "{}"), ("a", r#""}]""#)];
        assert_eq!(members(text).unwrap(), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(members("[]").unwrap(), []);
        for bad in ["{}", "[1]", "[[]]", "[{}]", r#"[{"a":1,"b":2}]"#, r#"[{"a":1},2]"#] {
            assert!(members(bad).is_err(), "{bad}");
        }
        // Once an element is wrong, whatever follows is, but the end is found.
        assert!(JsonText::new(b"[{},{}]").unwrap().only_members().unwrap().all(|member| member.is_err()));
    }

    #[test]
    fn a_text_is_one_value() {
        assert_eq!(JsonText::new(b" {\"a\": 1} ").unwrap().get(), "{\"a\": 1}");
        for bad in ["", " ", "1 2", "{", "nul"] {
            assert!(JsonText::new(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
