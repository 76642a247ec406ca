//! The options about TLS in a connection string, of which the client of Postgres knows only a part.

use std::borrow::Cow;

/// The options that are taken out.
const OURS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// A connection string without our options, and these.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub(super) rest: String,
    /// In their order: the last one of a name counts.
    pub(super) ours: Vec<(&'static str, String)>,
}

/// Takes our options out. Faults of the string stay in the rest, where the client finds them.
pub(super) fn split(text: &str) -> Split {
    let schemes = ["postgres://", "postgresql://"];
    if schemes.iter().any(|scheme| text.starts_with(scheme)) { split_url(text) } else { split_words(text) }
}

/// Splits `postgres://user:password@host/database?name=value&name=value`.
fn split_url(text: &str) -> Split {
    // A password may contain a question mark, so the client looks for the end of the password first.
    let from = text.find('@').unwrap_or_default();
    let Some(parameters) = text[from..].find('?').map(|mark| from + mark + 1) else {
        return Split { rest: text.to_owned(), ours: Vec::new() };
    };
    let mut split = Split { rest: text[..parameters - 1].to_owned(), ours: Vec::new() };
    let mut mark = '?';
    for parameter in text[parameters..].split('&') {
        let ours = parameter.split_once('=').and_then(|(name, value)| {
            let name = decoded(name)?;
            let name = OURS.into_iter().find(|ours| *ours == name)?;
            Some((name, decoded(value)?.into_owned()))
        });
        if let Some(ours) = ours {
            split.ours.push(ours);
        } else if !parameter.is_empty() {
            split.rest.push(mark);
            split.rest += parameter;
            mark = '&';
        }
    }
    split
}

/// Decodes `%2F` to `/`; `None` if the result is no UTF-8.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// Splits `name=value name = 'a value'`.
fn split_words(text: &str) -> Split {
    let (mut split, mut left) = (Split::default(), text);
    while let Some((name, value, after)) = next_word(left) {
        if let Some(ours) = OURS.into_iter().find(|ours| *ours == name) {
            split.ours.push((ours, value));
        } else {
            split.rest += &left[..left.len() - after.len()];
        }
        left = after;
    }
    split.rest += left;
    split
}

/// Returns the name and value of the first option, and the rest; `None` if there is no option, or it has a fault.
fn next_word(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || c == '=')?;
    let (name, after) = text.split_at(end);
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let (is_quoted, after) = after.strip_prefix('\'').map_or((false, after), |quoted| (true, quoted));
    let (mut value, mut letters) = (String::new(), after.char_indices());
    loop {
        match letters.next() {
            Some((_, '\\')) => value.extend(letters.next().map(|(_, escaped)| escaped)),
            Some((at, '\'')) if is_quoted => return Some((name, value, &after[at + 1..])),
            Some((at, space)) if !is_quoted && space.is_whitespace() => return Some((name, value, &after[at..])),
            Some((_, letter)) => value.push(letter),
            None => return (!is_quoted && !value.is_empty()).then_some((name, value, "")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn is(text: &str, rest: &str, ours: &[(&str, &str)]) {
        let split = split(text);
        let found: Vec<_> = split.ours.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!((split.rest.as_str(), found.as_slice()), (rest, ours), "{text}");
    }

    #[test]
    fn options_about_tls_are_taken_out_of_a_url() {
        is("postgres://a:b@c/d", "postgres://a:b@c/d", &[]);
        is(
            "postgres://a:b?sslmode=disable@c/d?sslmode=require",
            "postgres://a:b?sslmode=disable@c/d",
            &[("sslmode", "require")],
        );
        is(
            "postgresql://c/d?a=1&sslrootcert=%2Fetc%2fca%20.pem&b=%zz&ssl%6Dode=verify-ca&c=",
            "postgresql://c/d?a=1&b=%zz&c=",
            &[("sslrootcert", "/etc/ca .pem"), ("sslmode", "verify-ca")],
        );
        is("postgres://c/d?nonsense&sslmode", "postgres://c/d?nonsense&sslmode", &[]);
        is("postgres://c/d?sslkey=%", "postgres://c/d", &[("sslkey", "%")]);
    }

    #[test]
    fn options_about_tls_are_taken_out_of_words() {
        is("host=a dbname=b", "host=a dbname=b", &[]);
        is(
            "host=a sslmode = verify-full  dbname='it\\'s sslmode=disable'",
            "host=a  dbname='it\\'s sslmode=disable'",
            &[("sslmode", "verify-full")],
        );
        is("sslcert='/a b/c.pem' host=a sslkey=/d\\ e", " host=a", &[("sslcert", "/a b/c.pem"), ("sslkey", "/d e")]);
        // The client reports the fault.
        is("host=a sslmode='require", "host=a sslmode='require", &[]);
        is("host=a sslmode=", "host=a sslmode=", &[]);
        is("sslmode", "sslmode", &[]);
    }
}
