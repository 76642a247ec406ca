//! `serde_json::value::RawValue`, and `serde_json::Number` where it keeps its text: JSON that is already written.

use super::compound::Object;
use super::refusal::Refusal;
use super::writer::Writer;
use serde::Serialize;

/// A struct as it is written: as an object, unless it is text that is JSON already.
pub(in crate::codec) enum Struct<'a, 'out> {
    Object(Object<'a, 'out>),
    Raw(Raw<'a, 'out>),
}

/// Text that is JSON already.
pub(in crate::codec) struct Raw<'a, 'out>(&'a mut Writer<'out>);

impl<'a, 'out> Raw<'a, 'out> {
    /// The names of types under which `serde_json` hands over such text. No data of a user can bring them about: they are
    /// looked for in the name of a type only.
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
