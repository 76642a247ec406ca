//! Requests the cancellation of a child run.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt;

/// Requests the cancellation of a child run.
#[derive(Debug)]
pub struct CancelChild<'a> {
    /// The id of the run.
    pub id: &'a str,
    /// The reason. A replay does not compare it.
    pub reason: Cow<'a, str>,
}

impl<'a> CancelChild<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let reason: String = serde_json::from_slice(&entry.value.as_ref()?.bytes).ok()?;
        Some(Self { id: entry.other.as_deref()?, reason: reason.into() })
    }
}

impl Ask for CancelChild<'_> {
    fn kind(&self) -> Kind {
        Kind::ChildCancelled
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
        entry.other = Some(self.id.to_owned());
        entry.value = Some(Value::text(&self.reason));
    }

    /// Nothing: the machine sends the request, which needs the call that has started the child.
    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<CancelChild<'_>> for CancelChild<'_> {
    fn eq(&self, asked: &CancelChild<'_>) -> bool {
        self.id == asked.id
    }
}

impl fmt::Display for CancelChild<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancellation of the child `{}`: {}", self.id, self.reason)
    }
}
