//! The texts of two values that differ, for an error that shows both.

use super::{Encoding, Value};
use crate::vault::redact;

/// The number of characters shown before and after the first difference.
const AROUND: usize = 40;

/// Returns the texts of a recorded value and a given one, so that they differ: long values are shown where they do, and
/// of secrets it is said that they do.
pub(crate) fn differing(recorded: &Value, given: &Value) -> (String, String) {
    let (one, other) = (recorded.to_string(), given.to_string());
    if one != other {
        return (one, other);
    }
    if let (Some(left), Some(right)) = (text(recorded), text(given))
        && let Some((left, right)) = where_they_differ(&left, &right)
    {
        return (left, right);
    }
    let given = if given.holds_secret() {
        format!("{other} with another secret")
    } else {
        format!("{other} with other content")
    };
    (one, given)
}

fn text(value: &Value) -> Option<String> {
    let text = (value.encoding == Encoding::Json).then(|| std::str::from_utf8(&value.bytes).ok()).flatten();
    text.map(|text| redact(text).into_owned())
}

/// Returns the parts of two texts around their first difference.
fn where_they_differ(left: &str, right: &str) -> Option<(String, String)> {
    let same = left.chars().zip(right.chars()).take_while(|(left, right)| left == right).count();
    let part = |text: &str| {
        let from = same.saturating_sub(AROUND);
        let shown: String = text.chars().skip(from).take(2 * AROUND).collect();
        let rest = if text.chars().nth(from + 2 * AROUND).is_some() { ".." } else { "" };
        format!("..{shown}{rest} ({} bytes)", text.len())
    };
    (left != right).then(|| (part(left), part(right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_never_have_one_text() {
        let long = |end: &str| Value::json(format!("\"{}{end}\"", "x".repeat(500)));
        let cases = [
            (Value::json("1"), Value::json("2")),
            (long("a"), long("b")),
            (long(""), long("longer")),
            (Value::raw("a"), Value::raw("b")),
        ];
        for (recorded, given) in cases {
            let (one, other) = differing(&recorded, &given);
            assert_ne!(one, other, "{recorded} and {given}");
        }
        let (one, other) = differing(&long("a"), &long("b"));
        assert!(one.ends_with("xa\" (503 bytes)") && other.ends_with("xb\" (503 bytes)"), "{one} and {other}");
    }
}
