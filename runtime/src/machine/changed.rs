//! What an entry says of a change of the context: the names of the fields, and the version they are in.

use super::{Machine, ParkReason};
use crate::context::Schema;
use crate::record::Kind;
use crate::store::{EntryRow, FieldRow};
use serde::Deserialize;
use std::borrow::Borrow;
use std::collections::VecDeque;

/// What stands in an entry of a change. Version 1 is left away: an update is then a list of names.
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

/// What an update's entry says.
pub(super) fn to_json(version: u32, names: &[&str]) -> String {
    let names = serde_json::to_string(names).expect("names are JSON");
    if version == 1 { names } else { format!(r#"{{"version":{version},"names":{names}}}"#) }
}

/// The version of the context in which a change was recorded.
pub(crate) fn version(entry: &EntryRow) -> u32 {
    read(entry).map_or(1, |(version, _)| version)
}

/// Whether an update names the same fields as the recorded one. Their order in the struct may have changed; a field may
/// have another name now, or be gone. Those of an older version cannot be compared.
pub(super) fn is_same(entry: &EntryRow, found: &[&'static str], schema: &Schema) -> bool {
    let Some((version, recorded)) = read(entry) else { return false };
    if version != schema.version {
        return true;
    }
    let today = |name: &str| {
        let field = schema.fields.iter().find(|field| field.name == name || field.aliases.contains(&name));
        field.map(|field| field.name)
    };
    let mut recorded: Vec<&str> = recorded.iter().filter_map(|name| today(name)).collect();
    let mut found = found.to_vec();
    recorded.sort_unstable();
    found.sort_unstable();
    recorded == found
}

impl Machine {
    /// A context without the values that its entry has written would be another one.
    pub(super) fn check_rows(&self, entry: &EntryRow, rows: &VecDeque<FieldRow>) -> Result<(), ParkReason> {
        let written: Vec<&FieldRow> = rows.iter().rev().take_while(|row| row.seq == entry.seq).collect();
        self.check_written(entry, &written)
    }

    /// The same for the rows of this entry alone.
    pub(super) fn check_written(&self, entry: &EntryRow, written: &[impl Borrow<FieldRow>]) -> Result<(), ParkReason> {
        missing_rows(entry, written).map_or(Ok(()), |missing| Err(self.damaged(&missing)))
    }
}

/// What is missing of the rows that an entry says it has written, as a part of a sentence.
pub(crate) fn missing_rows(entry: &EntryRow, written: &[impl Borrow<FieldRow>]) -> Option<String> {
    let (seq, found) = (entry.seq, written.len() as u64);
    let missing = without_rows(entry, |name| written.iter().any(|row| row.borrow().name == name));
    let what = match entry.context.filter(|_| entry.kind.writes_fields()) {
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

/// What the entry of a whole context says.
#[derive(Deserialize)]
struct Whole {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
}

/// The fields that an entry says it has written and that have no row.
fn without_rows(entry: &EntryRow, has_row: impl Fn(&str) -> bool) -> Vec<String> {
    let mut names = match entry.kind {
        Kind::ContextUpdated => read(entry).map(|(_, names)| names),
        Kind::ContextSet => entry
            .value
            .as_ref()
            .and_then(|value| serde_json::from_slice::<Whole>(&value.bytes).ok())
            .map(|whole| whole.fields.into_iter().map(|field| field.name).collect()),
        _ => None,
    }
    .unwrap_or_default();
    names.retain(|name| !has_row(name));
    names
}

fn read(entry: &EntryRow) -> Option<(u32, Vec<String>)> {
    debug_assert!(matches!(entry.kind, Kind::ContextSet | Kind::ContextUpdated | Kind::ContextRefused));
    match serde_json::from_slice(&entry.value.as_ref()?.bytes).ok()? {
        Changed::Names(names) => Some((1, names)),
        Changed::Versioned { version, names } => Some((version, names)),
    }
}
