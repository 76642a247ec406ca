//! With which entry a run ends, and how.

use super::Status;
use crate::record::{End, Kind};

impl Status {
    /// How a run has ended whose last entry is of this kind; `None` if that is not the end.
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
