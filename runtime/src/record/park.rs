//! Reasons for parking runs.

use crate::lengths;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU64;

/// The reason why a run is parked: it waits, nothing is lost, and it resumes once an engine starts with code, keys and
/// stores that fit, or when it is retried.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// let run = engine.start(hello, "Ada".to_owned()).id("a").await?;
/// run.result().await?;
/// match run.status().await?.parked {
///     Some(reason) => eprintln!("{}", reason.message), // which call differs, what to do
///     None => println!("`{}` is not parked", run.id()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParkReason {
    /// The kind of obstacle.
    pub cause: ParkCause,
    /// The full explanation in a sentence, with what to do.
    pub message: String,
    /// The command index of the call where code and history differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The recorded command there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// The command of the code there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The entry in whose turn the code diverged: a fork or rewind [after it](crate::ForkPoint::after_entry) continues
    /// with current code from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<NonZeroU64>,
    /// An entry that was delivered and whose group was not recorded: its turn runs for the first time when the run
    /// resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<u64>,
}

/// The kind of obstacle that parks a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkCause {
    /// The workflow diverges from its history.
    Diverged,
    /// A recorded value does not decode with current types.
    Unreadable,
    /// The body of the workflow panicked.
    Panicked,
    /// The body waits for something that the engine does not own.
    ForeignAwait,
    /// The handle was used outside of its own turn: by another task, or by the body of another run.
    OutsideTurn,
    /// The workflow's result cannot be stored.
    Unstorable,
    /// The engine has no workflow of that name.
    UnknownWorkflow,
    /// The run ends its process: several processes died while its code was being polled and no other run was suspect.
    TooManyLoads,
    /// The history was written by a newer version, or is damaged.
    Damaged,
    /// A transient field could not be restored: its hook keeps failing.
    Restore,
    /// A field's value could not be loaded from its store.
    FieldStore,
    /// A resource that a step takes is missing or could not be created.
    Resource,
    /// A step takes shared state of a type that the workflow does not declare.
    State,
    /// A secret cannot be read or written: its key is missing.
    MissingKey,
    /// The fields are being copied into the stores of this engine, or the process ended while they were.
    Importing,
    /// The run is not parked: it was just forked or rewound, and has not continued yet.
    Forked,
}

impl ParkReason {
    pub(crate) fn new(cause: ParkCause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: lengths::cut(message),
            position: None,
            recorded: None,
            found: None,
            turn: None,
            unfinished: None,
        }
    }

    /// Sets the turn in which the run diverged.
    pub(crate) fn in_turn(self, turn: Option<u64>) -> Self {
        let turn = turn.filter(|_| self.cause == ParkCause::Diverged).and_then(NonZeroU64::new);
        Self { turn: self.turn.or(turn), ..self }
    }

    /// Returns the marker in the row of a run that begins with the history of another: the turn of its last entry runs
    /// for the first time.
    pub(crate) fn forked(cut: u64) -> Self {
        let message =
            format!("it begins with the first {cut} entries of another run, and has not gone on from there yet");
        Self { unfinished: Some(cut), ..Self::new(ParkCause::Forked, message) }
    }

    pub(crate) fn at(mut self, position: Option<u64>) -> Self {
        self.position = position;
        self
    }

    /// Returns the reason for a workflow that diverges from its history.
    pub(crate) fn diverged(position: Option<u64>, recorded: String, found: String) -> Self {
        let place = position.map_or_else(String::new, |position| format!(" at position {position}"));
        let message = format!(
            "the workflow does not follow its history{place}: recorded is {recorded}, but the code has {found}. \
             Deploy code that does what is recorded; the run then resumes automatically"
        );
        Self { recorded: Some(recorded), found: Some(found), ..Self::new(ParkCause::Diverged, message) }.at(position)
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a reason of strings and numbers is JSON")
    }

    pub(crate) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Returns the reason in the row of a parked run, even if it cannot be read.
    pub(crate) fn of_row(text: Option<&str>) -> Self {
        text.and_then(Self::from_json).unwrap_or_else(|| {
            let found = text.map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"));
            let message = format!(
                "it is parked, and the reason cannot be read: its row holds {found}. A newer version may have written it; \
                 retry the run to have it tried"
            );
            Self::new(ParkCause::Damaged, message)
        })
    }
}

impl fmt::Display for ParkReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
