//! Colors, by what they mean.

use anstyle::{AnsiColor, Style};
use comfy_table::Color;
use steadfast::Status;

/// What a color means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Busy,
    Waiting,
}

impl Tone {
    pub(crate) const fn of_status(status: Status) -> Option<Self> {
        match status {
            Status::Running => Some(Self::Busy),
            Status::Completed => Some(Self::Good),
            Status::Parked | Status::Failed | Status::TimedOut | Status::Refused => Some(Self::Bad),
            Status::Sleeping | Status::Queued | Status::Paused => Some(Self::Waiting),
            _ => None,
        }
    }

    /// Returns the color of a cell in a table.
    pub(crate) const fn cell(self) -> Color {
        match self {
            Self::Good => Color::DarkGreen,
            Self::Bad => Color::DarkRed,
            Self::Busy => Color::DarkCyan,
            Self::Waiting => Color::DarkYellow,
        }
    }

    /// Returns the same color for a text.
    pub(crate) const fn text(self) -> Style {
        let color = match self {
            Self::Good => AnsiColor::Green,
            Self::Bad => AnsiColor::Red,
            Self::Busy => AnsiColor::Cyan,
            Self::Waiting => AnsiColor::Yellow,
        };
        color.on_default()
    }
}
