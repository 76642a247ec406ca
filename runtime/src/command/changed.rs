//! The value of an entry that changes the context: the names of the fields, and their version.

use crate::record::{Kind, WrittenFields};
use crate::store::{EntryRow, FieldRow};
use serde::Deserialize;
use std::borrow::{Borrow, Cow};

/// The value of such an entry. Version 1 is omitted: an update is then a list of names.
#[derive(Deserialize)]
#[serde(untagged)]
enum Changed {
    Names(Vec<String>),
    Versioned {
        #[serde(default = "first")]
        version: u32,
        #[serde(default)]
        names: Vec<String>,
    },
}

const fn first() -> u32 {
    1
}

/// Encodes the value of an update's entry.
pub(super) fn to_json(version: u32, names: &[Cow<'_, str>]) -> String {
    let names = serde_json::to_string(names).expect("names are JSON");
    if version == 1 { names } else { format!(r#"{{"version":{version},"names":{names}}}"#) }
}

/// Returns the version of the context in which a change was recorded.
pub(crate) fn version(entry: &EntryRow) -> u32 {
    read(entry).map_or(1, |(version, _)| version)
}

/// Returns which of the rows that an entry wrote are missing, as a sentence.
pub(crate) fn missing_rows(entry: &EntryRow, written: &[impl Borrow<FieldRow>]) -> Option<String> {
    let (seq, found) = (entry.seq, written.len() as u64);
    let missing = without_rows(entry, |name| written.iter().any(|row| row.borrow().name == name));
    let what = match entry.context.filter(|_| entry.writes_fields()) {
        Some(count) if count > found => {
            format!("entry {seq} has written {count} rows of fields, and `steadfast_fields` has {found} of them")
        }
        _ if missing.is_empty() => return None,
        _ => format!(
            "entry {seq} has written the fields `{}`, and their rows in `steadfast_fields` are missing",
            missing.join("`, `")
        ),
    };
    Some(format!("{what}. Restore the database from a copy, or delete the run"))
}

/// The value of an entry that sets a whole context.
#[derive(Deserialize)]
struct Whole {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
}

/// Returns the fields of an entry that have no row.
fn without_rows(entry: &EntryRow, has_row: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = match entry.kind.written_fields() {
        WrittenFields::Listed => read(entry).map(|(_, names)| names),
        WrittenFields::InSchema => entry
            .value
            .as_ref()
            .and_then(|value| serde_json::from_slice::<Whole>(&value.bytes).ok())
            .map(|whole| whole.fields.into_iter().map(|field| field.name).collect()),
        WrittenFields::Counted | WrittenFields::IfStored | WrittenFields::None => None,
    }
    .unwrap_or_default();
    names.retain(|name| !has_row(name));
    names
}

/// Returns the version and the names that the entry of a change has.
pub(super) fn read(entry: &EntryRow) -> Option<(u32, Vec<String>)> {
    debug_assert!(matches!(entry.kind, Kind::ContextSet | Kind::ContextUpdated | Kind::ContextRefused));
    match serde_json::from_slice(&entry.value.as_ref()?.bytes).ok()? {
        Changed::Names(names) => Some((1, names)),
        Changed::Versioned { version, names } => Some((version, names)),
    }
}
