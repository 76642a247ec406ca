//! JSON text that is taken apart without being read: where elements and members stand.
//!
//! `serde_json` has `RawValue` for this, but its feature `raw_value` holds for the whole program of a user: there it makes a
//! `serde_json::Value` with the key `$serde_json::private::RawValue` another value when it is read.

use serde::de::{Error as _, IgnoredAny};
use serde_json::Error;
use std::borrow::Cow;

/// One JSON value as its text, without the space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonText<'a>(&'a str);

impl<'a> JsonText<'a> {
    /// Checks a whole text.
    ///
    /// # Errors
    /// It is not one JSON value.
    pub(crate) fn new(text: &'a [u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(text)?;
        let value = cursor.value()?;
        cursor.end()?;
        Ok(value)
    }

    pub(crate) const fn get(self) -> &'a str {
        self.0
    }

    /// The elements of an array.
    ///
    /// # Errors
    /// The text is no array.
    pub(crate) fn elements(text: &'a [u8]) -> Result<Vec<Self>, Error> {
        let mut cursor = Cursor::new(text)?;
        let mut elements = Vec::new();
        cursor.list('[', ']', |cursor| {
            elements.push(cursor.value()?);
            Ok(())
        })?;
        cursor.end()?;
        Ok(elements)
    }

    /// The members of an object in their order; a key may stand twice.
    ///
    /// # Errors
    /// The text is no object.
    pub(crate) fn members(text: &'a [u8]) -> Result<Vec<(Cow<'a, str>, Self)>, Error> {
        let mut cursor = Cursor::new(text)?;
        let mut members = Vec::new();
        cursor.list('{', '}', |cursor| {
            let key = cursor.value()?.text()?;
            cursor.expect(':')?;
            members.push((key, cursor.value()?));
            Ok(())
        })?;
        cursor.end()?;
        Ok(members)
    }

    /// What a text in quotes says; borrowed where it has no escape.
    fn text(self) -> Result<Cow<'a, str>, Error> {
        let inner = self.0.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match inner {
            Some(inner) if !inner.contains('\\') => Ok(Cow::Borrowed(inner)),
            Some(_) => serde_json::from_str(self.0).map(Cow::Owned),
            None => Err(Error::custom("expected a key in quotes")),
        }
    }
}

/// A place in a text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(text).map_err(Error::custom)?;
        Ok(Self { text, at: 0 })
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        let rest = rest.trim_start_matches([' ', '\n', '\t', '\r']);
        self.at = self.text.len() - rest.len();
        rest.chars().next()
    }

    fn eat(&mut self, expected: char) -> bool {
        let here = self.peek() == Some(expected);
        if here {
            self.at += expected.len_utf8();
        }
        here
    }

    fn expect(&mut self, expected: char) -> Result<(), Error> {
        if self.eat(expected) {
            return Ok(());
        }
        let found = self.peek().map_or_else(|| "its end".to_owned(), |found| format!("`{found}`"));
        Err(Error::custom(format!("expected `{expected}`, found {found} at byte {} of the JSON text", self.at)))
    }

    /// The value that begins here; `serde_json` says whether it is one, and where it ends.
    fn value(&mut self) -> Result<JsonText<'a>, Error> {
        self.peek();
        let rest = &self.text[self.at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next().ok_or_else(|| Error::custom("the JSON text ends where a value is expected"))??;
        let length = values.byte_offset();
        self.at += length;
        Ok(JsonText(&rest[..length]))
    }

    /// What stands between two brackets, with commas between.
    fn list(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect(open)?;
        if self.eat(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.eat(close) {
                return Ok(());
            }
            self.expect(',')?;
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Error::custom(format!("trailing characters at byte {} of the JSON text", self.at))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JsonText;

    fn elements(text: &str) -> Result<Vec<&str>, String> {
        let elements = JsonText::elements(text.as_bytes()).map_err(|error| error.to_string())?;
        Ok(elements.into_iter().map(JsonText::get).collect())
    }

    #[test]
    fn an_array_is_taken_apart() {
        assert_eq!(
            elements(" [ 1 , \"a,]\\\"\" ,[2,{\"b\":[]}],-1.5e3,null ,true] \n").unwrap(),
            ["1", r#""a,]\"""#, r#"[2,{"b":[]}]"#, "-1.5e3", "null", "true"]
        );
        assert_eq!(elements("[]").unwrap(), Vec::<&str>::new());
        let deep = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(elements(&deep).unwrap().len(), 1);
        for bad in
            ["", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]x", "{}", "1", "[01]", "[tru]", "[\"a]", "[\"\n\"]"]
        {
            assert!(elements(bad).is_err(), "{bad}");
        }
        assert!(JsonText::elements(b"[\"\xff\"]").is_err());
    }

    #[test]
    fn an_object_is_taken_apart() {
        let text = r#"{"a" : 1, "b\"\u0041": {"$serde_json::private::RawValue":"2"},"":[],"a":3}"#;
        let members = JsonText::members(text.as_bytes()).unwrap();
        let members: Vec<_> = members.iter().map(|(key, value)| (&**key, value.get())).collect();
        let marked = r#"{"$serde_json::private::RawValue":"2"}"#;
        assert_eq!(members, [("a", "1"), ("b\"A", marked), ("", "[]"), ("a", "3")]);
        for bad in ["", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{a:1}", "{\"a\" 1}", "[]", "{\"\\x\":1}"] {
            assert!(JsonText::members(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_is_one_value() {
        assert_eq!(JsonText::new(b" {\"a\": 1} ").unwrap().get(), "{\"a\": 1}");
        for bad in ["", " ", "1 2", "{", "nul"] {
            assert!(JsonText::new(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
