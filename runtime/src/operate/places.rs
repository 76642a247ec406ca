//! Actions on queues and schedules.

use super::acting::Acting;
use crate::engine::{EngineError, QueueHandle};
use serde_json::json;
use std::time::Duration;

/// A change of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueSetting {
    /// How many of its tasks run at once; `None` for no limit.
    Total(Option<u32>),
    /// How many of its tasks with the same key run at once; `None` for no limit.
    PerKey(Option<u32>),
    /// How many of its tasks start within a time; `None` for any number.
    Rate(Option<(u32, Duration)>),
    /// How many tasks of a key start in its turn; `None` for one.
    Weight {
        /// The key.
        key: String,
        /// The number of tasks.
        tasks: Option<u32>,
    },
    /// None of its tasks starts, for this reason.
    Pause(String),
    /// Its tasks start again.
    Resume,
    /// The limits that the code declares hold again.
    Reset,
}

impl Acting<'_> {
    /// Changes the limits of a queue, pauses it or resumes it: see [`QueueHandle`](crate::QueueHandle).
    ///
    /// # Errors
    /// The queue is not declared, a number makes no sense, or the database does not work.
    pub async fn set_queue(&self, queue: &str, setting: QueueSetting) -> Result<(), EngineError> {
        let name = queue.to_owned();
        if self.engine.core.ask(move |store| store.queue(&name)).await?.is_none() {
            return Err(EngineError::NotFound { what: "queue", name: queue.to_owned() });
        }
        let (action, details) = described(&setting);
        let record = self.record(action, &format!("queue {queue}"), &details);
        let handle: QueueHandle = self.engine.queue(queue).recorded(record);
        match setting {
            QueueSetting::Total(total) => handle.set_total(total).await,
            QueueSetting::PerKey(per_key) => handle.set_per_key(per_key).await,
            QueueSetting::Rate(rate) => handle.set_rate(rate).await,
            QueueSetting::Weight { key, tasks } => handle.set_weight(key, tasks).await,
            QueueSetting::Pause(note) => handle.pause(note).await,
            QueueSetting::Resume => handle.resume().await,
            QueueSetting::Reset => handle.reset().await,
        }
    }
}

fn described(setting: &QueueSetting) -> (&'static str, serde_json::Value) {
    match setting {
        QueueSetting::Total(total) => ("queue_total", json!({ "total": total })),
        QueueSetting::PerKey(per_key) => ("queue_per_key", json!({ "per_key": per_key })),
        QueueSetting::Rate(rate) => {
            let within = rate.map(|(_, within)| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
            ("queue_rate", json!({ "starts": rate.map(|(starts, _)| starts), "within_ms": within }))
        }
        QueueSetting::Weight { key, tasks } => ("queue_weight", json!({ "key": key, "tasks": tasks })),
        QueueSetting::Pause(note) => ("queue_pause", json!({ "note": note })),
        QueueSetting::Resume => ("queue_resume", json!({})),
        QueueSetting::Reset => ("queue_reset", json!({})),
    }
}

#[cfg(feature = "schedules")]
mod schedules {
    use super::Acting;
    use crate::engine::{EngineError, ScheduleHandle};
    use crate::schedule::shown;
    use serde_json::json;
    use std::ops::Range;
    use std::time::SystemTime;

    impl Acting<'_> {
        async fn schedule(
            &self,
            schedule: &str,
            action: &str,
            details: &serde_json::Value,
        ) -> Result<ScheduleHandle, EngineError> {
            let name = schedule.to_owned();
            if self.engine.core.ask(move |store| store.schedule(&name)).await?.is_none() {
                return Err(EngineError::NotFound { what: "schedule", name: schedule.to_owned() });
            }
            let record = self.record(action, &format!("schedule {schedule}"), details);
            Ok(self.engine.schedule(schedule).recorded(record))
        }

        /// Pauses a schedule, with a note that is shown: see [`ScheduleHandle::pause`](crate::ScheduleHandle::pause).
        ///
        /// # Errors
        /// There is no such schedule, or the database does not work.
        pub async fn pause_schedule(&self, schedule: &str, note: &str) -> Result<(), EngineError> {
            self.schedule(schedule, "schedule_pause", &json!({ "note": note })).await?.pause(note).await
        }

        /// Resumes a schedule, at the times from now on.
        ///
        /// # Errors
        /// There is no such schedule, or the database does not work.
        pub async fn resume_schedule(&self, schedule: &str) -> Result<(), EngineError> {
            self.schedule(schedule, "schedule_resume", &json!({})).await?.resume().await
        }

        /// Starts a run of a schedule now: see [`ScheduleHandle::trigger`](crate::ScheduleHandle::trigger). Returns the
        /// id of the run, if the overlap policy lets it start now.
        ///
        /// # Errors
        /// There is no such schedule, or the database does not work.
        pub async fn trigger(&self, schedule: &str) -> Result<Option<String>, EngineError> {
            let run = self.schedule(schedule, "schedule_trigger", &json!({})).await?.trigger().await?;
            Ok(run.map(|run| run.id().to_owned()))
        }

        /// Starts a run for each nominal time of a range that has none: see
        /// [`ScheduleHandle::backfill`](crate::ScheduleHandle::backfill). Returns how many times there are.
        ///
        /// # Errors
        /// There are more than 1,000 times, there is no such schedule, or the database does not work.
        pub async fn backfill(&self, schedule: &str, range: Range<SystemTime>) -> Result<usize, EngineError> {
            let (from, until) = (crate::schedule::millis(range.start), crate::schedule::millis(range.end));
            let details = json!({ "from": shown(from), "until": shown(until) });
            self.schedule(schedule, "schedule_backfill", &details).await?.backfill(range).await
        }
    }
}
