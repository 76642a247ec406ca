//! How the program ends: its exit codes, and the sentences of what goes wrong.

use std::io;
use std::process::ExitCode;
use steadfast::inspect::InspectError;
use steadfast::{EngineError, Status};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    /// The run is shown, and does not go on here by itself.
    NotResumable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Inspect(InspectError),
    Engine(EngineError),
    /// The person who was asked did not want it.
    Unwanted,
    /// The command line makes no sense.
    Usage(String),
    /// Rows cannot be read; each was named before.
    Damaged(usize),
    Output(io::Error),
    NoRuntime(io::Error),
    /// The console cannot be served where it should be.
    Listen(io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Inspect(InspectError::NoSuchRun { .. }) => Exit::NotFound,
            Self::Inspect(InspectError::BadQuery(_)) | Self::Usage(_) => Exit::Usage,
            // The reader of a pipe has what it wants.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Engine(error) => exit_of(error),
            Self::Unwanted
            | Self::Inspect(_)
            | Self::Damaged(_)
            | Self::Output(_)
            | Self::NoRuntime(_)
            | Self::Listen(_) => Exit::Failed,
        }
    }

    /// Returns the message for the user; `None` if the program ends silently.
    pub(crate) fn sentence(&self) -> Option<String> {
        match self {
            Self::Inspect(error) => Some(error.to_string()),
            Self::Engine(error) => Some(error.to_string()),
            Self::Unwanted => Some("nothing was done".to_owned()),
            Self::Usage(why) => Some(why.clone()),
            Self::Damaged(rows) => {
                Some(format!("rows left out because they cannot be read: {rows}; each is named above"))
            }
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("the output cannot be written: {error}")),
            Self::Listen(error) => {
                Some(format!("the console cannot be served there: {error}. Choose another `--port`"))
            }
            Self::NoRuntime(error) => {
                Some(format!("no thread or timer for the program: {error}. Let it have more threads and files open"))
            }
        }
    }
}

fn exit_of(error: &EngineError) -> Exit {
    match error {
        EngineError::NoSuchRun { .. } | EngineError::NoSuchRequest { .. } | EngineError::NotFound { .. } => {
            Exit::NotFound
        }
        EngineError::WrongStatus { status: Status::Parked | Status::Moved, .. } => Exit::NotResumable,
        _ => Exit::Failed,
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        Self::Inspect(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
