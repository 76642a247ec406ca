//! Waits for a moment.

use super::{Ask, At, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// When something is due, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// When the time of day is this, since 1970.
    Moment(i64),
    /// When the run's monotonic clock is this.
    Elapsed(i64),
}

/// Waits for a moment. How long is not compared: a sleep that is recorded ends when it was to.
#[derive(Debug)]
pub struct Sleep {
    /// Until when.
    pub due: Due,
}

impl Sleep {
    pub(super) fn from_entry(entry: &EntryRow) -> Option<Self> {
        Some(Self { due: Due::Moment(entry.due?) })
    }
}

impl Ask for Sleep {
    fn kind(&self) -> Kind {
        Kind::TimerSet
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::TimerFired]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        Some(self.due)
    }

    fn to_entry(&self, _: &At<'_>, _: &mut EntryRow) {}

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq for Sleep {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Display for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sleep")
    }
}
