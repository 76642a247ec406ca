//! What a context consists of.

use super::ContextError;
use crate::value::Form;
use std::fmt::{self, Write as _};

/// What a context consists of, as recorded with each run that uses it.
#[derive(Debug)]
pub struct Schema {
    /// The context's recorded name.
    pub name: &'static str,
    /// The fields in the order of the struct.
    pub fields: &'static [FieldSchema],
}

/// One field of a [`Schema`].
#[derive(Debug)]
pub struct FieldSchema {
    /// The field's name, without `r#`.
    pub name: &'static str,
    /// The type as written in the struct.
    pub type_name: &'static str,
    /// Whether the builder demands it.
    pub required: bool,
    /// The form in which values of its type are stored.
    pub form: fn() -> Form,
}

impl Schema {
    /// The schema as JSON, for the record and for a person who reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut json = format!(r#"{{"name":{},"fields":["#, quoted(self.name));
        for (index, field) in self.fields.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (name, type_name) = (quoted(field.name), quoted(field.type_name));
            let (form, required) = ((field.form)().as_str(), field.required);
            let _ =
                write!(json, r#"{comma}{{"name":{name},"type":{type_name},"form":"{form}","required":{required}}}"#);
        }
        json.push_str("]}");
        json
    }

    /// A hash of names, forms and types, in hexadecimal: two builds with equal fingerprints store the same context.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = hmac_sha256::Hash::hash(self.to_json().as_bytes());
        digest[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The error that names a field of this context.
    pub(crate) fn refuse(&self, field: usize, why: &dyn fmt::Display) -> ContextError {
        let field = self.fields[field].name;
        ContextError { context: self.name.into(), field: Some(field.into()), message: why.to_string() }
    }
}
