//! Errors of engine operations and of runs.

use crate::record::ParkReason;
use crate::store::{StoreError, StoreErrorKind};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// An engine operation failed: names the object, what was expected and found, and what to do.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// use steadfast::EngineError;
///
/// let missing = engine.run("order-42").await;
/// assert!(matches!(missing, Err(EngineError::NoSuchRun { id }) if id == "order-42"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EngineError {
    /// The database failed. Whether a write of this call happened is found by repeating it with the same id.
    Store(StoreError),
    /// There is no run with this id in the database.
    NoSuchRun {
        /// The id.
        id: String,
    },
    /// The id belongs to a run of another workflow.
    OtherWorkflow {
        /// The id.
        id: String,
        /// The requested workflow.
        expected: String,
        /// The workflow of the run.
        found: String,
    },
    /// The id belongs to a run of the same workflow that was started with another input.
    OtherInput {
        /// The id.
        id: String,
        /// The input with which the run was started.
        recorded: String,
        /// The input of this call.
        given: String,
    },
    /// The run has ended, or is in a state in which the operation is impossible.
    WrongStatus {
        /// The run's id.
        id: String,
        /// The run's status.
        status: crate::store::Status,
        /// The reason, and what to do instead.
        action: &'static str,
    },
    /// No request with this id waits for an answer.
    NoSuchRequest {
        /// The id.
        id: String,
    },
    /// There is no queue or schedule of this name in the database.
    NotFound {
        /// The word for it: `queue`, `schedule`, `job`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The request expects an answer of another type.
    OtherAnswer {
        /// The request's id.
        request: String,
        /// The expected type.
        expected: String,
        /// The type of this answer.
        found: String,
    },
    /// The request was already answered, with another answer.
    Answered {
        /// The request's id.
        request: String,
    },
    /// The engine has no workflow of this name and version.
    UnknownWorkflow {
        /// The name.
        name: String,
        /// The version.
        version: u32,
    },
    /// An unfinished run holds the deduplication key, so this run was not started.
    Held {
        /// The id of the run that was not started.
        id: String,
        /// The key.
        key: String,
        /// The id of the run that holds it.
        holder: String,
    },
    /// Two workflows have one name and version, resources cannot be made, or an option is invalid.
    Configuration {
        /// The full sentence.
        message: String,
        /// The cause, if there is one.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A value cannot be stored or read.
    Value {
        /// The full sentence.
        message: String,
        /// The cause, if there is one.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// The file of a run cannot be written or read.
    File {
        /// The full sentence, with what to do.
        message: String,
        /// The error of the system, if it was the cause.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A transaction was rolled back without effects, because its closure returned this error or for the reason it
    /// states.
    RolledBack(crate::Error),
    /// The code of a transaction called the engine, which cannot answer before that code ends.
    WithinTransaction,
    /// The closure of an edit of shared state called the engine; it would block all other edits.
    WithinEdit,
    /// The engine, or the runtime that it was started on, is shutting down or has stopped.
    ShuttingDown,
}

impl EngineError {
    pub(super) const fn configuration(message: String) -> Self {
        Self::Configuration { message, source: None }
    }

    pub(super) fn configuration_of(message: String, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Configuration { message, source: Some(Arc::new(source)) }
    }

    pub(crate) const fn value(message: String) -> Self {
        Self::Value { message, source: None }
    }

    pub(crate) fn value_of(message: String, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Value { message, source: Some(Arc::new(source)) }
    }

    #[cfg(feature = "sqlite")]
    pub(super) const fn file(message: String) -> Self {
        Self::File { message, source: None }
    }

    /// Wraps an error about the file of a run.
    #[cfg(feature = "sqlite")]
    pub(super) fn file_of(error: StoreError) -> Self {
        Self::File { message: error.message, source: error.source }
    }

    /// Returns whether the error concerns the run alone that the operation was for, so that the next one may succeed.
    pub(super) const fn is_of_one_run(&self) -> bool {
        match self {
            Self::ShuttingDown => false,
            Self::Store(error) => {
                error.is_of_rows() || matches!(error.kind, StoreErrorKind::Refused | StoreErrorKind::TooLarge)
            }
            _ => true,
        }
    }

    /// Returns whether a retry cannot help while this engine lives.
    pub(super) fn is_for_good(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_for_good())
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::NoSuchRun { id } => write!(f, "there is no run `{id}` in this database"),
            Self::OtherWorkflow { id, expected, found } => {
                write!(f, "run `{id}` is a run of workflow `{found}`, not of `{expected}`: choose another id")
            }
            Self::OtherInput { id, recorded, given } => write!(
                f,
                "run `{id}` was started with input {recorded}, not with {given}: choose another id for another input"
            ),
            Self::WrongStatus { id, status, action } => write!(f, "run `{id}` is {status}: {action}"),
            Self::NoSuchRequest { id } => {
                write!(f, "no request {id} waits for an answer: see `engine.requests()` for those that do")
            }
            Self::NotFound { what, name } => {
                write!(f, "there is no {what} `{name}` in this database: list them to find it (`steadfast {what}s`)")
            }
            Self::OtherAnswer { request, expected, found } => {
                write!(
                    f,
                    "request {request} asks for an answer of type `{expected}`, not `{found}`; it waits as before"
                )
            }
            Self::Answered { request } => write!(f, "request {request} was answered already, and otherwise"),
            Self::UnknownWorkflow { name, version } if *version > 1 => write!(
                f,
                "version {version} of workflow `{name}` is not registered: add its function to the engine's builder, \
                 `.workflow(..)`"
            ),
            Self::Held { id, key, holder } => write!(
                f,
                "run `{id}` was not started: run `{holder}` holds the deduplication key `{key}` and has not ended. Wait for \
                 its end, or choose another key"
            ),
            Self::UnknownWorkflow { name, .. } => {
                write!(f, "workflow `{name}` is not registered: add `.workflow({name})` to the engine's builder")
            }
            Self::Configuration { message, .. } | Self::Value { message, .. } | Self::File { message, .. } => {
                f.write_str(message)
            }
            Self::RolledBack(error) => write!(f, "the transaction was rolled back: {error}"),
            Self::WithinEdit => f.write_str(
                "within the closure of an edit the engine cannot be waited for: ask it in the step, before or after the edit",
            ),
            Self::WithinTransaction => f.write_str(
                "within a transaction the engine itself cannot be waited for: start runs and send messages through the \
                 transaction's handle, `tx.start(..)` and `tx.send(..)`, and do everything else before or after it",
            ),
            Self::ShuttingDown => f.write_str(
                "the engine is shutting down or has stopped: ask another one that is started on the same database",
            ),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Configuration { source: Some(error), .. }
            | Self::Value { source: Some(error), .. }
            | Self::File { source: Some(error), .. } => Some(&**error),
            _ => None,
        }
    }
}

/// A run that ended other than with a result, or whose end is unknown.
///
/// ```
/// use steadfast::RunError;
/// # use steadfast::prelude::*;
///
/// #[workflow]
/// async fn pay(flow: &mut Flow, cents: u32) -> Result<u32> {
///     if cents == 0 { Err(Error::msg("nothing to pay"))? }
///     Ok(cents)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(pay).start().await?;
/// match engine.start(pay, 0).id("order-1").await?.result().await {
///     Ok(cents) => println!("{cents} cents paid"),
///     Err(RunError::Failed(error)) => assert_eq!(error.to_string(), "nothing to pay"),
///     Err(RunError::Cancelled { reason }) => println!("cancelled: {reason}"),
///     Err(other) => return Err(other.into()), // parked, timed out, ..: the text says what to do
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunError<E = crate::Error> {
    /// The workflow returned this error.
    Failed(E),
    /// The run was cancelled.
    Cancelled {
        /// The reason given.
        reason: String,
    },
    /// The run's time limit or deadline was reached.
    TimedOut,
    /// The run ended before it began: its principal lacks a role that its workflow requires.
    Refused {
        /// The required roles, and those that were found.
        reason: String,
    },
    /// The run was moved into a file by [`export_and_end`](crate::Run::export_and_end), and continues where that is
    /// imported.
    Moved,
    /// The run is parked: it has not ended, nothing is lost, and it resumes once the reason is gone.
    Parked {
        /// The reason.
        reason: Box<ParkReason>,
    },
    /// The engine cannot tell how the run ended.
    Engine(EngineError),
}

impl<E: fmt::Display> fmt::Display for RunError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the workflow failed: {error}"),
            Self::Cancelled { reason } => write!(f, "the run was cancelled: {reason}"),
            Self::TimedOut => f.write_str("the run has reached its deadline"),
            Self::Refused { reason } => write!(f, "the run was refused: {reason}"),
            Self::Moved => f.write_str("the run was moved into a file, and continues where that is imported"),
            Self::Parked { reason } => write!(f, "the run is parked: {reason}"),
            Self::Engine(error) => error.fmt(f),
        }
    }
}

impl<E: crate::Failure> std::error::Error for RunError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => error.as_source(),
            Self::Engine(error) => Some(error),
            Self::Cancelled { .. } | Self::TimedOut | Self::Refused { .. } | Self::Moved | Self::Parked { .. } => None,
        }
    }
}

impl<E> From<EngineError> for RunError<E> {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}
