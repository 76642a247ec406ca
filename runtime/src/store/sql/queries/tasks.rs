//! The queries of tasks and queues.

/// The columns of a task, in the order in which they are read.
macro_rules! task_columns {
    () => {
        "number, queue, key, step, run, position, attempt, context, timeout, priority, at, due, state, lease, refused,
            expires, deadline, progress, form, body"
    };
}

/// The columns of a queue, in the order in which they are read.
macro_rules! queue_columns {
    () => {
        "queue, declared, limits, has_keys, paused, running, starts, counted_at, turns"
    };
}

/// The columns of a task that decisions read.
macro_rules! task_head {
    () => {
        "SELECT number, queue, key, run, position, attempt, at, state, lease FROM steadfast_tasks WHERE "
    };
}

pub(in crate::store::sql) const TASK_COLUMNS: &str = task_columns!();

queries! {
    /// Run, position.
    TASKS_AT = concat!(task_head!(), "run = ?1 AND position = ?2");
    /// Run.
    TASKS_IN = concat!(task_head!(), "run = ?1");
    /// Lease.
    TASKS_OF_LEASE = concat!(task_head!(), "lease = ?1");
    /// Lease.
    CLAIMED_BY = concat!("SELECT ", task_columns!(), " FROM steadfast_tasks WHERE lease = ?1");
    /// Run.
    TASKS_OF_RUN = concat!("SELECT ", task_columns!(), " FROM steadfast_tasks WHERE run = ?1");
    /// Queue, key, step, run, position, attempt, context, timeout, priority, time, wait, rank, form, body, wait until it
    /// expires, deadline, state.
    INSERT_TASK = concat!(
        "INSERT INTO steadfast_tasks
                (queue, key, step, run, position, attempt, context, timeout, priority, at, due, rank, state, form, body,
                expires, deadline)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ", now!(), " + ?11, ?12, ?17, ?13, ?14,
                ", now!(), " + ?15, ?16)"
    );
    /// Run, position, attempt, state, lease.
    CHANGE_TASK = "UPDATE steadfast_tasks SET state = ?4, lease = ?5 WHERE run = ?1 AND position = ?2 AND attempt = ?3";
    /// Run, position, attempt, state, lease, why, for how long.
    RETURN_TASK = concat!(
        "UPDATE steadfast_tasks SET state = ?4, lease = ?5, refused = ?6, progress = NULL, due = ", now!(), " + ?7
            WHERE run = ?1 AND position = ?2 AND attempt = ?3"
    );
    /// Run, position, attempt, progress.
    REPORT_TASK = "UPDATE steadfast_tasks SET progress = ?4 WHERE run = ?1 AND position = ?2 AND attempt = ?3";
    /// Run, the run that gets it.
    MOVE_PLACE = "UPDATE steadfast_tasks SET run = ?2 WHERE run = ?1 AND position = 0";
    /// Run, deadline.
    SET_DEADLINE = "UPDATE steadfast_tasks SET deadline = ?2 WHERE run = ?1 AND position = 0";
    /// Run, for how long, state.
    SET_DUE = concat!(
        "UPDATE steadfast_tasks SET due = ", now!(), " + ?2, state = ?3 WHERE run = ?1 AND position = 0"
    );
    /// How many.
    EXPIRED = concat!(
        "SELECT ", task_columns!(), " FROM steadfast_tasks
            WHERE state IN ('waiting', 'delayed') AND expires <= ", now!(), "
        UNION ALL SELECT ", task_columns!(), " FROM steadfast_tasks
            WHERE state IN ('waiting', 'delayed') AND deadline <= ", now!(), " AND (expires IS NULL OR expires > ", now!(), ")
        LIMIT ?1"
    );
    /// Run, position, attempt.
    REMOVE_TASK = "DELETE FROM steadfast_tasks WHERE run = ?1 AND position = ?2 AND attempt = ?3";

    /// Queue.
    QUEUE = concat!("SELECT ", queue_columns!(), " FROM steadfast_queues WHERE queue = ?1");
    /// The columns.
    PUT_QUEUE = concat!(
        "INSERT INTO steadfast_queues (", queue_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (queue) DO UPDATE SET declared = excluded.declared, limits = excluded.limits,
                has_keys = excluded.has_keys, paused = excluded.paused, running = excluded.running,
                starts = excluded.starts, counted_at = excluded.counted_at, turns = excluded.turns"
    );
    /// Queue.
    CLAIMED_IN = "SELECT count(*) FROM steadfast_tasks WHERE queue = ?1 AND lease IS NOT NULL";
    CLOCK = concat!("SELECT ", now!());
    /// Queue, key, waiting, running, delayed.
    COUNT_KEY = "INSERT INTO steadfast_queue_keys (queue, key, waiting, running, delayed, turn)
            VALUES (?1, ?2, ?3, ?4, ?5, coalesce((SELECT turns FROM steadfast_queues WHERE queue = ?1), 0))
        ON CONFLICT (queue, key) DO UPDATE SET waiting = steadfast_queue_keys.waiting + excluded.waiting,
            running = steadfast_queue_keys.running + excluded.running,
            delayed = steadfast_queue_keys.delayed + excluded.delayed";
    /// Queue, key, waiting, running, delayed. Removes the key if none of its tasks is left after this change.
    FORGET_KEY = "DELETE FROM steadfast_queue_keys
        WHERE queue = ?1 AND key = ?2 AND waiting + ?3 <= 0 AND running + ?4 <= 0 AND delayed + ?5 <= 0";
    /// Queue, turn and key after which it begins, limit per key, how many.
    TURNS = "SELECT key, turn, running FROM steadfast_queue_keys
        WHERE queue = ?1 AND waiting > 0 AND (turn, key) > (?2, ?3) AND running < ?4 ORDER BY turn, key LIMIT ?5";
    /// Queue, how many.
    KEYS = "SELECT key, waiting + delayed, running FROM steadfast_queue_keys WHERE queue = ?1 ORDER BY key LIMIT ?2";
    /// Queue, how many, the key before the first.
    KEYS_AFTER = "SELECT key, waiting + delayed, running FROM steadfast_queue_keys WHERE queue = ?1 AND key > ?3
        ORDER BY key LIMIT ?2";
    /// Queue.
    GIVE_KEYS_TO_WAITING = "UPDATE steadfast_tasks SET key = '' WHERE queue = ?1 AND key IS NULL AND state = 'waiting'";
    /// Queue.
    GIVE_KEYS_TO_DELAYED = "UPDATE steadfast_tasks SET key = '' WHERE queue = ?1 AND key IS NULL AND state = 'delayed'";
    /// Queue.
    GIVE_KEYS_TO_IDLE = "UPDATE steadfast_tasks SET key = '' WHERE queue = ?1 AND key IS NULL AND state = 'idle'";
    /// Queue.
    GIVE_KEYS_TO_CLAIMED = "UPDATE steadfast_tasks SET key = ''
        WHERE queue = ?1 AND key IS NULL AND lease IS NOT NULL";
    /// The least name that may be found. Steps from queue to queue, however many tasks each has.
    NEXT_QUEUE = "SELECT min(queue) FROM (
        SELECT min(queue) AS queue FROM steadfast_tasks WHERE state = 'waiting' AND queue > ?1
        UNION ALL SELECT min(queue) FROM steadfast_tasks WHERE state = 'delayed' AND queue > ?1
        UNION ALL SELECT min(queue) FROM steadfast_tasks WHERE lease IS NOT NULL AND queue > ?1) AS q";
    /// Queue, the most tasks that are counted.
    WAITING_IN_QUEUE = "SELECT at FROM steadfast_tasks WHERE queue = ?1 AND state = 'waiting'
        ORDER BY rank, number LIMIT ?2";
    DELAYED_IN_QUEUE = "SELECT at FROM steadfast_tasks WHERE queue = ?1 AND state = 'delayed'
        ORDER BY rank, number LIMIT ?2";
    RUNNING_OF_QUEUE = "SELECT at FROM steadfast_tasks WHERE queue = ?1 AND lease IS NOT NULL LIMIT ?2";
}
