//! The entries of one append as one row.
//!
//! A row has the number of its last entry, a time, and a JSON array with an array for each entry: kind, position, form and
//! size of its value, attempt, name, cause, context, due, other, and its own time if it is another. What is null at the end
//! is left out. The values themselves lie one behind the other in `bodies`, byte for byte.

#[expect(clippy::option_option, reason = "a cell may be null, or not what it should be")]
mod scan;

use super::columns::{Columns, Flaw, wrong};
use crate::record::Kind;
use crate::store::EntryRow;
use crate::value::{Encoding, Value};
use bytes::Bytes;
use scan::{Scan, Scanned};
use serde::Serialize;
use std::borrow::Cow;

/// The most entries of one row: what reads a page of a history reads no more than this beyond it.
const MEMBERS: usize = 64;

/// The most bytes of the values in one row of several entries: a larger value has a row of its own.
const BYTES: usize = 1 << 20;

/// What each column of an entry holds, in messages.
const COLUMNS: [(&str, &str); 11] = [
    ("kind", "a word"),
    ("position", "an integer or null"),
    ("form", "a word or null"),
    ("size", "an integer or null"),
    ("attempt", "an integer or null"),
    ("name", "a text or null"),
    ("cause", "an integer or null"),
    ("context", "an integer or null"),
    ("due", "an integer or null"),
    ("other", "a text or null"),
    ("at", "an integer or null"),
];

/// One column of an entry.
#[derive(Serialize)]
#[serde(untagged)]
enum Column<'a> {
    Number(u64),
    Time(i64),
    Text(&'a str),
}

/// Entries as a row.
pub(in crate::store) struct Packed {
    pub(in crate::store) last: u64,
    pub(in crate::store) count: usize,
    pub(in crate::store) at: i64,
    pub(in crate::store) format: u16,
    pub(in crate::store) entries: Vec<u8>,
    pub(in crate::store) bodies: Vec<u8>,
}

/// Splits entries into rows.
pub(in crate::store) fn rows(entries: &[EntryRow]) -> impl Iterator<Item = &[EntryRow]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let (row, left) = rest.split_at(length(rest));
        rest = left;
        (!row.is_empty()).then_some(row)
    })
}

/// Returns how many entries the next row has: they have one format, and are few and small enough, or one.
fn length(entries: &[EntryRow]) -> usize {
    let mut bytes = 0_usize;
    let fits = |entry: &&EntryRow| {
        bytes = bytes.saturating_add(entry.value.as_ref().map_or(0, |value| value.bytes.len()));
        entry.format == entries[0].format && bytes <= BYTES
    };
    entries.iter().take(MEMBERS).take_while(fits).count().max(1).min(entries.len())
}

/// Packs entries that follow each other and have one format; `None` if there are none.
pub(in crate::store) fn pack(entries: &[EntryRow]) -> Option<Packed> {
    let (first, last) = (entries.first()?, entries.last()?);
    let sizes = entries.iter().filter_map(|entry| entry.value.as_ref()).map(|value| value.bytes.len());
    let mut bodies = Vec::with_capacity(sizes.sum());
    let mut text = Vec::with_capacity(64 * entries.len());
    for entry in entries {
        text.push(if text.is_empty() { b'[' } else { b',' });
        let columns = columns(entry, first.at);
        let length = columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        // Numbers and texts are always JSON.
        serde_json::to_writer(&mut text, &columns[..length]).ok()?;
        bodies.extend_from_slice(entry.value.as_ref().map_or(&[][..], |value| &value.bytes));
    }
    text.push(b']');
    Some(Packed { last: last.seq, count: entries.len(), at: first.at, format: last.format, entries: text, bodies })
}

fn columns(entry: &EntryRow, at: i64) -> [Option<Column<'_>>; 11] {
    let value = entry.value.as_ref();
    [
        Some(Column::Text(entry.kind.as_str())),
        entry.position.map(Column::Number),
        value.map(|value| Column::Text(value.encoding.as_str())),
        value.map(|value| Column::Number(value.bytes.len() as u64)),
        entry.attempt.map(|attempt| Column::Number(attempt.into())),
        entry.name.as_deref().map(Column::Text),
        entry.cause.map(Column::Number),
        entry.context.map(Column::Number),
        entry.due.map(Column::Time),
        entry.other.as_deref().map(Column::Text),
        Some(Column::Time(entry.at)).filter(|_| entry.at != at),
    ]
}

/// A row as it is read.
pub(super) struct Row<'a> {
    last: u64,
    count: u64,
    at: i64,
    format: u16,
    entries: &'a str,
    /// `None` if the values are not read.
    bodies: Option<&'a [u8]>,
}

/// The columns of a row, in the order in which they are read.
pub(super) const READ: &[&str] = &["seq", "count", "at", "format", "entries", "bodies"];

impl<'a> Row<'a> {
    pub(super) fn of(columns: &Columns<'a>) -> Result<Self, Flaw> {
        let (last, count) = (columns.number("seq")?, columns.number("count")?);
        let at = columns.int("at")?;
        let (format, entries) = (columns.format()?, columns.text("entries")?);
        Ok(Self { last, count, at, format, entries, bodies: columns.maybe_bytes("bodies")? })
    }

    /// Adds the entries after a number to those that were read, and returns the number of the first one of the row.
    pub(super) fn unpack(&self, after: u64, to: &mut Vec<EntryRow>) -> Result<u64, Flaw> {
        let Self { last, count, entries, bodies, .. } = *self;
        let first = (last + 1).checked_sub(count).filter(|first| *first > 0 && count > 0).unwrap_or(1);
        let mut scan = Scan::new(entries);
        let (mut seq, mut end) = (first, 0);
        while let Some(found) = scan.next_member() {
            let n = seq - first;
            let Some(member) = found else { return Err(flaw_of(entries, first)) };
            let size = member.size.unwrap_or(0);
            // The values of those that were read before may be large.
            if seq > after {
                to.push(self.entry(seq, member, end).map_err(|flaw| in_member(first, n, flaw))?);
            }
            (seq, end) = (seq + 1, end.saturating_add(size));
        }
        if !scan.is_at_end() {
            return Err(flaw_of(entries, first));
        }
        let members = seq - first;
        if members != count || first + count != last + 1 {
            let expected = format!("the {count} entries up to number {last}");
            return Err(wrong("entries", &expected, &format!("{members} members")));
        }
        match bodies {
            Some(bodies) if bodies.len() != end => {
                Err(wrong("bodies", &format!("{end} bytes"), &format!("{} bytes", bodies.len())))
            }
            _ => Ok(first),
        }
    }

    /// Returns the entry of a member, whose value begins where the one before it ends.
    fn entry(&self, seq: u64, member: Scanned<'_>, end: usize) -> Result<EntryRow, Flaw> {
        let known = || wrong("kind", "a word that this version knows", &format!("the text {:?}", member.kind));
        let kind = Kind::parse(&member.kind).ok_or_else(known)?;
        let value = match (member.form, member.size, self.bodies) {
            (Some(form), Some(size), Some(bodies)) => Some(value(&form, bodies, end, size)?),
            (None, Some(1..), _) => return Err(wrong("form", "a word", "nothing")),
            (Some(_), None, _) => return Err(wrong("size", "an integer", "nothing")),
            _ => None,
        };
        Ok(EntryRow {
            seq,
            format: self.format,
            kind,
            cause: member.cause,
            at: member.at.unwrap_or(self.at),
            position: member.position,
            name: member.name.map(Cow::into_owned),
            attempt: member.attempt,
            context: member.context,
            due: member.due,
            value,
            other: member.other.filter(|_| self.bodies.is_some()).map(Cow::into_owned),
        })
    }
}

fn value(form: &str, bodies: &[u8], from: usize, size: usize) -> Result<Value, Flaw> {
    let unknown = || wrong("form", "a word that this version knows", &format!("the text {form:?}"));
    let encoding = Encoding::parse(form).ok_or_else(unknown)?;
    let end = from.saturating_add(size);
    let bytes = bodies
        .get(from..end)
        .ok_or_else(|| wrong("bodies", &format!("{end} bytes"), &format!("{} bytes", bodies.len())))?;
    match std::str::from_utf8(bytes) {
        Err(error) if encoding == Encoding::Json => {
            Err(wrong("bodies", "JSON text", &format!("bytes that are no text ({error})")))
        }
        _ => Ok(Value { encoding, bytes: Bytes::copy_from_slice(bytes) }),
    }
}

/// Returns which member of the array is wrong.
fn flaw_of(text: &str, first: u64) -> Flaw {
    let members = match serde_json::from_str::<Vec<serde_json::Value>>(text) {
        Ok(members) => members,
        Err(error) => return wrong("entries", "a JSON array", &format!("text that is none ({error})")),
    };
    let wrong_one = (0..).zip(&members).find_map(|(n, member)| Some((n, flaw_of_member(member)?)));
    match wrong_one {
        Some((n, flaw)) => in_member(first, n, flaw),
        None => wrong("entries", "JSON without spaces, as this library writes it", "another form of it"),
    }
}

fn flaw_of_member(member: &serde_json::Value) -> Option<Flaw> {
    let most = COLUMNS.len();
    let Some(columns) = member.as_array().filter(|columns| (1..=most).contains(&columns.len())) else {
        let found = member.as_array().map_or_else(|| "no array".to_owned(), |found| format!("{}", found.len()));
        return Some(wrong("entries", &format!("1 to {most} columns for each entry"), &found));
    };
    columns.iter().zip(COLUMNS).find_map(|(found, (name, expected))| {
        let fits = match expected {
            "a word" => found.is_string(),
            "a word or null" | "a text or null" => found.is_string() || found.is_null(),
            _ => found.is_i64() || found.is_u64() || found.is_null(),
        };
        let in_range = match name {
            "at" | "due" => found.is_null() || found.is_i64(),
            "attempt" => found.as_u64().is_none_or(|attempt| u32::try_from(attempt).is_ok()) && !is_negative(found),
            _ => !is_negative(found),
        };
        let shown = format!("`{}`", found.to_string().chars().take(60).collect::<String>());
        (!fits || !in_range).then(|| wrong(name, expected, &shown))
    })
}

fn is_negative(found: &serde_json::Value) -> bool {
    found.as_i64().is_some_and(|number| number < 0)
}

/// Adds the entry to a flaw of one member, counted from 0.
fn in_member(first: u64, n: u64, flaw: Flaw) -> Flaw {
    match flaw {
        Flaw::Damaged(what) => {
            Flaw::Damaged(format!("entry {}, its member {}: {what}", first.saturating_add(n), n.saturating_add(1)))
        }
        newer @ Flaw::Newer(_) => newer,
    }
}
