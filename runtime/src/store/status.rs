//! The status of a run, and its name in a database.

use crate::parse::ParseError;

/// The status of a run, as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Able to make progress, or waiting for something that is due.
    Running,
    /// Waiting for a time, and not in memory until then.
    Sleeping,
    /// Waiting in a queue for an engine with room, to begin or to go on.
    Queued,
    /// Paused by a request; continues when it is resumed.
    Paused,
    /// Blocked with the code that is deployed; nothing is lost. See the run's `parked` reason.
    Parked,
    /// Ended with a result.
    Completed,
    /// Ended with an error of its own.
    Failed,
    /// Ended because it was cancelled.
    Cancelled,
    /// Ended because its time limit or deadline was reached.
    TimedOut,
    /// Ended before it began: its principal lacks a role that it needs.
    Refused,
    /// Ended because another run has taken its id: by a continue-as-new or by a rewind.
    Replaced,
    /// Moved into a file; continues where that is imported.
    Moved,
    /// Being deleted; its id is free once its rows are gone.
    Deleting,
}

impl Status {
    /// Every status, in the order of a run's life.
    pub const ALL: [Self; 13] = [
        Self::Running,
        Self::Sleeping,
        Self::Queued,
        Self::Paused,
        Self::Parked,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Refused,
        Self::Replaced,
        Self::Moved,
        Self::Deleting,
    ];

    /// The statuses of runs that have not ended.
    pub(crate) const UNFINISHED: [Self; 5] = [Self::Running, Self::Sleeping, Self::Queued, Self::Paused, Self::Parked];

    /// Returns the word for this status in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::Queued => "queued",
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::Replaced => "replaced",
            Self::Moved => "moved",
            Self::Deleting => "deleting",
        }
    }

    /// Parses a word from a database.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Returns whether the run has ended: its result will not change.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed
                | Self::Failed
                | Self::Cancelled
                | Self::TimedOut
                | Self::Refused
                | Self::Replaced
                | Self::Moved
        )
    }

    /// Returns whether an engine drives such a run, now or when it is due.
    pub(crate) const fn is_driven(self) -> bool {
        matches!(self, Self::Running | Self::Sleeping | Self::Paused)
    }

    /// Returns whether its end is still to come, and needs nothing from outside that makes it run again.
    pub(crate) const fn goes_on(self) -> bool {
        self.is_driven() || matches!(self, Self::Queued)
    }

    /// Returns whether the run's inbox still accepts items.
    pub(crate) const fn accepts(self) -> bool {
        !self.is_final() && !matches!(self, Self::Deleting)
    }
}

/// Parses [`Status::as_str`].
impl std::str::FromStr for Status {
    type Err = ParseError;

    fn from_str(word: &str) -> Result<Self, ParseError> {
        Self::parse(word).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            ParseError::new(format_args!("the status of a run ({known})"), word)
        })
    }
}

/// Serializes as [`Status::as_str`].
impl serde::Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
