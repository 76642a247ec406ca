//! The events that a driver handles, and its mailbox.

use super::running_step::StoppedAttempt;
use super::timers::Busy;
use crate::context::ContextError;
use crate::record::{AttemptOutcome, ParkReason, StepWrite};
use crate::shared_state::StateEvent;
use crate::store::{ImportedRun, InboxRow, Rejected, StoreError};
use crate::value::Value;
use tokio::sync::{OwnedRwLockReadGuard, mpsc, oneshot};

/// A [`DriverEvent`] on its way to a driver. Until it is handled, a clock that skips sleeps stands still.
pub(crate) struct Envelope {
    pub(crate) event: DriverEvent,
    pub(super) busy: Option<Busy>,
}

/// An event for the driver of a run.
pub(crate) enum DriverEvent {
    /// What an attempt needs has been made, or cannot be.
    Prepared { position: u64, outcome: Result<(), ParkReason> },
    /// Fields are saved in their stores, or one of them cannot be.
    Saved(Result<Vec<Value>, ContextError>),
    /// An attempt of a step has ended.
    AttemptEnded { position: u64, attempt: u32, outcome: AttemptOutcome },
    /// The oldest append that was under way is durable; what the database said to each thing that it wrote elsewhere.
    Durable(Vec<Result<i64, Rejected>>),
    /// The same, and its transaction has run.
    Transacted(Vec<Result<i64, Rejected>>, AttemptOutcome),
    /// A run that was to be started was there already: whether it is the same.
    Attached { position: u64, id: String, outcome: Result<(), String> },
    /// The run that this one goes on as, or why it cannot be made.
    Successor(Result<Successor, ParkReason>),
    /// A step wrote a stream item or an event; the sender is notified once it is taken.
    Wrote(StepWrite, oneshot::Sender<()>),
    /// A step edited the shared state.
    State(StateEvent),
    /// An append failed, or its outcome is unknown.
    Unwritten(StoreError),
    /// Another engine owns the run.
    Fenced,
    /// A lease was lost: leave if it was this run's.
    Recheck(i64),
    /// Something is due.
    Due,
    /// Items arrived in the inbox: read it.
    Look,
    /// The items of the inbox; `None` if it could not be read.
    Inbox(Option<Vec<InboxRow>>),
    /// The workflow was woken by something foreign.
    Foreign,
    /// The engine shuts down: finish what is in flight and leave.
    Drain,
    /// The time to finish is over: tell the bodies to stop, and report them.
    Stop(mpsc::UnboundedSender<StoppedAttempt>),
    /// The run is moved into a file: end it here.
    Move,
    /// Leave at once.
    Halt,
}

/// Both ends of the channel to a driver.
pub(crate) struct Mailbox {
    pub(crate) sender: mpsc::UnboundedSender<Envelope>,
    pub(crate) receiver: mpsc::UnboundedReceiver<Envelope>,
    /// What the clock adds to durations of the run to record them, until its driver notices otherwise.
    pub(crate) offset: i64,
}

/// A run that is made, and what keeps its contents until it is written.
pub(crate) struct Successor {
    pub(super) run: Box<ImportedRun>,
    pub(super) import_gate: OwnedRwLockReadGuard<()>,
}
