//! Waits for a moment.

use super::{Ask, At, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// A due time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A moment of the wall clock, since 1970.
    Moment(i64),
    /// A time of the run's monotonic clock.
    Elapsed(i64),
}

/// Waits for a moment. The length is not compared: a recorded sleep ends at its recorded time.
#[derive(Debug)]
pub struct Sleep {
    /// The end of the sleep.
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
