//! Sets the whole context.

use super::{Ask, At, Due, Given};
use crate::context::Schema;
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::fmt;

/// Sets the whole context. The values are rows of their own.
#[derive(Debug)]
pub struct SetContext<'a> {
    /// The context's recorded name.
    pub context: &'a str,
    /// The schema to record; an entry has that of its own version.
    pub schema: Option<&'static Schema>,
}

impl<'a> SetContext<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { context: entry.name.as_deref()?, schema: None })
    }
}

impl Ask for SetContext<'_> {
    fn kind(&self) -> Kind {
        Kind::ContextSet
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, _: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.context.to_owned());
        entry.value = self.schema.map(|schema| Value::json(schema.to_json()));
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<SetContext<'_>> for SetContext<'_> {
    fn eq(&self, asked: &SetContext<'_>) -> bool {
        self.context == asked.context
    }
}

impl fmt::Display for SetContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "context `{}` set", self.context)
    }
}
