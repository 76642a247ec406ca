//! The text of an encrypted secret, `sealed1:<key id>:<base64>`: writes, reads and finds it.

use data_encoding::BASE64;
use std::borrow::Cow;
use std::ops::Range;

/// The prefix. Its number is that of the format: the cipher, the derivation of its key, and the authenticated data.
const PREFIX: &str = "sealed1:";

/// The shortest encrypted value, in bytes: the cipher's tag and the encoding tag.
const SHORTEST: usize = 17;

/// Joins the parts of a token.
#[cfg(feature = "encryption")]
pub(crate) fn write(id: &str, sealed: &[u8]) -> String {
    format!("{PREFIX}{id}:{}", BASE64.encode(sealed))
}

/// Returns the id of the key and the encrypted bytes; `None` if the text is no token.
pub(crate) fn read(text: &str) -> Option<(&str, Vec<u8>)> {
    let (id, sealed) = text.strip_prefix(PREFIX)?.split_once(':')?;
    let sealed = BASE64.decode(sealed.as_bytes()).ok().filter(|sealed| sealed.len() >= SHORTEST)?;
    is_id(id).then_some((id, sealed))
}

/// Returns whether a text could be a token, by its beginning; the cipher judges the rest.
pub(crate) fn is_one(text: &str) -> bool {
    text.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':')).is_some_and(|(id, _)| is_id(id))
}

/// Returns whether a key may have this id.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(in_id)
}

fn in_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

fn in_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/".contains(&byte)
}

/// Returns the range of the next text from `from` on that has the form of a token, whatever surrounds it. JSON text
/// inside a JSON string contains tokens unchanged, because none of their characters is ever escaped.
pub(crate) fn next(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut from = from;
    while let Some(found) = bytes[from..].windows(PREFIX.len()).position(|window| window == PREFIX.as_bytes()) {
        let start = from + found;
        let id = start + PREFIX.len();
        let colon = end_of(bytes, id, in_id);
        if colon > id && bytes.get(colon) == Some(&b':') {
            let letters = end_of(bytes, colon + 1, in_base64);
            let padding = bytes[letters..].iter().take(2).take_while(|byte| **byte == b'=').count();
            if letters > colon + 1 {
                return Some(start..letters + padding);
            }
        }
        from = id;
    }
    None
}

/// Returns whether a found token is a JSON string of its own, even inside JSON that is itself a string, where its
/// quotes are escaped.
pub(crate) fn is_whole(bytes: &[u8], found: &Range<usize>) -> bool {
    found.start > 0 && bytes[found.start - 1] == b'"' && matches!(bytes.get(found.end), Some(b'"' | b'\\'))
}

/// Returns where to continue after a text that only looks like a token: a token may begin inside it.
pub(crate) fn after_prefix(start: usize) -> usize {
    start + PREFIX.len()
}

fn end_of(bytes: &[u8], from: usize, belongs: fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|byte| belongs(**byte)).count()
}

/// Returns whether some bytes contain a token.
pub(crate) fn holds_token(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| next(text.as_bytes(), 0).is_some())
}

/// Replaces every token in a text by `[secret]`, even a truncated one: for people.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut copied = 0;
    while let Some(token) = next(text.as_bytes(), copied) {
        shown.push_str(&text[copied..token.start]);
        shown.push_str(super::REDACTED);
        copied = token.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}
