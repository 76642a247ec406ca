//! Paragraphs and words of a text, and the check for doubtful files.

/// Returns the paragraphs of a text.
pub(crate) fn paragraphs(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        while lines.next_if(|line| line.trim().is_empty()).is_some() {}
        let mut paragraph = String::new();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            paragraph.push_str(line.trim());
            paragraph.push('\n');
        }
        (!paragraph.is_empty()).then_some(paragraph)
    })
}

/// Returns the words of a text, in lower case.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Returns why a file may be no text, or `None` if it is one.
pub(crate) fn doubt(bytes: &[u8]) -> Option<String> {
    if bytes.trim_ascii().is_empty() {
        return Some("it is empty".into());
    }
    let strange: usize = bytes
        .utf8_chunks()
        .map(|chunk| {
            let controls = chunk.valid().chars().filter(|letter| letter.is_control() && !letter.is_whitespace());
            controls.count() + chunk.invalid().len()
        })
        .sum();
    (strange > 0).then(|| format!("{strange} of its {} bytes are no text", bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::{doubt, paragraphs, words};

    #[test]
    fn paragraphs_end_at_empty_lines() {
        let found: Vec<_> = paragraphs("\n one\ntwo \n\n \n three").collect();
        assert_eq!(found, ["one\ntwo\n", "three\n"]);
        assert_eq!(paragraphs(" \n").count(), 0);
    }

    #[test]
    fn words_are_letters() {
        assert_eq!(words("It's 4 o'clock, Ärger!").collect::<Vec<_>>(), ["it", "s", "o", "clock", "ärger"]);
    }

    #[test]
    fn what_is_no_text_is_doubtful() {
        assert_eq!(doubt(b" \n").unwrap(), "it is empty");
        assert_eq!(doubt(b"\x89PNG\r\n\x1a\n").unwrap(), "2 of its 8 bytes are no text");
        assert_eq!(doubt("Käse\tund Brot\r\n".as_bytes()), None);
    }
}
