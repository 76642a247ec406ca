//! What a run is doing, in words of a database.

use crate::parse::ParseError;

/// What a run is doing, as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It can make progress, or waits for something that is due.
    Running,
    /// It waits for a time and needs no memory until then.
    Sleeping,
    /// Paused by a request; continues when it is resumed.
    Paused,
    /// It cannot go on with the code that is deployed; nothing is lost. See the run's `parked` reason.
    Parked,
    /// It ended with a result.
    Completed,
    /// It ended with an error of its own.
    Failed,
    /// It ended because it was cancelled.
    Cancelled,
    /// It ended because its time limit or deadline was reached.
    TimedOut,
    /// It ended before it began: its principal lacks the role that it needs.
    Refused,
    /// Another run has taken over its id: it went on as that one with a fresh journal, or was rewound.
    Replaced,
    /// It was moved into a file, and goes on where that is imported.
    Moved,
    /// Its rows are being removed; its id is free once they are gone.
    Deleting,
}

impl Status {
    /// Every status, in the order of a run's life.
    pub const ALL: [Self; 12] = [
        Self::Running,
        Self::Sleeping,
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

    /// The word that stands for this status in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
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

    /// The status that a word of a database stands for.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the run has come to its end: its result will not change.
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

    /// Whether something may still be told to the run.
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

/// As [`Status::as_str`].
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
