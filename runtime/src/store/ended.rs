//! The status in which each kind of last entry ends a run.

use super::Status;
use crate::record::{End, Kind};

impl Status {
    /// Returns the status of a run whose last entry is of this kind, or `None` if that kind is no end.
    pub(crate) const fn ended_by(kind: Kind) -> Option<Self> {
        match kind.end() {
            End::No => None,
            End::Completed => Some(Self::Completed),
            End::Failed => Some(Self::Failed),
            End::Cancelled => Some(Self::Cancelled),
            End::TimedOut => Some(Self::TimedOut),
            End::Refused => Some(Self::Refused),
            End::Moved => Some(Self::Moved),
            End::Replaced => Some(Self::Replaced),
        }
    }
}
