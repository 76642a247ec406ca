//! What the engine answers when it cannot do what it was asked.

use crate::record::ParkReason;
use crate::store::StoreError;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// An engine operation failed: which thing, what was expected and found, what to do.
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
    /// The database did not do its work. Whether a write of this call happened can be asked again with the same id.
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
        /// The workflow that was asked for.
        expected: String,
        /// The workflow that the run is of.
        found: String,
    },
    /// The id belongs to a run of the same workflow that was started with another input.
    OtherInput {
        /// The id.
        id: String,
        /// The input that the run was started with.
        recorded: String,
        /// The input of this call.
        given: String,
    },
    /// The run has ended, or is in a state in which this cannot be done.
    WrongStatus {
        /// The run's id.
        id: String,
        /// What it is doing.
        status: crate::store::Status,
        /// What cannot be done.
        action: &'static str,
    },
    /// No request with this id waits for an answer.
    NoSuchRequest {
        /// The id.
        id: String,
    },
    /// The request asks for an answer of another type.
    OtherAnswer {
        /// The request's id.
        request: String,
        /// The type that it asks for.
        expected: String,
        /// The type of this answer.
        found: String,
    },
    /// The request was answered, and otherwise.
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
    /// A run that has not ended holds the deduplication key, so this one was not started.
    Held {
        /// The id of the run that was not started.
        id: String,
        /// The key.
        key: String,
        /// The id of the run that holds it.
        holder: String,
    },
    /// Two workflows of one name, resources that cannot be made, or an option that makes no sense.
    Configuration {
        /// The whole sentence.
        message: String,
        /// The error behind it, if there is one.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A value cannot be stored or read: what, and why.
    Value {
        /// The whole sentence.
        message: String,
        /// The error behind it, if there is one.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// The file of a run cannot be written or read: which, why, and what to do.
    File {
        /// The whole sentence.
        message: String,
        /// What the system said, if it was the system.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A transaction was rolled back, so none of it has happened: its closure returned this error, or why else.
    RolledBack(crate::Error),
    /// The engine was asked for something by the code of a transaction, which holds up all that it could wait for.
    WithinTransaction,
    /// The engine was asked for something by the closure of an edit of shared state, which holds up all other edits.
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

    pub(super) const fn value(message: String) -> Self {
        Self::Value { message, source: None }
    }

    pub(super) fn value_of(message: String, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Value { message, source: Some(Arc::new(source)) }
    }

    pub(super) const fn file(message: String) -> Self {
        Self::File { message, source: None }
    }

    /// What went wrong with the file of a run.
    pub(super) fn file_of(error: StoreError) -> Self {
        Self::File { message: error.message, source: error.source }
    }

    /// Whether trying again does not help while this engine lives.
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

/// How a run ended other than with its result, or why that cannot be said.
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
    /// The run was told to stop.
    Cancelled {
        /// The reason that was given.
        reason: String,
    },
    /// Its time limit or deadline was reached.
    TimedOut,
    /// The run ended before it began: its principal does not have a role that its workflow asks for.
    Refused {
        /// The roles that it asks for, and those that were found.
        reason: String,
    },
    /// The run was moved into a file by [`export_and_end`](crate::Run::export_and_end), and goes on where that is imported.
    Moved,
    /// The run stands still; it is not ended, nothing is lost, and it goes on once the reason is gone.
    Parked {
        /// Why.
        reason: Box<ParkReason>,
    },
    /// The engine cannot say.
    Engine(EngineError),
}

impl<E: fmt::Display> fmt::Display for RunError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the workflow failed: {error}"),
            Self::Cancelled { reason } => write!(f, "the run was cancelled: {reason}"),
            Self::TimedOut => f.write_str("the run has reached its deadline"),
            Self::Refused { reason } => write!(f, "the run was refused: {reason}"),
            Self::Moved => f.write_str("the run was moved into a file, and goes on where that is imported"),
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
