//! The values of a row as Rust types, or a message on what they are instead.

use super::{Cell, Row};
use crate::record::FORMAT;
use crate::value::{Encoding, Value};
use bytes::Bytes;

/// The reason why a row cannot be read. The reader adds which row it is.
#[derive(Debug)]
pub(in crate::store) enum Flaw {
    /// The row differs from what was written.
    Damaged(String),
    /// The row has this format, of a newer version.
    Newer(i64),
}

/// A row whose columns have names.
pub(in crate::store) struct Columns<'a> {
    row: &'a dyn Row,
    names: &'static [&'static str],
    /// The column after the last one that was read. Rows are usually read from left to right, and a long history has
    /// many, so this saves the search by name.
    next: std::cell::Cell<usize>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(row: &'a dyn Row, names: &'static [&'static str]) -> Self {
        Self { row, names, next: std::cell::Cell::new(0) }
    }

    fn cell(&self, name: &str) -> Cell<'a> {
        let next = self.next.get();
        let column = match self.names.get(next) {
            Some(known) if *known == name => Some(next),
            _ => self.names.iter().position(|known| *known == name),
        };
        let Some(column) = column else { return Cell::Null };
        self.next.set(column + 1);
        self.row.cell(column)
    }

    pub(super) fn int(&self, name: &str) -> Result<i64, Flaw> {
        self.maybe_int(name)?.ok_or_else(|| wrong(name, "an integer", &shown(Cell::Null)))
    }

    pub(super) fn maybe_int(&self, name: &str) -> Result<Option<i64>, Flaw> {
        match self.cell(name) {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(value)),
            other => Err(wrong(name, "an integer", &shown(other))),
        }
    }

    /// Returns an integer of a narrower type, such as a sequence number.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<T, Flaw> {
        self.maybe_number(name)?.ok_or_else(|| wrong(name, "an integer", &shown(Cell::Null)))
    }

    pub(super) fn maybe_number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, Flaw> {
        let Some(value) = self.maybe_int(name)? else { return Ok(None) };
        T::try_from(value).map(Some).map_err(|_| wrong(name, "an integer in its range", &value.to_string()))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Flaw> {
        self.maybe_text(name)?.ok_or_else(|| wrong(name, "text", &shown(Cell::Null)))
    }

    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, Flaw> {
        match self.cell(name) {
            Cell::Null => Ok(None),
            cell => as_text(name, cell).map(Some),
        }
    }

    pub(super) fn maybe_bytes(&self, name: &str) -> Result<Option<&'a [u8]>, Flaw> {
        match self.cell(name) {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            other => Err(wrong(name, "bytes", &shown(other))),
        }
    }

    /// Returns the value of a column that holds one of a set of words.
    pub(super) fn word<T>(&self, name: &str, parse: fn(&str) -> Option<T>) -> Result<T, Flaw> {
        as_word(name, self.cell(name), parse)
    }

    /// Returns the format of the row. A newer one is an error before anything else is read.
    pub(super) fn format(&self) -> Result<u16, Flaw> {
        match self.int("format")? {
            format if format > i64::from(FORMAT) => Err(Flaw::Newer(format)),
            _ => self.number("format"),
        }
    }

    /// Returns the value in the columns `form` and `body`.
    pub(super) fn value(&self) -> Result<Option<Value>, Flaw> {
        let (encoding, body) = (self.cell("form"), self.cell("body"));
        if encoding == Cell::Null && body == Cell::Null {
            return Ok(None);
        }
        let encoding = as_word("form", encoding, Encoding::parse)?;
        match (encoding, body) {
            (Encoding::Json, Cell::Text(_) | Cell::Json(_)) => {
                let text = as_text("body", body)?;
                Ok(Some(Value { encoding, bytes: Bytes::copy_from_slice(text.as_bytes()) }))
            }
            (Encoding::Json, other) => Err(wrong("body", "JSON text", &shown(other))),
            (_, Cell::Bytes(bytes)) => Ok(Some(Value { encoding, bytes: Bytes::copy_from_slice(bytes) })),
            (_, other) => Err(wrong("body", "bytes", &shown(other))),
        }
    }
}

fn as_text<'a>(column: &str, cell: Cell<'a>) -> Result<&'a str, Flaw> {
    let (Cell::Text(text) | Cell::Json(text)) = cell else { return Err(wrong(column, "text", &shown(cell))) };
    std::str::from_utf8(text).map_err(|error| wrong(column, "text", &format!("bytes that are no text ({error})")))
}

fn as_word<T>(column: &str, cell: Cell<'_>, parse: fn(&str) -> Option<T>) -> Result<T, Flaw> {
    let word = as_text(column, cell)?;
    parse(word).ok_or_else(|| wrong(column, "a word that this version knows", &shown(cell)))
}

/// Returns the cells of a value's encoding and body.
pub(super) fn value_cells(value: Option<&Value>) -> [Cell<'_>; 2] {
    let Some(value) = value else { return [Cell::Null, Cell::Null] };
    let body = if value.encoding == Encoding::Json { Cell::Json(&value.bytes) } else { Cell::Bytes(&value.bytes) };
    [Cell::Text(value.encoding.as_str().as_bytes()), body]
}

pub(super) fn text_or_null(text: Option<&String>) -> Cell<'_> {
    text.map_or(Cell::Null, |text| Cell::Text(text.as_bytes()))
}

pub(super) fn wrong(column: &str, expected: &str, found: &str) -> Flaw {
    Flaw::Damaged(format!("its column `{column}` should hold {expected}, but it holds {found}"))
}

fn shown(cell: Cell<'_>) -> String {
    const SHOWN: usize = 60;
    match cell {
        Cell::Null => "nothing".to_owned(),
        Cell::Int(value) => format!("the integer {value}"),
        Cell::Text(text) | Cell::Json(text) => {
            let cut = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned();
            format!("the text {cut:?}{}", if text.len() > SHOWN { ".." } else { "" })
        }
        Cell::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Cell::Other(name) => format!("a {name}"),
    }
}
