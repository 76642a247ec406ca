//! Converts a context to and from one JSON text, for people and other systems; the journal keeps fields one by one.

use super::{ContextError, FieldValues, Schema, StoredContext};
use crate::codec::JsonText;
use crate::value::{Encoding, Value};
use data_encoding::BASE64;
use std::collections::BTreeMap;
use std::fmt;

/// Formats a context for `{:?}`: the text, or the error instead.
#[doc(hidden)]
pub fn debug<C: StoredContext>(name: &str, context: &C, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match context.to_json() {
        Ok(json) => write!(f, "{name} {json}"),
        Err(error) => write!(f, "{name} <{error}>"),
    }
}

/// Writes an object with a member for each field: JSON fields as they are stored, raw bytes as base64 text, and for a
/// value in a store its pointer.
pub(super) fn write(schema: &Schema, values: &FieldValues) -> Result<String, ContextError> {
    let mut json = String::from("{");
    for (index, (name, value)) in values.iter().enumerate() {
        let key = serde_json::to_string(name).expect("a string is JSON");
        json.push_str(if index == 0 { "" } else { "," });
        json.push_str(&key);
        json.push(':');
        if matches!(value.encoding, Encoding::Json | Encoding::Stored) {
            json.push_str(std::str::from_utf8(&value.bytes).map_err(|error| whole(schema, error))?);
        } else {
            json.push('"');
            json.push_str(&BASE64.encode(&value.bytes));
            json.push('"');
        }
    }
    json.push('}');
    Ok(json)
}

/// Reads the members of such a text by field.
pub(super) fn read<'a>(schema: &'a Schema, json: &str) -> Result<BTreeMap<&'a str, Value>, ContextError> {
    let members = JsonText::new(json.as_bytes()).and_then(JsonText::members).map_err(|error| whole(schema, error))?;
    let mut values = BTreeMap::new();
    for (key, text) in members {
        let Some(index) = schema.position(&key) else {
            return Err(unknown(schema, &key));
        };
        let value = if (schema.fields[index].encoding)() == Encoding::Bytes {
            bytes(text).map_err(|why| schema.refuse(index, &why))?
        } else {
            Value::json(text.get().as_bytes().to_vec())
        };
        if values.insert(schema.fields[index].name, value).is_some() {
            return Err(schema.refuse(index, &"it stands twice in the text"));
        }
    }
    Ok(values)
}

fn bytes(text: JsonText<'_>) -> Result<Value, &'static str> {
    const EXPECTED: &str = "expected bytes as base64 text with padding";
    let text: String = serde_json::from_str(text.get()).map_err(|_| EXPECTED)?;
    BASE64.decode(text.as_bytes()).map(Value::raw).map_err(|_| EXPECTED)
}

fn whole(schema: &Schema, why: impl fmt::Display) -> ContextError {
    let message = format!("expected a JSON object with a member for each field: {why}");
    ContextError { context: schema.name.into(), field: None, message }
}

fn unknown(schema: &Schema, key: &str) -> ContextError {
    let near = |name: &&str| {
        let (name, key) = (name.to_lowercase().replace('_', ""), key.to_lowercase().replace(['_', '-'], ""));
        name == key
            || (name.len() > 2 && key.len() > 2 && (name.starts_with(&key) || key.starts_with(&name)))
            || differ_by_one(&name, &key)
    };
    let names = || schema.fields.iter().map(|field| field.name);
    let list = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let message = match names().find(near) {
        Some(name) => format!("there is no such field; did you mean `{name}`?"),
        None if list.is_empty() => "there is no such field, and no other".into(),
        None => format!("there is no such field; there are {list}"),
    };
    ContextError { context: schema.name.into(), field: Some(key.into()), message }
}

/// Returns whether one letter more, less, changed, or two swapped turn one word into the other.
fn differ_by_one(left: &str, right: &str) -> bool {
    let (left, right) = (left.chars().collect::<Vec<_>>(), right.chars().collect::<Vec<_>>());
    let same = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[same..], &right[same..]);
    match (left, right) {
        ([a, b, left @ ..], [c, d, right @ ..]) if a == d && b == c && left == right => true,
        ([_, left @ ..], [_, right @ ..]) if left == right => true,
        ([_, left @ ..], right) if left == right => true,
        (left, [_, right @ ..]) => left == right,
        _ => false,
    }
}
