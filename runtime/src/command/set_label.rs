//! Sets or removes a label of the run.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt;

/// Sets a label by which the run is found.
#[derive(Debug)]
pub struct SetLabel<'a> {
    /// The label's name.
    pub name: &'a str,
    /// The value; `None` removes the label. A replay does not compare it.
    pub value: Option<Cow<'a, str>>,
}

impl<'a> SetLabel<'a> {
    pub(crate) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let value = entry.value.as_ref().map(|value| serde_json::from_slice(&value.bytes)).transpose().ok()?;
        Some(Self { name: entry.name.as_deref()?, value: value.map(|text: String| text.into()) })
    }
}

impl Ask for SetLabel<'_> {
    fn kind(&self) -> Kind {
        Kind::LabelSet
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
        entry.name = Some(self.name.to_owned());
        entry.value = self.value.as_deref().map(Value::text);
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        Some(Outgoing::Label { name: self.name.to_owned(), value: self.value.as_deref().map(str::to_owned) })
    }
}

impl PartialEq<SetLabel<'_>> for SetLabel<'_> {
    fn eq(&self, asked: &SetLabel<'_>) -> bool {
        self.name == asked.name && self.value.is_some() == asked.value.is_some()
    }
}

impl fmt::Display for SetLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "label `{}` set to `{value}`", self.name),
            None => write!(f, "label `{}` taken away", self.name),
        }
    }
}
