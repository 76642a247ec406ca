//! Why a run is parked.

use crate::lengths;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU64;

/// Why a run is parked: it stands still, nothing is lost, and it goes on by itself once an engine starts with code,
/// keys and stores that fit, or when it is retried.
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
    /// What kind of obstacle it is.
    pub cause: ParkCause,
    /// The whole story in a sentence, with what to do.
    pub message: String,
    /// The position of the call where code and history differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What the history says there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// What the code does there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The entry whose delivery made the code do something else: a fork or rewind [after it](crate::ForkPoint::after_entry)
    /// goes on with today's code from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<NonZeroU64>,
    /// An entry that was delivered and whose consequences were not recorded: they are new when the run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<u64>,
}

/// What kind of obstacle parks a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkCause {
    /// The workflow does something else than its history says.
    Diverged,
    /// A recorded value does not decode with today's types.
    Unreadable,
    /// The body of the workflow panicked.
    Panicked,
    /// The body waits for something that the engine does not own.
    ForeignAwait,
    /// The workflow's result cannot be stored.
    Unstorable,
    /// The engine has no workflow of that name.
    UnknownWorkflow,
    /// It ends its process: several died while its code was being polled, and while no other run was suspect.
    TooManyLoads,
    /// Its history was written by a newer version, or is damaged.
    Damaged,
    /// A transient field could not be made: its hook keeps failing.
    Restore,
    /// A field's value could not be loaded from its store.
    FieldStore,
    /// A resource that a step takes is missing or could not be made.
    Resource,
    /// A step takes shared state of a type that the workflow does not declare.
    State,
    /// A secret cannot be read or written: its key is missing.
    MissingKey,
    /// Its fields are being copied into the stores of this engine, or the process ended while they were.
    Importing,
    /// It is none that is parked: it was just forked or rewound, and has not gone on yet.
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

    /// In the turn of this entry.
    pub(crate) fn in_turn(self, turn: Option<u64>) -> Self {
        let turn = turn.filter(|_| self.cause == ParkCause::Diverged).and_then(NonZeroU64::new);
        Self { turn: self.turn.or(turn), ..self }
    }

    /// What stands in the row of a run that begins with the history of another: that the turn of its last entry is played
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

    /// The workflow does something else than its history says.
    pub(crate) fn diverged(position: Option<u64>, recorded: String, found: String) -> Self {
        let place = position.map_or_else(String::new, |position| format!(" at position {position}"));
        let message = format!(
            "the workflow does not follow its history{place}: recorded is {recorded}, but the code has {found}. \
             Deploy code that does what is recorded; the run then goes on by itself"
        );
        Self { recorded: Some(recorded), found: Some(found), ..Self::new(ParkCause::Diverged, message) }.at(position)
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a reason of strings and numbers is JSON")
    }

    pub(crate) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// What the row of a parked run says, whatever that is.
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
