//! Outputs of a run.

use super::{About, Kind};
use crate::lengths;

/// An output that observers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputKind<'a> {
    /// A new version of a value, under a key.
    Published(&'a str),
    /// An item of a stream.
    Written(&'a str),
    /// The end of a stream.
    Closed(&'a str),
}

impl<'a> OutputKind<'a> {
    /// Returns the output of an entry of this kind with this name.
    pub(crate) const fn of(kind: Kind, name: &'a str) -> Option<Self> {
        match kind.about() {
            About::Value => Some(Self::Published(name)),
            About::Stream => Some(Self::Written(name)),
            About::Run | About::Opening | About::Context | About::State | About::Call | About::Code | About::Clock => {
                None
            }
        }
    }

    /// Checks the length of its name.
    ///
    /// # Errors
    /// Its name is too long.
    pub(crate) fn check(self) -> Result<(), String> {
        match self {
            Self::Published(key) => lengths::check("the key of a published value", key, 0),
            Self::Written(stream) | Self::Closed(stream) => lengths::check("the name of a stream", stream, 0),
        }
    }

    /// Returns the name under which a store keeps it.
    #[must_use]
    pub(crate) fn channel(self) -> String {
        match self {
            Self::Published(key) => format!("value:{key}"),
            Self::Written(stream) | Self::Closed(stream) => format!("stream:{stream}"),
        }
    }
}
