//! The lengths of texts: names and keys that are too long are refused, and texts for people are cut.

/// The longest id, key, label or name, in bytes: each is indexed.
const NAME: usize = 512;

/// The longest recorded text of an error, a panic or a reason, in bytes.
const TEXT: usize = 16 << 10;

/// Checks that a text can be a name.
///
/// # Errors
/// The text is longer than 512 bytes, or shorter than `least`.
pub(crate) fn check(what: &str, text: &str, least: usize) -> Result<(), String> {
    if (least..=NAME).contains(&text.len()) {
        return Ok(());
    }
    Err(format!("{what} has {least} to {NAME} bytes, this one has {}", text.len()))
}

/// Truncates a text for people, with a note on its length. Cutting twice changes nothing.
pub(crate) fn cut(text: impl Into<String>) -> String {
    let mut text = text.into();
    let whole = text.len();
    // Allows for notes that were added before and after an earlier cut.
    if whole <= TEXT + 1_024 {
        return text;
    }
    text.truncate(text.floor_char_boundary(TEXT));
    format!("{text}.. (cut: it had {whole} bytes)")
}

/// Checks that this can be a label.
///
/// # Errors
/// The name is empty, or the name or the value is too long.
pub(crate) fn check_label(name: &str, value: &str) -> Result<(), String> {
    check("the name of a label", name, 1)?;
    check(&format!("the value of the label `{name}`"), value, 0)
}

#[cfg(test)]
mod tests {
    use super::{check, cut};

    #[test]
    fn what_is_too_long_is_cut_once_and_between_letters() {
        let long = "ä".repeat(50_000);
        let short = cut(long.clone());
        assert!(short.ends_with("ä.. (cut: it had 100000 bytes)") && short.len() < 17_000, "{}", short.len());
        assert_eq!(cut(short.clone()), short);
        assert_eq!(cut(&long[..16_384]), long[..16_384]);
        assert!(check("a key", &long[..512], 1).is_ok() && check("a key", "", 0).is_ok());
        assert_eq!(check("a key", "", 1).unwrap_err(), "a key has 1 to 512 bytes, this one has 0");
    }
}
