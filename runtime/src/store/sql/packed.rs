//! The entries of one append as one row.
//!
//! A row has the number of its last entry, and a JSON array with an array for each entry: kind, time, cause, position,
//! name, attempt, context, due, other, and for its value the form, where it begins, and its size. The values themselves
//! lie one behind the other in `bodies`, byte for byte.

use super::columns::{Columns, Flaw, wrong};
use super::rows::FromRow;
use crate::record::Kind;
use crate::store::EntryRow;
use crate::value::{Encoding, Value};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The most entries of one row: what reads a page of a history reads no more than this beyond it.
const MEMBERS: usize = 64;

/// The columns of one entry.
#[derive(Serialize, Deserialize)]
struct Member<'a>(
    #[serde(borrow)] Cow<'a, str>,
    i64,
    Option<u64>,
    Option<u64>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    Option<u32>,
    Option<u64>,
    Option<i64>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    usize,
    usize,
);

/// What each column of an entry holds, in messages.
const COLUMNS: [(&str, &str); 12] = [
    ("kind", "a word"),
    ("at", "an integer"),
    ("cause", "an integer or null"),
    ("position", "an integer or null"),
    ("name", "a text or null"),
    ("attempt", "an integer or null"),
    ("context", "an integer or null"),
    ("due", "an integer or null"),
    ("other", "a text or null"),
    ("form", "a word or null"),
    ("from", "an integer"),
    ("size", "an integer"),
];

/// Entries as a row.
pub(super) struct Packed {
    pub(super) last: u64,
    pub(super) count: usize,
    pub(super) format: u16,
    pub(super) entries: Vec<u8>,
    pub(super) bodies: Vec<u8>,
}

/// Splits entries into rows. Those of a row have one format.
pub(super) fn rows(entries: &[EntryRow]) -> impl Iterator<Item = &[EntryRow]> {
    entries.chunk_by(|a, b| a.format == b.format).flat_map(|alike| alike.chunks(MEMBERS))
}

/// Packs entries that follow each other and have one format; `None` if there are none.
pub(super) fn pack(entries: &[EntryRow]) -> Option<Packed> {
    let last = entries.last()?;
    let mut bodies = Vec::with_capacity(entries.iter().filter_map(|entry| entry.value.as_ref()).map(size).sum());
    let mut members = Vec::with_capacity(entries.len());
    for entry in entries {
        let from = bodies.len();
        bodies.extend_from_slice(entry.value.as_ref().map_or(&[][..], |value| &value.bytes));
        members.push(Member(
            Cow::Borrowed(entry.kind.as_str()),
            entry.at,
            entry.cause,
            entry.position,
            entry.name.as_deref().map(Cow::Borrowed),
            entry.attempt,
            entry.context,
            entry.due,
            entry.other.as_deref().map(Cow::Borrowed),
            entry.value.as_ref().map(|value| Cow::Borrowed(value.encoding.as_str())),
            from,
            bodies.len() - from,
        ));
    }
    let (last, count, format) = (last.seq, entries.len(), last.format);
    // Numbers and texts are always JSON.
    let entries = serde_json::to_vec(&members).ok()?;
    Some(Packed { last, count, format, entries, bodies })
}

fn size(value: &Value) -> usize {
    value.bytes.len()
}

/// The entries of one row, as they are read.
pub(super) struct Unpacked(pub(super) Vec<EntryRow>);

impl FromRow for Unpacked {
    const COLUMNS: &'static [&'static str] = &["seq", "count", "format", "entries", "bodies"];
    const CALLED: (&'static str, &'static str) = ("the row that ends with entry", "seq");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        let (last, count): (u64, u64) = (row.number("seq")?, row.number("count")?);
        let (format, text) = (row.format()?, row.text("entries")?);
        let bodies = row.maybe_bytes("bodies")?.map(Bytes::copy_from_slice);
        let members: Vec<Member<'_>> =
            serde_json::from_str(text).map_err(|error| flaw_of(text, last, count, &error))?;
        if members.len() as u64 != count || count == 0 || count > last {
            let found = format!("{} members", members.len());
            return Err(wrong("entries", &format!("the {count} entries up to number {last}"), &found));
        }
        let mut end = 0;
        let mut entries = Vec::with_capacity(members.len());
        for (n, member) in members.into_iter().enumerate() {
            let size = member.11;
            let entry = entry(last + 1 + n as u64 - count, format, member, end, bodies.as_ref());
            entries.push(entry.map_err(|flaw| in_member(last, count, n, flaw))?);
            end = end.saturating_add(size);
        }
        match bodies {
            Some(bodies) if bodies.len() != end => {
                Err(wrong("bodies", &format!("{end} bytes"), &format!("{} bytes", bodies.len())))
            }
            _ => Ok(Self(entries)),
        }
    }
}

/// Returns the entry of a member. Without `bodies` it has no value.
fn entry(seq: u64, format: u16, member: Member<'_>, end: usize, bodies: Option<&Bytes>) -> Result<EntryRow, Flaw> {
    let Member(kind, at, cause, position, name, attempt, context, due, other, form, from, size) = member;
    let known = || wrong("kind", "a word that this version knows", &format!("the text {kind:?}"));
    let kind = Kind::parse(&kind).ok_or_else(known)?;
    if from != end {
        return Err(wrong("from", &format!("{end}, where the value before it ends"), &from.to_string()));
    }
    let value = match (form, bodies) {
        (Some(form), Some(bodies)) => Some(value(&form, bodies, from..from.saturating_add(size))?),
        (None, _) if size > 0 => return Err(wrong("form", "a word", "nothing")),
        _ => None,
    };
    let outlined = bodies.is_none();
    Ok(EntryRow {
        seq,
        format,
        kind,
        cause,
        at,
        position,
        name: name.map(Cow::into_owned),
        attempt,
        context,
        due,
        value,
        other: other.filter(|_| !outlined).map(Cow::into_owned),
    })
}

fn value(form: &str, bodies: &Bytes, place: std::ops::Range<usize>) -> Result<Value, Flaw> {
    let unknown = || wrong("form", "a word that this version knows", &format!("the text {form:?}"));
    let encoding = Encoding::parse(form).ok_or_else(unknown)?;
    if place.end > bodies.len() {
        return Err(wrong("bodies", &format!("{} bytes", place.end), &format!("{} bytes", bodies.len())));
    }
    let bytes = bodies.slice(place);
    match std::str::from_utf8(&bytes) {
        Err(error) if encoding == Encoding::Json => {
            Err(wrong("bodies", "JSON text", &format!("bytes that are no text ({error})")))
        }
        _ => Ok(Value { encoding, bytes }),
    }
}

/// Returns which member of the array is wrong.
fn flaw_of(text: &str, last: u64, count: u64, error: &serde_json::Error) -> Flaw {
    let Ok(members) = serde_json::from_str::<Vec<serde_json::Value>>(text) else {
        return wrong("entries", "a JSON array", &format!("text that is none ({error})"));
    };
    let wrong_one = members.iter().enumerate().find_map(|(n, member)| Some((n, flaw_of_member(member)?)));
    let (n, flaw) = wrong_one.unwrap_or_else(|| (0, wrong("entries", "an entry", &error.to_string())));
    in_member(last, count, n, flaw)
}

fn flaw_of_member(member: &serde_json::Value) -> Option<Flaw> {
    let Some(columns) = member.as_array().filter(|columns| columns.len() == COLUMNS.len()) else {
        let found = member.as_array().map_or_else(|| "no array".to_owned(), |found| format!("{}", found.len()));
        return Some(wrong("entries", &format!("{} columns for each entry", COLUMNS.len()), &found));
    };
    columns.iter().zip(COLUMNS).find_map(|(found, (name, expected))| {
        let fits = match expected {
            "a word" => found.is_string(),
            "a word or null" | "a text or null" => found.is_string() || found.is_null(),
            "an integer" => found.is_i64() || found.is_u64(),
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
fn in_member(last: u64, count: u64, n: usize, flaw: Flaw) -> Flaw {
    match flaw {
        Flaw::Damaged(what) => {
            let entry = (last + 1 + n as u64).saturating_sub(count);
            Flaw::Damaged(format!("entry {entry}, its member {}: {what}", n + 1))
        }
        newer @ Flaw::Newer(_) => newer,
    }
}
