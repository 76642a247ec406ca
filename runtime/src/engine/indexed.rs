//! The indexed fields of a run that begins with the history of another.

use crate::index::FieldValue;
use crate::store::FieldRow;

/// Returns the indexed fields as of the last of these rows, which are those of the run in order.
pub(super) fn as_of(known: Vec<(String, String)>, rows: &[FieldRow]) -> Vec<(String, String)> {
    let at = |name: String| {
        let row = rows.iter().rev().find(|row| row.name == name)?;
        FieldValue::read(&row.value).ok().map(|value| (name, value.key()))
    };
    known.into_iter().filter_map(|(name, _)| at(name)).collect()
}
