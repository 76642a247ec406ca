//! Values, statuses and other small parts of pages.

use crate::asked::Asked;
use crate::links;
use maud::{Markup, html};
use serde_json::Value;
use steadfast::Status;
use steadfast::inspect::{RunRef, Shown};

/// How many characters of a value are shown without unfolding it.
const SHORT: usize = 96;

/// What stands in the place of a value that is hidden.
const HIDDEN: &str = "[hidden]";

/// Returns the beginning of a text, with dots if there is more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Asked {
    /// Shows a value: a short one as it is, a long one folded.
    pub(crate) fn value(&self, shown: &Shown) -> Markup {
        if self.shared.hides_values {
            return html! { span.hidden { (HIDDEN) } };
        }
        match shown {
            Shown::Json { value, secrets } => html! {
                (json(value))
                @if *secrets { " " span.tag { "secrets sealed" } }
            },
            Shown::Large { start, size, sha256 } => html! {
                details.value {
                    summary { code { (cut(start, SHORT)) } " " span.quiet { (bytes(*size as u64)) } }
                    pre { (start) "…" }
                    p.quiet { "Too large to be shown. SHA-256 " code { (sha256) } }
                }
            },
            Shown::Parts { parts } => html! {
                ul.parts { @for part in parts { li { (self.value(part)) } } }
            },
            Shown::Unreadable { why, size, .. } => html! {
                span.bad { (bytes(*size as u64)) " that cannot be read: " (why) }
            },
            other => html! { code.quiet { (other) } },
        }
    }

    /// Shows a text that may hold values of the user, such as the message of an error.
    pub(crate) fn message(&self, text: &str) -> Markup {
        if self.shared.hides_values {
            html! { span.hidden { (HIDDEN) } }
        } else {
            folded(text)
        }
    }

    /// Returns an answer in JSON, without the values that are hidden.
    pub(crate) fn json(&self, answer: &impl serde::Serialize) -> Value {
        let mut json = serde_json::to_value(answer).unwrap_or_default();
        if self.shared.hides_values {
            hide(&mut json);
        }
        json
    }
}

/// The members of answers that hold texts or values of the user and are no [`Shown`].
const TEXTS: &[&str] = &["fields", "message", "recorded", "found", "last_error"];

/// Replaces every value of the user in an answer.
fn hide(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(members) => {
            if members.contains_key("form") {
                *json = serde_json::json!({ "form": "hidden" });
                return;
            }
            for (name, member) in members {
                if TEXTS.contains(&name.as_str()) && !member.is_null() {
                    *member = Value::from(HIDDEN);
                } else {
                    hide(member);
                }
            }
        }
        _ => {}
    }
}

fn json(value: &Value) -> Markup {
    let line = value.to_string();
    if line.chars().count() <= SHORT {
        return html! { code { (line) } };
    }
    let pretty = match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    html! {
        details.value {
            summary { code { (cut(&line, SHORT)) } " " span.quiet { (bytes(line.len() as u64)) } }
            pre { (pretty) }
        }
    }
}

/// Shows a text, folded if it is long.
pub(crate) fn folded(text: &str) -> Markup {
    if text.chars().count() <= 4 * SHORT {
        return html! { span.text { (text) } };
    }
    html! { details.value { summary { (cut(text, SHORT)) } pre { (text) } } }
}

/// Returns a number of bytes as people read it.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if size < 1_000 {
        return format!("{size} bytes");
    }
    let (mut whole, mut rest, mut unit) = (size, 0, 0);
    while whole >= 1_000 && unit < UNITS.len() {
        (whole, rest, unit) = (whole / 1_000, whole % 1_000, unit + 1);
    }
    let unit = UNITS[unit - 1];
    if whole < 10 { format!("{whole}.{} {unit}", rest / 100) } else { format!("{whole} {unit}") }
}

/// Returns a number with its thousands apart.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut apart = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            apart.push('\u{202f}');
        }
        apart.push(digit);
    }
    apart
}

/// Returns a number with its noun.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Returns the word for a cause, as JSON has it, for people.
pub(crate) fn bad_word(cause: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(cause).ok();
    word.and_then(|word| word.as_str().map(|word| word.replace('_', " "))).unwrap_or_default()
}

/// Returns the word for a status.
pub(crate) const fn word(status: Status) -> &'static str {
    match status {
        Status::TimedOut => "timed out",
        other => other.as_str(),
    }
}

/// The path of a status's sign, in a square of 16.
const fn sign(status: Status) -> &'static str {
    match status {
        Status::Running => "M5 3l8 5-8 5z",
        Status::Sleeping => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.5V8l2.5 1.8",
        Status::Queued => "M3 4h10M3 8h10M3 12h6",
        Status::Paused => "M5.5 3v10M10.5 3v10",
        Status::Parked => "M5.2 2h5.6L14 5.2v5.6L10.8 14H5.2L2 10.8V5.2zM8 5v4M8 11v.5",
        Status::Completed => "M3 8.5l3.5 3.5L13 4.5",
        Status::Failed => "M4 4l8 8M12 4l-8 8",
        Status::Cancelled | Status::Refused => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M4 12l8-8",
        Status::TimedOut => "M4 2h8M4 14h8M5 2c0 6 6 6 6 12M11 2c0 6-6 6-6 12",
        _ => "M3 8h9M8.5 4.5L12 8l-3.5 3.5",
    }
}

/// Returns a status by form, word and color.
pub(crate) fn status(status: Status) -> Markup {
    html! {
        span class={ "status " (status.as_str()) } {
            svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false" { path d=(sign(status)) {} }
            (word(status))
        }
    }
}

/// Returns a link to another run, with its status.
pub(crate) fn reference(run: &RunRef) -> Markup {
    html! { a href=(links::run(&run.id)) { (run.id) } " " span.quiet { (run.workflow) } " " (status(run.status)) }
}

#[cfg(test)]
mod tests {
    use super::{bytes, cut, hide, number};
    use serde_json::json;

    #[test]
    fn sizes_and_numbers_read_as_people_write_them() {
        assert_eq!([bytes(7), bytes(1_234), bytes(45_600_000)], ["7 bytes", "1.2 kB", "45 MB"]);
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!([cut("äöü", 2), cut("äö", 2)], ["äö…", "äö"]);
    }

    #[test]
    fn values_are_hidden_wherever_they_stand() {
        let mut answer = json!({
            "id": "a", "fields": { "total": 7 }, "outcome": { "form": "json", "value": { "form": 1 } },
            "items": [{ "value": { "form": "bytes", "size": 3 }, "message": "no card", "name": "charge" }], "recorded": null,
        });
        hide(&mut answer);
        assert_eq!(
            answer,
            json!({
                "id": "a", "fields": "[hidden]", "outcome": { "form": "hidden" },
                "items": [{ "value": { "form": "hidden" }, "message": "[hidden]", "name": "charge" }], "recorded": null,
            })
        );
    }
}
