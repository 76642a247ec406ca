//! `context`, `state`, `diff`: recorded values, and who wrote them.

use crate::args::At;
use crate::exit::Failure;
use crate::out::{Out, note};
use crate::table::{Cell, Table};
use std::collections::BTreeMap;
use steadfast::inspect::{FieldDiff, FieldView, Inspector, Shown};

/// The columns of fields with who wrote them.
const FIELDS: &[&str] = &["field", "value", "written_by"];

pub(super) async fn context(inspector: &Inspector, out: &mut Out, at: &At) -> Result<(), Failure> {
    let context = inspector.context(&at.run, at.at.unwrap_or(u64::MAX)).await?;
    if out.is_json() {
        return Ok(out.json(&context)?);
    }
    let Some(context) = context else {
        note("the context was not set by then");
        return Ok(());
    };
    let (kind, version) = (&context.context, context.type_version);
    out.title(&format!(
        "{}: {kind} (version {version}), after entry {}, last changed by entry {}",
        context.run, context.at, context.version
    ))?;
    let rows = fields("", &context.fields);
    Ok(out.table(&Table { columns: FIELDS, rows }, true)?)
}

pub(super) async fn state(inspector: &Inspector, out: &mut Out, at: &At) -> Result<(), Failure> {
    let state = inspector.state(&at.run, at.at.unwrap_or(u64::MAX)).await?;
    if out.is_json() {
        return Ok(out.json(&state)?);
    }
    let Some(version) = state.version else {
        note("the steps had shared nothing by then");
        return Ok(());
    };
    let kind = state.state.as_deref().unwrap_or("keys");
    out.title(&format!("{}: {kind}, after entry {}, last changed by entry {version}", state.run, state.at))?;
    let mut rows = fields("", &state.fields);
    rows.extend(fields("key ", &state.keys));
    Ok(out.table(&Table { columns: FIELDS, rows }, true)?)
}

pub(super) async fn diff(inspector: &Inspector, out: &mut Out, left: &str, right: &str) -> Result<(), Failure> {
    let left = at_entry(left);
    // `@N` is the same run at another entry.
    let right = match at_entry(right) {
        ("", at) => (left.0, at),
        other => other,
    };
    let difference = inspector.diff(left, right).await?;
    if out.is_json() {
        return Ok(out.json(&difference)?);
    }
    if difference.fields.is_empty() {
        note("they do not differ");
        return Ok(());
    }
    let rows = difference.fields.iter().map(differing).collect();
    Ok(out.table(&Table { columns: &["field", "left", "right"], rows }, true)?)
}

fn fields(prefix: &str, fields: &BTreeMap<String, FieldView>) -> Vec<Vec<Cell>> {
    let row = |(name, field): (&String, &FieldView)| {
        vec![format!("{prefix}{name}").into(), Cell::Text(field.value.to_string()), field.written_by.into()]
    };
    fields.iter().map(row).collect()
}

fn differing(field: &FieldDiff) -> Vec<Cell> {
    let value = |value: &Option<Shown>| Cell::from(value.as_ref().map(ToString::to_string));
    vec![field.field.as_str().into(), value(&field.left), value(&field.right)]
}

/// Reads `RUN@N`. `RUN@last` is for an id that itself ends in `@` and digits.
fn at_entry(text: &str) -> (&str, u64) {
    match text.rsplit_once('@') {
        Some((run, "last")) => (run, u64::MAX),
        Some((run, at)) => at.parse().map_or((text, u64::MAX), |at| (run, at)),
        None => (text, u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::at_entry;

    #[test]
    fn a_run_at_an_entry_is_read() {
        assert_eq!(at_entry("order"), ("order", u64::MAX));
        assert_eq!(at_entry("order@7"), ("order", 7));
        assert_eq!(at_entry("order@7@last"), ("order@7", u64::MAX));
        assert_eq!(at_entry("ada@example.org"), ("ada@example.org", u64::MAX));
        assert_eq!(at_entry("@7"), ("", 7));
    }
}
