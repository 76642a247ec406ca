//! The activity of the engine for a run, read from the committed journal.

mod merged;
mod what;

pub use merged::{EventsAndActivity, RunEvent};
pub use what::{Activity, ActivityKind, Waited};

use super::error::EngineError;
use super::handle::Run;
use super::outputs::LOOK_AGAIN;
use super::reading::{self, Reader, Reading};
use crate::store::EntryRow;
use futures_util::Stream;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The number of entries read at a time.
const PAGE: usize = 512;

impl Run {
    /// Returns a reader of the run's activity: steps that start, fail and finish, waits and what ends them, and the end
    /// of the run. It reads the journal: it shows only what is committed, misses nothing, and can be read again after
    /// the end.
    ///
    /// ```
    /// use steadfast::{ActivityKind, prelude::*};
    ///
    /// #[step]
    /// async fn greet(name: String) -> Result<String> {
    ///     Ok(format!("Hello, {name}!"))
    /// }
    ///
    /// #[workflow]
    /// async fn hello(flow: &mut Flow, name: String) -> Result<String> {
    ///     Ok(greet(flow, name).await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
    /// let run = engine.start(hello, "world".into()).await?;
    /// let mut activity = run.activity();
    /// let mut finished = Vec::new();
    /// while let Some(seen) = activity.next().await? {
    ///     if let ActivityKind::StepCompleted { step, .. } = seen.kind {
    ///         finished.push(step);
    ///     }
    /// }
    /// assert_eq!(finished, ["greet"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Like [`history`](Run::history), it covers this execution of the run only. A run that continued as new ends here
    /// as [`Status::Replaced`](crate::Status::Replaced); [`Engine::run`](crate::Engine::run) with its id returns the
    /// current execution.
    #[must_use]
    pub fn activity(&self) -> ActivityReader {
        ActivityReader { entries: Entries::new(self), reading: Reading::none() }
    }
}

/// Reads a run's activity; any number of readers may read one run.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// use futures_util::TryStreamExt;
/// use steadfast::{Activity, ActivityKind};
///
/// let run = engine.start(hello, "Ada".to_owned()).id("a").await?;
/// run.result().await?;
/// let all: Vec<Activity> = run.activity().try_collect().await?; // ends with the run
/// assert!(matches!(all[0].kind, ActivityKind::RunStarted { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ActivityReader {
    entries: Entries,
    reading: Reading<Self, Activity>,
}

impl ActivityReader {
    /// Continues after this [`seq`](Activity::seq), which may come from another reader; 0 is the beginning.
    #[must_use]
    pub fn after(mut self, seq: u64) -> Self {
        self.reading.forget();
        self.entries.after(seq);
        self
    }

    /// Waits for the next activity that is committed. `None` once the run has ended.
    ///
    /// # Errors
    /// The database cannot be read, or the run was deleted.
    pub async fn next(&mut self) -> Result<Option<Activity>, EngineError> {
        self.reading.forget();
        while let Some(entry) = self.entries.next().await? {
            if let Some(activity) = Activity::of(&entry) {
                return Ok(Some(activity));
            }
        }
        Ok(None)
    }

    /// Returns the next activity if it is committed by now; `None` says only that it is not.
    ///
    /// # Errors
    /// See [`next`](ActivityReader::next).
    pub async fn try_next(&mut self) -> Result<Option<Activity>, EngineError> {
        self.reading.forget();
        while let Some(entry) = self.entries.try_next().await? {
            if let Some(activity) = Activity::of(&entry) {
                return Ok(Some(activity));
            }
        }
        Ok(None)
    }
}

impl Reader for ActivityReader {
    type Item = Activity;

    fn here(&self) -> Self {
        Self { entries: self.entries.here(), reading: Reading::none() }
    }

    fn reading(&mut self) -> &mut Reading<Self, Self::Item> {
        &mut self.reading
    }

    fn read_next(&mut self) -> impl Future<Output = Result<Option<Self::Item>, EngineError>> + Send {
        self.next()
    }
}

/// Yields the items of `next` until it returns `None`.
impl Stream for ActivityReader {
    type Item = Result<Activity, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        reading::poll_next(&mut *self, cx)
    }
}

/// Reads a run's journal as it grows.
#[derive(Debug)]
struct Entries {
    run: Run,
    cursor: u64,
    read: VecDeque<EntryRow>,
    /// The first run, whose number observers are registered by; read once.
    first_run: Option<i64>,
}

impl Entries {
    fn new(run: &Run) -> Self {
        Self { run: run.clone(), cursor: 0, read: VecDeque::new(), first_run: None }
    }

    /// Returns a reader at the same cursor with nothing read ahead.
    fn here(&self) -> Self {
        Self { cursor: self.cursor, first_run: self.first_run, ..Self::new(&self.run) }
    }

    fn after(&mut self, seq: u64) {
        *self = Self { cursor: seq, ..Self::new(&self.run) };
    }

    async fn next(&mut self) -> Result<Option<EntryRow>, EngineError> {
        loop {
            if let Some(entry) = self.try_taken() {
                return Ok(Some(entry));
            }
            let first_run = match self.first_run {
                Some(first_run) => first_run,
                None => *self.first_run.insert(self.run.first_run().await?),
            };
            let core = self.run.core().clone();
            let observers = core.observers.of(first_run);
            let observers = observers.notified();
            // Reads the status before the entries: if the run has ended, its last entry is then among them.
            let ended = self.run.row().await?.status.is_final();
            self.fill().await?;
            if !self.read.is_empty() {
                continue;
            }
            if ended {
                return Ok(None);
            }
            if core.is_draining() {
                return Err(EngineError::ShuttingDown);
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, observers).await;
        }
    }

    async fn try_next(&mut self) -> Result<Option<EntryRow>, EngineError> {
        if self.read.is_empty() {
            self.fill().await?;
        }
        Ok(self.try_taken())
    }

    fn try_taken(&mut self) -> Option<EntryRow> {
        let entry = self.read.pop_front()?;
        self.cursor = entry.seq;
        Some(entry)
    }

    async fn fill(&mut self) -> Result<(), EngineError> {
        let (number, after) = (self.run.number(), self.cursor);
        let entries = self.run.core().ask(move |store| store.entries(number, after, PAGE)).await?;
        self.read.extend(entries);
        Ok(())
    }
}
