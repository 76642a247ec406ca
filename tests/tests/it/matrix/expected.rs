//! The table of expected results: the state of each thing after each event.

use super::happening::Happening::{self, *};
use super::subject::Holding;

/// An expected result.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "the reasons are printed")]
pub(super) enum Expected {
    /// The run continues, perhaps as its successor, and has it.
    Kept,
    /// The new run has it, and the original still has it.
    Both,
    /// Only the new run has it.
    Carried,
    /// Only the original has it, with the reason.
    Stays(&'static str),
    /// The run has ended, and its outputs can still be read.
    Shown,
    /// It is gone, and callers learn it, with the reason.
    GoneBecause(&'static str),
    /// The two cannot be combined, with the reason.
    NotPossible(&'static str),
    /// The expected result, and the observation of a known fault. The cell runs, and reports when it passes.
    Fault(&'static Self, &'static str),
}
use Expected::{Both, Carried, GoneBecause, Kept, NotPossible, Shown, Stays};

const ENDED: &str = "a run that has ended waits for nothing";
const DELETED: &str = "nothing is left of a run that was deleted";
const BOUND: &str =
    "the move is refused while a run that it has started, or that has started it, has not ended: kept::links";
const NO_FLOW: &str = "a graph has no flow: it neither goes on afresh nor has it a context to continue";
const PAUSED: &str = "a paused run takes no turn, so it cannot ask for it";
const CALLER: &str = "a caller's wait ends with its own engine";

impl Holding {
    /// Returns the expected result of a cell. There is no `_` pattern, so that a new row or column does not compile
    /// before each of its cells is filled.
    #[expect(clippy::too_many_lines, clippy::match_same_arms, reason = "a table, read by its rows")]
    pub(super) const fn expected(self, happening: Happening) -> Expected {
        match self {
            Self::OpenRequest => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => GoneBecause(ENDED),
                Delete => GoneBecause(DELETED),
            },
            Self::RequestLimit => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew => Kept,
                Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => GoneBecause(ENDED),
                Delete => GoneBecause(DELETED),
            },
            Self::WaitingMessage => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => GoneBecause(ENDED),
                Delete => GoneBecause(DELETED),
            },
            Self::TakenKey => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => {
                    Stays("a copy is another run: what came to the other may be sent to it")
                }
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::PublishedValue | Self::Stream => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::Label => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::ChildRunning | Self::ChildParked => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                Rewind => Kept,
                Fork | Import => Both,
                ExportAsCopy => {
                    Stays("the child is in the other database, and the copy hears that it is not in its own")
                }
                ExportAsMove => NotPossible(BOUND),
                ContinueAsNew => GoneBecause("a fresh journal has no call that awaits it; the child goes on"),
                Continuing | Cancel | TimeLimit => GoneBecause("the end of a run reaches its children"),
                Delete => GoneBecause("the end of a run reaches its children"),
            },
            Self::ChildDeleted => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                ContinueAsNew => GoneBecause("a fresh journal has no call that awaits it"),
                Continuing | Cancel | TimeLimit => GoneBecause(ENDED),
                Delete => GoneBecause(DELETED),
            },
            Self::ChildLink => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | Import => Stays("a copy awaits the child, and its end does not reach it"),
                ExportAsCopy => NotPossible("the child is in the other database"),
                ExportAsMove => NotPossible(BOUND),
                Continuing | Cancel | TimeLimit => GoneBecause("the end of a run reaches its children"),
                Delete => GoneBecause("the end of a run reaches its children"),
            },
            Self::Parent => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Stays("a copy is nobody's child"),
                ExportAsMove => NotPossible(BOUND),
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause("the parent has heard of its end before"),
            },
            Self::Watcher => match happening {
                KillAndRestart | Takeover | Shutdown | ParkAndMend | VersionChange => NotPossible(CALLER),
                // The caller is in another process.
                Kill | ClockSetBack | ClockSetForward | Eviction | PauseAndResume | ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Stays("who awaits a run does not await its copy"),
                ExportAsMove => GoneBecause("the caller hears that the run has moved"),
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause("the caller has heard of its end before"),
            },
            Self::SharedEdit => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | PauseAndResume
                | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Eviction => NotPossible("a run with a step in flight stays in memory"),
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing => Carried,
                Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::Retry | Self::Timer => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                ContinueAsNew => GoneBecause("a fresh journal has no call that waits for it"),
                Continuing | Cancel | TimeLimit => GoneBecause(ENDED),
                Delete => GoneBecause(DELETED),
            },
            Self::RoutedField | Self::LazyField | Self::SecretField => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove | Continuing => Carried,
                Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::DeduplicationKey => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Stays("a key is held by one run"),
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => GoneBecause("a run that has ended holds no key"),
                Delete => GoneBecause(DELETED),
            },
            Self::Deadline => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::Identity => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::Pause => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | VersionChange => Kept,
                Eviction => NotPossible("a paused run has left memory already"),
                ParkAndMend => NotPossible("a paused run is not replayed, so that it finds no fault in new code"),
                ContinueAsNew => NotPossible(PAUSED),
                Fork => Stays("a pause that began before the point is over"),
                Rewind => GoneBecause("a pause that began before the point is over"),
                ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel => GoneBecause(ENDED),
                TimeLimit => NotPossible("the deadline of a paused run does not end it"),
                PauseAndResume => GoneBecause("it was resumed"),
                Delete => GoneBecause(DELETED),
            },
            Self::Transaction | Self::FinishedStep => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | Eviction
                | PauseAndResume | ParkAndMend | VersionChange => Kept,
                ContinueAsNew | Rewind => Kept,
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                Continuing | Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
            Self::FanIn => match happening {
                KillAndRestart | Kill | ClockSetBack | ClockSetForward | Takeover | Shutdown | PauseAndResume
                | ParkAndMend | VersionChange | Rewind => Kept,
                Eviction => NotPossible("a run with a step in flight stays in memory"),
                Fork | ExportAsCopy | Import => Both,
                ExportAsMove => Carried,
                ContinueAsNew | Continuing => NotPossible(NO_FLOW),
                Cancel | TimeLimit => Shown,
                Delete => GoneBecause(DELETED),
            },
        }
    }
}
