//! The events that a driver handles, and its mailbox.

use super::running_step::StoppedAttempt;
use super::timers::Busy;
use crate::context::ContextError;
use crate::record::{AttemptOutcome, ParkReason, StepWrite};
use crate::shared_state::StateEvent;
use crate::store::{Append, ImportedRun, InboxRow, Rejected, StoreError};
use crate::value::Value;
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, mpsc, oneshot};

/// A [`DriverEvent`] on its way to a driver. A clock that skips sleeps stops until it is handled.
pub(crate) struct Envelope {
    pub(crate) event: DriverEvent,
    pub(super) busy: Option<Busy>,
}

/// An event for the driver of a run.
pub(crate) enum DriverEvent {
    /// The inputs of an attempt are prepared, or cannot be.
    Prepared { position: u64, outcome: Result<(), ParkReason> },
    /// Fields are saved in their stores, or one of them cannot be.
    Saved(Result<Vec<Value>, ContextError>),
    /// An attempt of a step has ended.
    AttemptEnded { position: u64, attempt: u32, outcome: AttemptOutcome },
    /// The oldest append in flight is durable; the database's outcome for each of its outgoing writes. The append comes
    /// back to be freed where it was made: threads that free each other's memory wait for each other.
    Durable(Vec<Result<i64, Rejected>>, Arc<Append>),
    /// Like `Durable`, and the outcome of the transaction in the append.
    Transacted(Vec<Result<i64, Rejected>>, AttemptOutcome),
    /// The run to be started exists already: whether it is the same.
    Attached { position: u64, id: String, outcome: Result<(), String> },
    /// The successor of this run, or why it cannot be made.
    Successor(Result<Successor, ParkReason>),
    /// A step wrote a stream item or an event; the sender is notified once it is taken.
    Wrote(StepWrite, oneshot::Sender<()>),
    /// A step edited the shared state.
    State(StateEvent),
    /// An append failed, or its outcome is unknown.
    Unwritten(StoreError),
    /// Another engine owns the run.
    Fenced,
    /// The loss of a lease: exit if it was this run's.
    Recheck(i64),
    /// The run's timer fired.
    Due,
    /// Items arrived in the inbox: read it.
    Look,
    /// The items of the inbox; `None` if it could not be read.
    Inbox(Option<Vec<InboxRow>>),
    /// The workflow was woken by a waker that is not the engine's.
    Foreign,
    /// The engine shuts down: finish what is in flight and exit.
    Drain,
    /// The time to finish is over: cancel the bodies, and report them.
    Stop(mpsc::UnboundedSender<StoppedAttempt>),
    /// The run is exported to a file: end it here.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "a run is moved by a file"))]
    Move,
    /// Exit at once.
    Halt,
}

/// Both ends of the channel to a driver.
pub(crate) struct Mailbox {
    pub(crate) sender: mpsc::UnboundedSender<Envelope>,
    pub(crate) receiver: mpsc::UnboundedReceiver<Envelope>,
    /// The offset with which the run's durations are recorded, until its driver notices a change.
    pub(crate) offset: i64,
}

/// A run to be written, and the lock that keeps its contents until then.
pub(crate) struct Successor {
    pub(super) run: Box<ImportedRun>,
    pub(super) import_gate: OwnedRwLockReadGuard<()>,
}
