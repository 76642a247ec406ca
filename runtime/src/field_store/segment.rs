//! Encodes any text as one segment of a path that every file system and every bucket accepts.
//!
//! The result consists of `a-z`, `0-9`, `-`, `_` and `%`, and of `~` where a text was cut. It has no capital letters,
//! so that two names never collide in a file system that ignores case, and no dots, so that there is no `..`, no hidden
//! file and no suffix.

use super::content_hash;

/// The longest encoded text, in bytes.
pub(super) const LONGEST: usize = 150;

/// The longest segment, even one of two texts. File systems allow 255 bytes.
const LONGEST_SEGMENT: usize = 199;

/// The number of hexadecimal digits of a text's SHA-256 that replace the part that is cut.
const DIGITS: usize = 32;

/// Names of devices on Windows, in any folder.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// The encoded empty text; a segment must not be empty.
const EMPTY: &str = "%";

/// Encodes `text` as a segment of at most `longest` bytes.
///
/// Two texts have two segments: cut ones differ by 128 bits of their hash.
pub(super) fn encode(text: &str, longest: usize) -> String {
    if text.is_empty() {
        return EMPTY.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    let device = is_device(text);
    // The last position where it may be cut without splitting an escape.
    let mut cut = 0;
    let room = longest.saturating_sub(1 + DIGITS);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if !(device && index == 0) => encoded.push(char::from(byte)),
            _ => {
                encoded.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    encoded.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
                }
            }
        }
        if encoded.len() <= room {
            cut = encoded.len();
        }
    }
    if encoded.len() > longest {
        encoded.truncate(cut);
        encoded.push('~');
        encoded.push_str(&content_hash(text.as_bytes())[..DIGITS]);
    }
    encoded
}

/// Decodes a segment, or returns `None` if it was cut or never encoded.
pub(super) fn decode(segment: &str) -> Option<String> {
    if segment == EMPTY {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'~' => return None,
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Returns whether a segment is safe as a file name, as [`encode`] makes it, alone or two joined by a `~`.
pub(super) fn is_safe(segment: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'%' | b'~');
    (1..=LONGEST_SEGMENT).contains(&segment.len()) && segment.bytes().all(allowed) && !is_device(segment)
}

fn is_device(text: &str) -> bool {
    DEVICES.contains(&text)
        || NUMBERED_DEVICES.iter().any(|device| {
            text.strip_prefix(device).is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
        })
}
