//! Finds texts that JSON need not escape, which most are: eight bytes at a time, which is fast in a debug build too.

/// Returns a word with this byte in each place.
const fn everywhere(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

const LOW: u64 = everywhere(0x01);
const HIGH: u64 = everywhere(0x80);
const QUOTE: u64 = everywhere(b'"');
const BACKSLASH: u64 = everywhere(b'\\');
const SPACE: u64 = everywhere(b' ');

/// Returns whether JSON escapes no character of a text: it has no quote, no backslash and no control character.
pub(super) fn is_plain(text: &str) -> bool {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    for word in words {
        let word = u64::from_ne_bytes(*word);
        let (quote, backslash) = (word ^ QUOTE, word ^ BACKSLASH);
        // The high bit of some byte gets set if that byte is zero, or below a space. A high bit that was set before is
        // masked out.
        let found = (quote.wrapping_sub(LOW) & !quote)
            | (backslash.wrapping_sub(LOW) & !backslash)
            | (word.wrapping_sub(SPACE) & !word);
        if found & HIGH != 0 {
            return false;
        }
    }
    rest.iter().all(|byte| !matches!(byte, ..b' ' | b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_text_is_plain_if_json_writes_it_as_it_is() {
        let others =
            ['\0', '\u{1}', '\u{1f}', ' ', '!', '"', '#', '/', '[', '\\', ']', '~', '\u{7f}', '\u{80}', 'é', '€', '🦀'];
        for length in 0..20 {
            for at in 0..=length {
                for other in others {
                    for around in ['a', '!', '\u{7f}', 'é'] {
                        let mut text: String = std::iter::repeat_n(around, length).collect();
                        let at = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
                        text.insert(at, other);
                        let json = serde_json::to_string(&text).expect("text is JSON");
                        assert_eq!(is_plain(&text), json == format!("\"{text}\""), "{text:?}");
                    }
                }
            }
        }
        assert!(is_plain(""));
    }
}
