//! Takes the branch of a patch.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// Takes the branch of a patch.
#[derive(Debug, PartialEq)]
pub struct MarkPatch<'a> {
    /// The name of the patch.
    pub patch: &'a str,
}

impl<'a> MarkPatch<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { patch: entry.name.as_deref()? })
    }
}

impl Ask for MarkPatch<'_> {
    fn kind(&self) -> Kind {
        Kind::PatchMarked
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
        entry.name = Some(self.patch.to_owned());
        // The first check of a patch marks it, at whatever command index.
        entry.position = None;
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl fmt::Display for MarkPatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the way of patch `{}`", self.patch)
    }
}
