//! Drops a call in flight.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// Drops a call in flight, or a change of the context whose fields are being saved.
#[derive(Debug, PartialEq)]
pub struct Abandon;

impl Ask for Abandon {
    fn kind(&self) -> Kind {
        Kind::CallAbandoned
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

    fn to_entry(&self, _: &At<'_>, _: &mut EntryRow) {}

    /// Returns nothing: the withdrawal of a request belongs to the call that is dropped.
    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl fmt::Display for Abandon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dropped call")
    }
}
