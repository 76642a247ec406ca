//! Scans the array of a row, entry by entry. A restart reads every entry of a history, and this takes a third of the time
//! that a general reader of JSON takes.

use std::borrow::Cow;

/// The columns of one entry, as they are read.
pub(super) struct Scanned<'a> {
    pub(super) kind: Cow<'a, str>,
    pub(super) position: Option<u64>,
    pub(super) form: Option<Cow<'a, str>>,
    pub(super) size: Option<usize>,
    pub(super) attempt: Option<u32>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) cause: Option<u64>,
    pub(super) context: Option<u64>,
    pub(super) due: Option<i64>,
    pub(super) other: Option<Cow<'a, str>>,
    pub(super) at: Option<i64>,
}

/// What is left of an array. It reads JSON without spaces, as SQLite and this library write it.
pub(super) struct Scan<'a> {
    rest: &'a str,
    any: bool,
}

impl<'a> Scan<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, any: false }
    }

    /// Returns the next member: `None` at the end of the array, and `Some(None)` if it is not one.
    pub(super) fn next_member(&mut self) -> Option<Option<Scanned<'a>>> {
        if self.rest.starts_with(']') && self.any {
            return None;
        }
        let begins = self.eat(if self.any { ",[" } else { "[[" });
        self.any = true;
        Some(begins.and_then(|()| self.member()))
    }

    /// Returns whether nothing follows the array.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest == "]"
    }

    fn member(&mut self) -> Option<Scanned<'a>> {
        let member = Scanned {
            kind: self.text()?,
            position: self.maybe(Self::number)?,
            form: self.maybe(Self::text)?,
            size: self.maybe(Self::number)?,
            attempt: self.maybe(Self::number)?,
            name: self.maybe(Self::text)?,
            cause: self.maybe(Self::number)?,
            context: self.maybe(Self::number)?,
            due: self.maybe(Self::number)?,
            other: self.maybe(Self::text)?,
            at: self.maybe(Self::number)?,
        };
        self.eat("]").map(|()| member)
    }

    fn eat(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Reads a value or null after a comma; the member may end before.
    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.rest.starts_with(']') {
            return Some(None);
        }
        self.eat(",")?;
        if self.eat("null").is_some() { Some(None) } else { read(self).map(Some) }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Option<T> {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'-')?;
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        number.parse().ok()
    }

    fn text(&mut self) -> Option<Cow<'a, str>> {
        let text = self.rest.strip_prefix('"')?;
        let end = text.bytes().position(|byte| byte == b'"' || byte == b'\\')?;
        if text.as_bytes()[end] == b'"' {
            self.rest = &text[end + 1..];
            return Some(Cow::Borrowed(&text[..end]));
        }
        // It has escapes.
        let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let found = texts.next()?.ok()?;
        self.rest = &self.rest[texts.byte_offset()..];
        Some(Cow::Owned(found))
    }
}
