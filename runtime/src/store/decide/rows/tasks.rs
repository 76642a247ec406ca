//! What decisions need of tasks and queues.

use crate::store::{QueueState, StoreError, TaskRow, TaskState};

/// The tasks and queues of a database within one transaction.
pub(in crate::store) trait TaskRows {
    /// Returns the attempts of a call, without their arguments.
    fn attempts(&self, run: i64, position: u64) -> Result<Vec<TaskHead>, StoreError>;

    /// Returns the tasks of a run, without their arguments.
    fn tasks_in(&self, run: i64) -> Result<Vec<TaskHead>, StoreError>;

    /// Returns the tasks that the engine of a lease runs.
    fn tasks_of(&self, lease: i64) -> Result<Vec<TaskHead>, StoreError>;

    /// Inserts a task. Ignores its number and lease, and why it was refused.
    fn insert_task(&mut self, task: &TaskRow) -> Result<(), StoreError>;

    /// Changes the row of a task.
    fn change_task(&mut self, task: &TaskHead, change: &TaskChange<'_>) -> Result<(), StoreError>;

    /// Sets the progress of a task.
    fn report_task(&mut self, task: &TaskHead, progress: &str) -> Result<(), StoreError>;

    /// Removes a task.
    fn remove_task(&mut self, task: &TaskHead) -> Result<(), StoreError>;

    /// Gives what a run has in its queue to another one.
    fn move_place(&mut self, from: i64, to: i64) -> Result<(), StoreError>;

    /// Sets the latest end of a run that waits in a queue.
    fn set_deadline(&mut self, run: i64, deadline: Option<i64>) -> Result<(), StoreError>;

    /// Sets the wait of a run until it may be claimed from its queue, from now on, in milliseconds, and its state.
    fn set_due(&mut self, run: i64, wait: i64, state: TaskState) -> Result<(), StoreError>;

    /// Returns at most `limit` runs that wait in a queue, and whose time to begin or deadline is over by the clock of the
    /// database.
    fn expired(&self, limit: usize) -> Result<Vec<TaskRow>, StoreError>;

    /// Returns the state of a queue; `None` if it is not declared.
    fn queue(&self, name: &str) -> Result<Option<QueueState>, StoreError>;

    /// Inserts or replaces the row of a queue.
    fn put_queue(&mut self, state: &QueueState) -> Result<(), StoreError>;

    /// Returns how many tasks of a queue have a lease.
    fn running_in(&self, queue: &str) -> Result<i64, StoreError>;

    /// Returns the clock of the database, in milliseconds since 1970.
    fn now(&self) -> Result<i64, StoreError>;

    /// Has delayed tasks of a queue that are due wait for an engine: at most `limit`, those first that are due first. Returns
    /// how many of each key there are; those without a key are not counted.
    fn promote(&mut self, queue: &str, limit: usize) -> Result<Vec<(String, i64)>, StoreError>;

    /// Changes how many tasks of a key wait and run. Removes a key of which none does; a new one has its turn after all that
    /// were served.
    fn count_key(&mut self, queue: &str, key: &str, change: KeyChange) -> Result<(), StoreError>;

    /// Gives the tasks of a queue that have no key the empty one, and returns how many wait and run.
    fn give_keys(&mut self, queue: &str) -> Result<KeyChange, StoreError>;

    /// Returns keys of which a task waits and fewer than `per_key` run: at most `limit`, those after
    /// this turn and key, in order of turns and keys.
    fn turns(&self, queue: &str, per_key: u32, after: (i64, &str), limit: usize)
    -> Result<Vec<WaitingKey>, StoreError>;

    /// Counts tasks of keys as running that have waited, and sets the turns of the keys.
    fn serve_keys(&mut self, queue: &str, keys: &[Served]) -> Result<(), StoreError>;

    /// Gives the first waiting task of each of these keys to a lease that is due and of these steps. Returns them in any
    /// order.
    fn claim_firsts(
        &mut self,
        lease: i64,
        queue: &str,
        keys: &[&str],
        steps: &[String],
    ) -> Result<Vec<TaskRow>, StoreError>;

    /// Gives waiting tasks of a queue that are due, of these steps and of this key if there is one, to a lease: at most
    /// `limit`, in order of rank and number. Returns them in that order.
    fn claim_tasks(
        &mut self,
        lease: i64,
        queue: &str,
        key: Option<&str>,
        steps: &[String],
        limit: usize,
    ) -> Result<Vec<TaskRow>, StoreError>;
}

/// The columns of a task that decisions read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct TaskHead {
    pub(in crate::store) queue: String,
    pub(in crate::store) key: Option<String>,
    pub(in crate::store) run: i64,
    pub(in crate::store) position: u64,
    pub(in crate::store) attempt: u32,
    pub(in crate::store) at: i64,
    pub(in crate::store) state: TaskState,
    pub(in crate::store) lease: Option<i64>,
}

/// New values of a task's row.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct TaskChange<'a> {
    pub(in crate::store) state: TaskState,
    pub(in crate::store) lease: Option<i64>,
    /// The reason why its engine cannot run it, and the milliseconds until it is due again; `None` leaves both.
    pub(in crate::store) refused: Option<(&'a str, i64)>,
}

/// A change of how many tasks of a key wait for an engine, wait for their time, and run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct KeyChange {
    pub(in crate::store) waiting: i64,
    pub(in crate::store) delayed: i64,
    pub(in crate::store) running: i64,
}

impl KeyChange {
    /// Returns the change by so many tasks in a state.
    pub(in crate::store) fn of(state: TaskState, count: i64) -> Self {
        let mut change = Self::default();
        match state {
            TaskState::Waiting => change.waiting = count,
            TaskState::Delayed => change.delayed = count,
            TaskState::Claimed | TaskState::Cancelled => change.running = count,
            TaskState::Delivered | TaskState::Idle => {}
        }
        change
    }

    /// Returns this change after another one.
    pub(in crate::store) fn and(self, other: Self) -> Self {
        Self {
            waiting: self.waiting + other.waiting,
            delayed: self.delayed + other.delayed,
            running: self.running + other.running,
        }
    }
}

impl From<&TaskRow> for TaskHead {
    fn from(task: &TaskRow) -> Self {
        let TaskRow { run, position, attempt, at, state, lease, .. } = *task;
        Self { queue: task.queue.clone(), key: task.key.clone(), run, position, attempt, at, state, lease }
    }
}

/// A key that has waiting tasks.
#[derive(Clone, Debug)]
pub(in crate::store) struct WaitingKey {
    pub(in crate::store) key: String,
    pub(in crate::store) turn: i64,
    /// How many of its tasks run.
    pub(in crate::store) running: i64,
}

/// A key of which tasks were claimed.
#[derive(Clone, Debug)]
pub(in crate::store) struct Served {
    pub(in crate::store) key: String,
    /// How many were claimed.
    pub(in crate::store) count: i64,
    /// Its new turn.
    pub(in crate::store) turn: i64,
}
