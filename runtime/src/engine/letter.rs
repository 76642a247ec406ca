//! What is said to the driver of a run.

use super::running_step::Told;
use super::timers::Busy;
use crate::context::ContextError;
use crate::record::{AttemptOutcome, ParkReason, StepWrite};
use crate::shared_state::StateNews;
use crate::store::{ImportedRun, InboxRow, Rejected, StoreError};
use crate::value::Value;
use tokio::sync::{OwnedRwLockReadGuard, mpsc, oneshot};

/// What is said to the driver of a run. While it is under way the engine is busy.
pub(crate) struct Letter {
    pub(crate) message: Message,
    pub(super) _busy: Option<Busy>,
}

/// What is said to the driver of a run.
pub(crate) enum Message {
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
    /// A step has written something for outsiders; the sender is told when it is taken.
    Wrote(StepWrite, oneshot::Sender<()>),
    /// A step has done something with the shared state.
    State(StateNews),
    /// An append was not written, or nobody knows.
    Unwritten(StoreError),
    /// The run is no longer ours.
    Fenced,
    /// A lease was lost: leave if it was this run's.
    Recheck(i64),
    /// Something is due.
    Due,
    /// Something came from outside: look.
    Look,
    /// What was found in the inbox, if it could be read.
    Inbox(Option<Vec<InboxRow>>),
    /// The workflow was woken by something foreign.
    Foreign,
    /// The engine shuts down: finish what is in flight and leave.
    Drain,
    /// The time to finish is over: tell the bodies to stop, and report them.
    Stop(mpsc::UnboundedSender<Told>),
    /// The run is moved into a file: end it here.
    Move,
    /// Leave at once.
    Halt,
}

/// Both ends of a driver's mail.
pub(crate) struct Mail {
    pub(crate) sender: mpsc::UnboundedSender<Letter>,
    pub(crate) letters: mpsc::UnboundedReceiver<Letter>,
    /// What the clock adds to durations of the run to record them, until its driver notices otherwise.
    pub(crate) offset: i64,
}

/// A run that is made, and what keeps its contents until it is written.
pub(crate) struct Successor {
    pub(super) run: Box<ImportedRun>,
    pub(super) placing: OwnedRwLockReadGuard<()>,
}
