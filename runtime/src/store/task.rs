//! What waits in queues for an engine: steps that run in another process, and runs.

use crate::value::Value;

/// An attempt of a remote step: it waits in a queue, runs on an engine, or has an outcome that its run has not
/// recorded. At position 0, a run that waits in a queue, or has room there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// The number assigned by the store, in order of arrival; never reused.
    pub number: i64,
    /// The queue in which it waits.
    pub queue: String,
    /// The recorded name of the step; of a run, its workflow and version as [`TaskRow::run_step`] writes them.
    pub step: String,
    /// The run that calls it.
    pub run: i64,
    /// The command index of the call. Cancelled attempts of a call have rows beside that of the next one.
    pub position: u64,
    /// The attempt's number, from 1; of a run, the number of claims.
    pub attempt: u32,
    /// The entry that wrote the context which the step sees.
    pub context: Option<u64>,
    /// The time limit of the attempt, in milliseconds, from the start of its body.
    pub timeout: Option<i64>,
    /// Tasks with a lower number are claimed first. Each [`AGE`](Self::AGE) of waiting counts as one less.
    pub priority: i64,
    /// The key by which its queue counts and takes turns; `None` in a queue without keys.
    pub key: Option<String>,
    /// The time of the call, in milliseconds since 1970.
    pub at: i64,
    /// The time from which it may be claimed, by the clock of the database, in milliseconds since 1970. In
    /// [`Outgoing::Enqueue`](super::Outgoing::Enqueue) it is the wait from the commit on, in milliseconds.
    pub due: i64,
    /// Its state.
    pub state: TaskState,
    /// The lease whose engine runs it.
    pub lease: Option<i64>,
    /// The reason why the last engine that claimed it could not run it.
    pub refused: Option<String>,
    /// The time after which a run that has not begun is cancelled, by the clock of the database, in milliseconds since
    /// 1970. Where it is inserted it is the wait from the commit on, in milliseconds.
    pub expires: Option<i64>,
    /// The latest end of a run, in milliseconds since 1970: a run that waits no longer waits then.
    pub deadline: Option<i64>,
    /// The progress of the attempt as its engine last reported it, as JSON.
    pub progress: Option<String>,
    /// The arguments of the step.
    pub arguments: Value,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for an engine.
    Waiting,
    /// It waits for its time. Claims pass it over; the first one after that time has it wait for an engine.
    Delayed,
    /// An engine runs it.
    Claimed,
    /// An engine runs it, and its outcome is no longer wanted.
    Cancelled,
    /// Its outcome was put into the inbox of its run.
    Delivered,
    /// A run that has begun, and waits for something else than room; or the call of a run that is paused.
    Idle,
}

impl TaskRow {
    /// The wait, in milliseconds, that counts as much as a priority lower by one.
    pub const AGE: i64 = 60_000;

    /// The longest wait until a task may be claimed, in milliseconds: about 1,000 years.
    pub(super) const LONGEST: i64 = 1_000 * 366 * 24 * 3_600_000;

    /// The position of a run itself: calls of steps have positions from 1.
    pub const RUN: u64 = 0;

    /// Returns the word by which engines that have a workflow claim its runs.
    #[must_use]
    pub fn run_step(workflow: &str, version: u32) -> String {
        format!("{workflow}@{version}")
    }

    /// Returns whether it is a run, and not a step of one.
    #[must_use]
    pub const fn is_run(&self) -> bool {
        self.position == Self::RUN
    }

    /// Returns its place in the queue: the lowest is claimed first.
    #[must_use]
    pub(crate) fn rank(&self) -> i64 {
        self.at.saturating_add(self.priority.saturating_mul(Self::AGE))
    }
}

impl TaskState {
    /// The states of a task that no engine has claimed, and that is to be claimed.
    pub(crate) const UNCLAIMED: [Self; 2] = [Self::Waiting, Self::Delayed];

    /// Returns the state of a task that may be claimed after so many milliseconds.
    pub(super) const fn after(wait: i64) -> Self {
        if wait > 0 { Self::Delayed } else { Self::Waiting }
    }

    /// Returns whether it waits to be claimed, now or later.
    #[must_use]
    pub fn waits(self) -> bool {
        Self::UNCLAIMED.contains(&self)
    }

    /// Returns its word in a database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Claimed => "claimed",
            Self::Cancelled => "cancelled",
            Self::Delivered => "delivered",
            Self::Idle => "idle",
        }
    }

    /// Parses a word from a database; `None` for an unknown one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Delayed, Self::Claimed, Self::Cancelled, Self::Delivered, Self::Idle]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// The key by which [`Store::tasks`](super::Store::tasks) finds tasks.
#[derive(Clone, Copy, Debug)]
pub enum TaskKey<'a> {
    /// The tasks that the engine of a lease runs.
    Lease(i64),
    /// The tasks of a run.
    Run(i64),
    /// The runs that wait in a queue though their time to begin, or their deadline, is over.
    Expired {
        /// At most this many.
        limit: usize,
    },
    /// The first of a queue that can be claimed now, in the order in which they are claimed.
    Waiting {
        /// The queue.
        queue: &'a str,
        /// The names of the steps.
        steps: &'a [String],
        /// At most this many.
        limit: usize,
    },
    /// The first of a queue that wait for other steps than these, also those that cannot be claimed yet, in the order
    /// in which they are claimed.
    Unserved {
        /// The queue.
        queue: &'a str,
        /// The names of the steps.
        steps: &'a [String],
        /// At most this many.
        limit: usize,
    },
}

/// A key of a queue, as [`Store::queue_keys`](super::Store::queue_keys) returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueKeyRow {
    /// The key.
    pub key: String,
    /// How many of its tasks wait.
    pub waiting: i64,
    /// How many of its tasks run.
    pub running: i64,
}

/// What waits in a queue, as [`Store::queues`](super::Store::queues) returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// The name of the queue.
    pub queue: String,
    /// How many tasks wait, counted up to [`COUNTED`](Self::COUNTED).
    pub waiting: u64,
    /// How many tasks run, counted up to [`COUNTED`](Self::COUNTED).
    pub running: u64,
    /// The time of the oldest call among the waiting tasks that were counted, in milliseconds since 1970.
    pub oldest: Option<i64>,
}

impl QueueRow {
    /// The most tasks of a queue that are counted.
    pub const COUNTED: u64 = 1_000;
}
