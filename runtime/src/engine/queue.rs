//! Reads and changes queues while engines run.

use super::Engine;
use super::error::EngineError;
use crate::inspect::queues::{self, QueueInfo, QueueKey};
use crate::queue::weight_fault;
use crate::store::{AuditRow, QueueChange, QueueRow, Rate, Rejected, Write};
use std::time::Duration;

/// The most keys that [`QueueHandle::keys`] returns.
const KEYS: usize = 1_000;

/// A queue of an engine's database; see [`Engine::queue`].
#[derive(Clone, Debug)]
pub struct QueueHandle {
    engine: Engine,
    name: String,
    record: Option<AuditRow>,
}

impl Engine {
    /// Returns a queue by its name, to read it and to change its limits while everything runs. All engines on the
    /// database follow within a second.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # use steadfast::Queue;
    /// # #[step(queue = "gpu")]
    /// # async fn embed(text: String) -> Result<usize> { Ok(text.len()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let builder = Engine::builder().in_memory().queue(Queue::new("gpu").total(50));
    /// let engine = builder.serve("gpu", 4).step::<embed>().start().await?;
    /// let gpu = engine.queue("gpu");
    /// gpu.set_total(Some(10)).await?;
    /// gpu.pause("the driver is replaced").await?;
    /// assert_eq!(gpu.info().await?.paused.as_deref(), Some("the driver is replaced"));
    /// gpu.resume().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn queue(&self, name: impl Into<String>) -> QueueHandle {
        QueueHandle { engine: self.clone(), name: name.into(), record: None }
    }

    /// Returns the queues in which something waits or runs, in order of their names.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn queues(&self) -> Result<Vec<QueueInfo>, EngineError> {
        self.core.ask(queues::all).await
    }
}

impl QueueHandle {
    /// Has what is done by this handle recorded as this action.
    pub(crate) fn recorded(self, record: AuditRow) -> Self {
        Self { record: Some(record), ..self }
    }

    /// Returns how many of its tasks wait and run, and its limits. A queue that does not exist has no tasks and no
    /// limits.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn info(&self) -> Result<QueueInfo, EngineError> {
        let name = self.name.clone();
        let read = self.engine.core.ask(move |store| {
            let row = store.queues()?.into_iter().find(|row| row.queue == name);
            let row = row.unwrap_or_else(|| QueueRow { queue: name.clone(), waiting: 0, running: 0, oldest: None });
            Ok((store.queue(&name)?, row))
        });
        read.await.map(|(state, row)| queues::info(state, row))
    }

    /// Returns the keys of which tasks wait or run, at most 1,000, in the byte order of their texts; `after` is the last key
    /// of the page before. A queue without keys has none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn keys(&self, after: Option<&str>) -> Result<Vec<QueueKey>, EngineError> {
        let (name, after) = (self.name.clone(), after.map(ToOwned::to_owned));
        self.engine.core.ask(move |store| queues::keys(store, &name, after.as_deref(), KEYS)).await
    }

    /// Starts nothing of it until it is [resumed](Self::resume); what runs goes on. `why` is shown as
    /// [`QueueInfo::paused`].
    ///
    /// # Errors
    /// The queue is not declared, or the database does not work.
    pub async fn pause(&self, why: impl Into<String>) -> Result<(), EngineError> {
        self.change(QueueChange::Pause(Some(why.into()))).await
    }

    /// Starts its tasks again.
    ///
    /// # Errors
    /// The queue is not declared, or the database does not work.
    pub async fn resume(&self) -> Result<(), EngineError> {
        self.change(QueueChange::Pause(None)).await
    }

    /// Sets how many of its tasks run at once, on all engines together; `None` for any number. What runs already goes
    /// on.
    ///
    /// # Errors
    /// The number is 0, the queue is not declared, or the database does not work.
    pub async fn set_total(&self, tasks: Option<u32>) -> Result<(), EngineError> {
        self.positive(tasks)?;
        self.change(QueueChange::Total(tasks)).await
    }

    /// Sets how many of its tasks with the same key run at once; `None` for any number. What runs already goes on.
    ///
    /// # Errors
    /// The number is 0, the queue is not declared or has no key, or the database does not work.
    pub async fn set_per_key(&self, tasks: Option<u32>) -> Result<(), EngineError> {
        self.positive(tasks)?;
        self.change(QueueChange::PerKey(tasks)).await
    }

    /// Sets how many of its tasks are started within a time, which is from 1 ms to 49 days; `None` for any number.
    ///
    /// # Errors
    /// The number is 0, the time is outside that range, the queue is not declared, or the database does not work.
    pub async fn set_rate(&self, rate: Option<(u32, Duration)>) -> Result<(), EngineError> {
        let rate = match rate {
            None => None,
            Some((starts, within)) => {
                self.positive(Some(starts))?;
                let no_time = || {
                    let name = &self.name;
                    EngineError::value(format!(
                        "queue `{name}`: the time of a rate is from 1 ms to 49 days, not {within:?}"
                    ))
                };
                Some(Rate::within(starts, within).ok_or_else(no_time)?)
            }
        };
        self.change(QueueChange::Rate(rate)).await
    }

    /// Sets how many tasks of a key start in its turn, from 1 to 1,000,000; `None` for one.
    ///
    /// # Errors
    /// The number is outside that range, the queue is not declared or has no key, or the database does not work.
    pub async fn set_weight(&self, key: impl Into<String>, tasks: Option<u32>) -> Result<(), EngineError> {
        let key = key.into();
        if let Some(fault) = tasks.and_then(|tasks| weight_fault(&self.name, &key, tasks)) {
            return Err(EngineError::value(fault));
        }
        self.change(QueueChange::Weight { key, weight: tasks }).await
    }

    /// Returns to the limits that the code declares.
    ///
    /// # Errors
    /// The queue is not declared, or the database does not work.
    pub async fn reset(&self) -> Result<(), EngineError> {
        self.change(QueueChange::Reset).await
    }

    fn positive(&self, number: Option<u32>) -> Result<(), EngineError> {
        let name = &self.name;
        if number == Some(0) {
            let why = format!("queue `{name}`: with a limit of 0 nothing of it would ever start; pause it instead");
            return Err(EngineError::value(why));
        }
        Ok(())
    }

    async fn change(&self, change: QueueChange) -> Result<(), EngineError> {
        let name = &self.name;
        let core = &self.engine.core;
        let write = Write::ChangeQueue { queue: name.as_str().into(), change };
        match core.committer.write(write.recorded(self.record.as_ref())).await? {
            Ok(_) => {
                core.look_for_tasks();
                Ok(())
            }
            Err(Rejected::Refused(why)) => Err(EngineError::value(why)),
            // There is no other reason.
            Err(_) => Err(EngineError::value(format!(
                "queue `{name}` is not declared in this database: declare it with `.queue(Queue::new(\"{name}\"))` in \
                 the builder of an engine that has its steps or calls them"
            ))),
        }
    }
}
