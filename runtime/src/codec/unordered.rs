//! Compares values without regard to the order in arrays, for sets that were encoded twice.

use super::{JsonText, parts};
use crate::value::{Encoding, Value};
use std::collections::BTreeMap;

/// Returns whether two values are equal if the order of array elements, at any depth, does not count.
///
/// A `HashSet` that is decoded and encoded again has another order, and its text does not show that it was a set.
#[must_use]
pub(crate) fn same_unordered(recorded: &Value, found: &Value) -> bool {
    recorded == found || (recorded.encoding == found.encoding && same(recorded, found).unwrap_or(false))
}

fn same(recorded: &Value, found: &Value) -> Result<bool, serde_json::Error> {
    match recorded.encoding {
        Encoding::Json => Ok(sorted(&recorded.bytes)? == sorted(&found.bytes)?),
        Encoding::Parts => {
            let (Ok(recorded), Ok(found)) = (parts::split(recorded.bytes.clone()), parts::split(found.bytes.clone()))
            else {
                return Ok(false);
            };
            let pairs = || recorded.iter().zip(&found);
            Ok(recorded.len() == found.len() && pairs().all(|(recorded, found)| same_unordered(recorded, found)))
        }
        Encoding::Bytes | Encoding::Hash | Encoding::Stored => Ok(false),
    }
}

/// Returns the text with every array and object sorted.
fn sorted(json: &[u8]) -> Result<String, serde_json::Error> {
    sorted_text(JsonText::new(json)?)
}

fn sorted_text(value: JsonText<'_>) -> Result<String, serde_json::Error> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'[') => {
            let mut elements = value.elements()?.into_iter().map(sorted_text).collect::<Result<Vec<_>, _>>()?;
            elements.sort_unstable();
            Ok(format!("[{}]", elements.join(",")))
        }
        Some(b'{') => {
            let members: BTreeMap<_, _> = value.members()?.into_iter().collect();
            let members = members.into_iter().map(|(key, value)| Ok(format!("{key:?}:{}", sorted_text(value)?)));
            Ok(format!("{{{}}}", members.collect::<Result<Vec<_>, serde_json::Error>>()?.join(",")))
        }
        _ => Ok(text.to_owned()),
    }
}
