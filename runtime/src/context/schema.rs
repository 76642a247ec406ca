//! The schema of a context.

use super::{ContextError, FieldWriter, Persist};
use crate::fields::Coder;
use crate::index::FieldValue;
use crate::store::FieldRow;
use crate::value::{Encoding, Value};
use std::fmt::{self, Write as _};

/// The schema of a context, as recorded with each run that uses it.
#[derive(Debug)]
pub struct Schema {
    /// The context's recorded name.
    pub name: &'static str,
    /// The version of `#[context(version = 2)]`; 1 by default.
    pub version: u32,
    /// The stored fields in the order of the struct.
    pub fields: &'static [FieldSchema],
}

/// One field of a [`Schema`].
#[derive(Debug)]
pub struct FieldSchema {
    /// The field's name, without `r#`.
    pub name: &'static str,
    /// The type as written in the struct.
    pub type_name: &'static str,
    /// Whether the builder requires it.
    pub required: bool,
    /// The encoding of stored values: by the type, or by `#[context(form = json)]`.
    pub encoding: fn() -> Encoding,
    /// The name of the field store that values go to.
    pub store: Option<&'static str>,
    /// The largest value in bytes, as it is stored.
    pub max_bytes: Option<usize>,
    /// Names that the field had before.
    pub aliases: &'static [&'static str],
    /// The field's default as it is stored, if it has one.
    pub default: Option<FieldDefault>,
    /// Whether the type is a handle that loads its value when it is read.
    pub lazy: fn() -> bool,
    /// Whether the current value is in the index of fields.
    pub index: bool,
    /// Whether the type holds a secret, as far as the written type shows it.
    pub secret: bool,
}

/// Encodes the default of the field at this index of the schema.
pub(super) type FieldDefault = fn(Coder<'_>, &Schema, usize) -> Option<Value>;

/// Encodes a default; generated code makes a [`FieldDefault`] of this.
#[doc(hidden)]
#[must_use]
pub fn stored_default<T: Persist>(
    coder: Coder<'_>,
    default: fn() -> T,
    schema: &Schema,
    field: usize,
) -> Option<Value> {
    let mut values = FieldWriter::new(coder, 1);
    default().store(schema, field, &mut values).ok()?;
    values.finish().pop().map(|(_, value)| value)
}

impl Schema {
    /// Returns the schema as JSON, for the journal and for people.
    #[must_use]
    pub fn to_json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut json = format!(r#"{{"name":{},"fields":["#, quoted(self.name));
        for (index, field) in self.fields.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (name, type_name) = (quoted(field.name), quoted(field.type_name));
            let (encoding, required) = ((field.encoding)().as_str(), field.required);
            let store = field.store.map_or_else(String::new, |store| format!(r#","store":{}"#, quoted(store)));
            let _ = write!(
                json,
                r#"{comma}{{"name":{name},"type":{type_name},"form":"{encoding}","required":{required}{store}}}"#
            );
        }
        json.push(']');
        if self.version != 1 {
            let _ = write!(json, r#","version":{}"#, self.version);
        }
        json.push('}');
        json
    }

    /// Returns a hash of names, encodings and types, in hexadecimal: two builds with equal fingerprints store the same
    /// context.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = hmac_sha256::Hash::hash(self.to_json().as_bytes());
        digest[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Returns whether a recorded field is read when the context is loaded, and not later or never.
    pub(crate) fn reads(&self, name: &str, version: u32) -> bool {
        self.field(name).map_or(version < self.version, |field| !(field.lazy)())
    }

    /// Returns the latest value of each field, whichever of its names it was recorded under.
    pub(crate) fn latest(&self, rows: impl IntoIterator<Item = FieldRow>) -> Vec<FieldRow> {
        let mut latest: Vec<FieldRow> = Vec::new();
        for row in rows {
            let is_same = |other: &FieldRow| {
                let of = |name: &str| self.field(name).map(|field| field.name);
                of(&row.name).is_some() && of(&row.name) == of(&other.name)
            };
            match latest.iter_mut().find(|other| is_same(other)) {
                Some(other) if other.seq < row.seq => *other = row,
                Some(_) => {}
                None => latest.push(row),
            }
        }
        latest
    }

    /// Returns the field that has this name, or had it before.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.position(name).map(|index| &self.fields[index])
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let named = self.fields.iter().position(|field| field.name == name);
        named.or_else(|| self.fields.iter().position(|field| field.aliases.contains(&name)))
    }

    /// Returns the store for a value of a field, and whether the value is the default. A default no larger than a
    /// pointer stays in the database: so a run that never sets the field saves nothing.
    pub(crate) fn store_of(&self, coder: Coder<'_>, name: &str, value: &Value) -> Option<(&'static str, bool)> {
        /// The size up to which a default stays in the database, in bytes.
        const SMALL: usize = 256;
        // A pointer to a store was saved before.
        if value.encoding == Encoding::Stored {
            return None;
        }
        let place = self.fields.iter().position(|field| field.name == name)?;
        let store = self.fields[place].store?;
        let is_default = self.is_default(coder, place, value);
        if value.bytes.len() <= SMALL && is_default { None } else { Some((store, is_default)) }
    }

    /// Returns whether a value is the default of the field at this index.
    pub(crate) fn is_default(&self, coder: Coder<'_>, place: usize, value: &Value) -> bool {
        let default = self.fields[place].default.and_then(|default| default(coder, self, place));
        default.is_some_and(|kept| kept == *value)
    }

    /// Checks `#[context(max_bytes = ..)]`.
    pub(crate) fn check_size(&self, field: usize, value: &Value) -> Result<(), ContextError> {
        match self.fields[field].max_bytes {
            Some(most) if value.bytes.len() > most => {
                let found = value.bytes.len();
                let message = format!("the value takes {found} bytes, and the field's `max_bytes` is {most}");
                Err(self.refuse(field, &message))
            }
            _ => Ok(()),
        }
    }

    /// Checks the value of a field with `#[context(index)]`.
    pub(crate) fn check_index(&self, field: usize, value: &Value) -> Result<(), ContextError> {
        if !self.fields[field].index {
            return Ok(());
        }
        FieldValue::read(value).map(drop).map_err(|found| {
            let message = format!(
                "an indexed field has a text, a whole number, a truth value or `None`, and this is {found}: change its \
                 type, or drop `index`"
            );
            self.refuse(field, &message)
        })
    }

    /// Returns the new keys of indexed fields, and those that go because the field has another name now.
    pub(crate) fn keys<'a>(
        &'static self,
        values: impl IntoIterator<Item = (&'a str, &'a Value)>,
    ) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let indexed = |(name, value): (&str, &Value)| {
            let field = self.fields.iter().find(|field| field.index && field.name == name)?;
            Some((field, FieldValue::read(value).ok().map(|value| value.key())))
        };
        values.into_iter().filter_map(indexed).flat_map(|(field, key)| {
            let before = field.aliases.iter().map(|alias| (*alias, None));
            std::iter::once((field.name, key)).chain(before)
        })
    }

    /// Returns the error for a required field without a value.
    pub(crate) fn missing(&self, field: usize) -> ContextError {
        let message = format!(
            "it is required (`{}`), and what was recorded has no value for it: write `#[context(default)]` or \
             `#[context(default = ..)]` before it, or `#[context(alias = \"..\")]` if it had another name",
            self.fields[field].type_name
        );
        self.refuse(field, &message)
    }

    /// Returns an error that names a field of this context.
    pub(crate) fn refuse(&self, field: usize, why: &dyn fmt::Display) -> ContextError {
        let field = self.fields[field].name;
        ContextError { context: self.name.into(), field: Some(field.into()), message: why.to_string() }
    }
}
