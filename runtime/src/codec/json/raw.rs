//! `serde_json::value::RawValue`, and `serde_json::Number` if it keeps its text: values that are JSON already.

use super::compound::Object;
use super::refusal::Refusal;
use super::writer::Writer;
use serde::Serialize;

/// An open struct: an object, or text that is JSON already.
pub(in crate::codec) enum Struct<'a, 'out> {
    Object(Object<'a, 'out>),
    Raw(Raw<'a, 'out>),
}

/// Text that is JSON already.
pub(in crate::codec) struct Raw<'a, 'out>(&'a mut Writer<'out>);

impl<'a, 'out> Raw<'a, 'out> {
    /// Returns whether `serde_json` uses this type name for such text. Users' data cannot forge it, because only names
    /// of types are compared.
    pub(super) fn is_marker(name: &'static str) -> bool {
        name == "$serde_json::private::RawValue" || name == "$serde_json::private::Number"
    }

    pub(super) fn new(writer: &'a mut Writer<'out>) -> Self {
        Self(writer)
    }

    pub(super) fn text<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let start = self.0.out.len();
        value.serialize(&mut *self.0)?;
        let text: String =
            serde_json::from_slice(&self.0.out[start..]).map_err(|error| Refusal::new(error.to_string()))?;
        self.0.out.truncate(start);
        self.0.out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
