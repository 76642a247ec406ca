//! The command line that does the same as a form.

use super::{About, Action};
use crate::asked::Asked;
use crate::pages::Filter;

/// Returns the command line of an action with the fields as they are filled in.
pub(crate) fn line(asked: &Asked, action: &Action) -> String {
    let mut words = vec!["steadfast".to_owned()];
    // It was given as it is written on a command line.
    words.extend(asked.shared.database.clone());
    words.extend(action.command.split(' ').map(str::to_owned));
    let (mut options, mut arguments) = (Vec::new(), Vec::new());
    match action.about {
        About::Runs => options.extend(Filter::of(&asked.query).map(|filter| filter.options()).unwrap_or_default()),
        about => arguments.extend(asked.query.text(about.parameter()).map(quoted)),
    }
    for field in action.fields {
        let value = match asked.query.text(field.name) {
            Some(value) => value,
            // These say that there is no limit.
            None if matches!(field.name, "total" | "per_key" | "rate") && action.about == About::Queue => "none",
            None => continue,
        };
        if field.option.is_empty() { arguments.push(quoted(value)) } else { options.push(option(field.option, value)) }
    }
    if action.word == "export" {
        arguments.push("run.db".to_owned());
    }
    if let Some(why) = asked.query.text("why") {
        options.push(option("--why", why));
    }
    words.extend(options);
    if arguments.iter().any(|argument| argument.starts_with('-')) {
        words.push("--".to_owned());
    }
    words.extend(arguments);
    words.join(" ")
}

/// Writes an option; a value that looks like an option itself is joined to it.
pub(crate) fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{between}{}", quoted(value))
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | ':' | '/' | '@' | '=' | '+');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::{option, quoted};

    #[test]
    fn a_shell_reads_what_was_meant() {
        for (word, text) in [
            ("order-1", "order-1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(rm -rf ~)`x`", "'$(rm -rf ~)`x`'"),
            ("a\nb", "'a\nb'"),
        ] {
            assert_eq!(quoted(word), text);
        }
        assert_eq!([option("--why", "-x"), option("--why", "no card")], ["--why=-x", "--why 'no card'"]);
    }
}
