//! The text of a user's statement: its parameters as Postgres names them, and what is refused.

/// A part of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    /// A keyword or a name, with its quotes.
    Name(&'a str),
    /// A text, in single quotes or between dollar signs.
    Text(&'a str),
    /// A comment.
    Comment(&'a str),
    /// `?`, with the number behind it.
    Parameter(&'a str),
    /// `??`, an operator `?`.
    Question,
    /// Anything else.
    Other(&'a str),
}

/// Returns the text as Postgres reads it, with how many parameters it has.
///
/// # Errors
/// Why the statement is refused.
pub(super) fn for_postgres(sql: &str) -> Result<(String, usize), String> {
    let parts = parts(sql);
    if let Some(why) = refusal(&parts) {
        return Err(why);
    }
    let mut text = String::with_capacity(sql.len() + 8);
    let (mut next, mut most) = (1_usize, 0);
    for part in parts {
        match part {
            Part::Parameter(given) => {
                let number = given[1..].parse().unwrap_or(next);
                next = number.saturating_add(1);
                most = most.max(number);
                text.push('$');
                text.push_str(&number.to_string());
            }
            Part::Question => text.push('?'),
            Part::Name(part) | Part::Text(part) | Part::Comment(part) | Part::Other(part) => text.push_str(part),
        }
    }
    Ok((text, most))
}

/// Returns why a statement may not be executed, if it may not.
fn refusal(parts: &[Part<'_>]) -> Option<String> {
    let names = parts.iter().filter_map(|part| match part {
        Part::Name(name) => Some(name.trim_matches('"').to_ascii_lowercase()),
        _ => None,
    });
    let names: Vec<String> = names.collect();
    let first = names.first().map_or("", String::as_str);
    let refused = match first {
        "" => "there is no statement in this text",
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" | "prepare" => {
            "a transaction is not begun, committed or rolled back by hand: the engine commits these rows together with its \
             own. Return an error to have them taken back"
        }
        "set" | "reset" | "discard" | "deallocate" | "execute" | "listen" | "unlisten" | "load" | "checkpoint" => {
            "the connection is the engine's, so its settings are not for transactions: set them for the role or the database"
        }
        "copy" => "`COPY` needs a connection of its own: insert the rows",
        "lock" => "a lock on a table would hold up the engine: lock rows, with `SELECT .. FOR UPDATE`",
        "vacuum" | "reindex" | "cluster" | "analyze" => {
            "this is not for transactions: let the database do it by itself"
        }
        "create" if names.iter().take(5).any(|name| name == "temp" || name == "temporary") => {
            "a temporary table would be there for all runs, which share the connection: make an ordinary one"
        }
        _ => return ours(parts),
    };
    Some(refused.to_owned())
}

/// Returns why a statement is refused that names a table of the engine, also within a function's body.
fn ours(parts: &[Part<'_>]) -> Option<String> {
    let is_ours = |name: &str| name.trim_matches('"').to_ascii_lowercase().starts_with("steadfast_");
    let named = parts.iter().find_map(|part| match part {
        Part::Name(name) if is_ours(name) => Some(name.trim_matches('"')),
        Part::Text(body) if body.starts_with('$') && body.to_ascii_lowercase().contains("steadfast_") => {
            Some("steadfast_..")
        }
        _ => None,
    })?;
    Some(format!("`{named}` is the engine's, to be read and written by nobody else: use a table of your own"))
}

fn parts(sql: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = length(rest, first, parts.last());
        let (part, after) = rest.split_at(length);
        rest = after;
        parts.push(match first {
            '"' => Part::Name(part),
            '\'' => Part::Text(part),
            '-' | '/' if part.len() > 1 => Part::Comment(part),
            '$' if part.len() > 1 => Part::Text(part),
            '?' if part == "??" => Part::Question,
            '?' => Part::Parameter(part),
            _ if is_of_a_name(first) => Part::Name(part),
            _ => Part::Other(part),
        });
    }
    parts
}

/// Returns the length of the part that begins with this character.
fn length(rest: &str, first: char, before: Option<&Part<'_>>) -> usize {
    let until = |end: Option<usize>| end.unwrap_or(rest.len());
    match first {
        '\'' => quoted(rest, '\'', matches!(before, Some(Part::Name("e" | "E")))),
        '"' => quoted(rest, '"', false),
        '-' if rest.starts_with("--") => until(rest.find('\n')),
        '/' if rest.starts_with("/*") => comment(rest),
        '$' => dollar_quoted(rest).unwrap_or(1),
        '?' if rest.starts_with("??") => 2,
        '?' => 1 + rest[1..].bytes().take_while(u8::is_ascii_digit).count(),
        _ if is_of_a_name(first) => until(rest.find(|letter| !is_of_a_name(letter) && letter != '$')),
        _ => first.len_utf8(),
    }
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii()
}

/// Returns the length up to the closing quote; a doubled quote is one quote of the text.
fn quoted(rest: &str, quote: char, has_escapes: bool) -> usize {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && has_escapes {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

/// Returns the length of a comment, in which there may be others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Returns the length of a text between dollar signs, `$$..$$` or `$name$..$name$`.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let name = rest[1..].find('$')?;
    let delimiter = &rest[..name + 2];
    let is_name = delimiter[1..=name]
        .chars()
        .enumerate()
        .all(|(at, letter)| is_of_a_name(letter) && (at > 0 || !letter.is_ascii_digit()));
    let end = rest[delimiter.len()..].find(delimiter).filter(|_| is_name)?;
    Some(end + 2 * delimiter.len())
}

#[cfg(test)]
mod tests {
    use super::for_postgres;

    fn read(sql: &str) -> Result<(String, usize), String> {
        for_postgres(sql)
    }

    #[test]
    fn parameters_are_numbered_and_texts_are_left_alone() {
        let cases = [
            ("SELECT ?1, ?2", "SELECT $1, $2", 2),
            ("SELECT ?, ?", "SELECT $1, $2", 2),
            ("SELECT ?2, ?", "SELECT $2, $3", 3),
            ("SELECT '?1', \"?2\", E'\\'?', ?1", "SELECT '?1', \"?2\", E'\\'?', $1", 1),
            ("SELECT $$ ?1 $$, $a$ ? $$ $a$, ?1", "SELECT $$ ?1 $$, $a$ ? $$ $a$, $1", 1),
            ("SELECT ?1 -- ?2\n, /* ?3 /* ?4 */ */ ?2", "SELECT $1 -- ?2\n, /* ?3 /* ?4 */ */ $2", 2),
            ("SELECT a ?? ?1", "SELECT a ? $1", 1),
            ("SELECT 'it''s ?', ?1", "SELECT 'it''s ?', $1", 1),
            ("SELECT ä, '", "SELECT ä, '", 0),
            ("SELECT /* open", "SELECT /* open", 0),
        ];
        for (given, wanted, parameters) in cases {
            assert_eq!(read(given), Ok((wanted.to_owned(), parameters)), "{given}");
        }
    }

    #[test]
    fn what_is_the_engines_is_refused() {
        for refused in [
            "",
            "-- nothing",
            "COMMIT",
            " /* a */ rollback",
            "SET ROLE x",
            "DELETE FROM steadfast_runs",
            "SELECT * FROM \"steadfast_runs\"",
            "SELECT * FROM public.Steadfast_Runs",
            "DO $$ BEGIN DELETE FROM steadfast_runs; END $$",
            "CREATE TEMP TABLE a (b INT)",
            "CREATE LOCAL TEMPORARY TABLE a (b INT)",
            "COPY a FROM STDIN",
            "LISTEN a",
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
        for accepted in
            ["SELECT 'steadfast_runs'", "SELECT a.temp FROM a", "SELECT my_steadfast_ FROM b -- steadfast_runs"]
        {
            assert!(read(accepted).is_ok(), "{accepted}");
        }
    }
}
