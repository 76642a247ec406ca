//! Escapes control characters, so that no value moves the cursor, changes colors or reverses the direction of writing.

use std::fmt::Write as _;

/// Returns whether a terminal obeys a character instead of showing it.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns a text in one line, with control characters as `\n`, `\t` or `\u{1b}`.
pub(crate) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_control(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Returns equal JSON with control characters as `\u009b`. JSON in one line has them within strings only.
pub(crate) fn escaped_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_control(c) {
            // All of them take 16 bits. Writing to a `String` cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{escaped, escaped_json};

    #[test]
    fn control_characters_are_escaped_and_the_rest_stays() {
        assert_eq!(
            escaped("a\u{1b}[31m\u{9b}b\r\n\tü\u{61c}\u{202e}"),
            "a\\u{1b}[31m\\u{9b}b\\r\\n\\tü\\u{61c}\\u{202e}"
        );
        let json = serde_json::to_string("\u{1b}\u{9b}\u{7f}\u{2066}ü").expect("JSON");
        let shown = escaped_json(&json);
        assert_eq!(shown, r#""\u001b\u009b\u007f\u2066ü""#);
        let read: String = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(read, "\u{1b}\u{9b}\u{7f}\u{2066}ü");
    }
}
