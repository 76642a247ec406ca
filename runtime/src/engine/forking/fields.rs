//! Context fields with another value from the point on.

use crate::engine::error::EngineError;
use crate::record::Kind;
use crate::store::{EntryRow, FieldRow};
use crate::value::{Encoding, Value};
use crate::vault::holds_token;
use serde::Deserialize;

/// What a recorded schema says of its fields.
#[derive(Deserialize)]
struct Recorded {
    fields: Vec<RecordedField>,
}

#[derive(Deserialize)]
struct RecordedField {
    name: String,
}

/// Replaces what was last recorded of these fields, as if the workflow had set them so.
///
/// # Errors
/// The context is not set at the point, has no such field, or the field is not JSON or holds a secret.
pub(super) fn change(changed: &[(String, Value)], kept: &[EntryRow], rows: &mut [FieldRow]) -> Result<(), EngineError> {
    for (name, value) in changed {
        let refused = |why: &str| EngineError::value(format!("field `{name}` of the context cannot be changed: {why}"));
        if !names(kept).is_some_and(|names| names.contains(name)) {
            return Err(match names(kept) {
                None => refused("the context is not set yet at this point; choose a later one, or change the input"),
                Some(names) => {
                    refused(&format!("there is none at this point; its fields are `{}`", names.join("`, `")))
                }
            });
        }
        let Some(row) = rows.iter_mut().rev().find(|row| row.name == *name) else {
            return Err(refused("no value is recorded before this point"));
        };
        match row.value.encoding {
            Encoding::Json if holds_token(&row.value.bytes) => {
                return Err(refused("it holds a secret, which is not written here"));
            }
            Encoding::Json => row.value = value.clone(),
            Encoding::Stored => return Err(refused("it is in a field store")),
            Encoding::Bytes | Encoding::Parts | Encoding::Hash => return Err(refused("it holds bytes and no JSON")),
        }
    }
    Ok(())
}

/// Returns the names of the fields of the context as it was last set.
fn names(kept: &[EntryRow]) -> Option<Vec<String>> {
    let set = kept.iter().rev().find(|entry| entry.kind == Kind::ContextSet)?;
    let schema: Recorded = serde_json::from_slice(&set.value.as_ref()?.bytes).ok()?;
    Some(schema.fields.into_iter().map(|field| field.name).collect())
}
