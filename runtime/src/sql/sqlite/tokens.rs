//! The tokens of a statement, for names that SQLite does not pass to an authorizer.

/// A token of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name, in lower case and without its quotes.
    Name(String),
    /// A text in single quotes, in lower case.
    Text(String),
    Sign(char),
}

/// The words after which SQLite takes a text in single quotes as a name too.
const BEFORE_NAMES: [&str; 12] =
    ["references", "to", "update", "into", "from", "join", "table", "rollback", "abort", "replace", "fail", "ignore"];

/// Splits a statement into tokens, without its comments.
pub(super) fn tokens(statement: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        let word = match first {
            '-' if rest.starts_with('-') => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            '/' if rest.starts_with('*') => {
                rest = rest[1..].split_once("*/").map_or("", |(_, after)| after);
                continue;
            }
            ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{feff}' => continue,
            '\'' | '"' | '`' | '[' => {
                let text = quoted(&mut rest, if first == '[' { ']' } else { first });
                let named = match tokens.last() {
                    Some(Token::Name(name)) => BEFORE_NAMES.contains(&name.as_str()),
                    Some(Token::Sign(sign)) => *sign == '.',
                    _ => false,
                };
                if first == '\'' && !named { Token::Text(text) } else { Token::Name(text) }
            }
            _ if is_of_a_name(first) => {
                let end = rest.find(|other| !is_of_a_name(other)).unwrap_or(rest.len());
                let name = format!("{first}{}", &rest[..end]).to_ascii_lowercase();
                rest = &rest[end..];
                Token::Name(name)
            }
            sign => Token::Sign(sign),
        };
        tokens.push(word);
    }
    tokens
}

const fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$' || !letter.is_ascii()
}

/// Reads up to the closing quote; a doubled quote is one quote of the text.
fn quoted(rest: &mut &str, quote: char) -> String {
    let mut text = String::new();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            let after = &rest[at + 1..];
            if quote == ']' || !after.starts_with(quote) {
                *rest = after;
                return text;
            }
            letters.next();
        }
        text.push(letter.to_ascii_lowercase());
    }
    *rest = "";
    text
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens};

    fn name(text: &str) -> Token {
        Token::Name(text.to_owned())
    }

    #[test]
    fn texts_are_no_names_unless_sqlite_takes_them_as_such() {
        assert_eq!(tokens("-- a\n /* b */ DEFAULT 'It''s'"), [name("default"), Token::Text("it's".into())]);
        assert_eq!(tokens("References/**/'A' \"b\"\"c\" [d]"), ["references", "a", "b\"c", "d"].map(name));
        assert_eq!(tokens("x.'y'"), [name("x"), Token::Sign('.'), name("y")]);
        assert_eq!(tokens("'ä"), [Token::Text("ä".into())]);
        assert_eq!(tokens(" ; -- nothing"), [Token::Sign(';')]);
    }
}
