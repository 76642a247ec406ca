//! Typed events that the steps of a run send to observers.

use super::items::Items;
use crate::codec::Location;
use crate::engine::reading::{self, Reader, Reading};
use crate::engine::{error::EngineError, handle::Run};
use crate::fields::Coder;
use crate::graph::{Event, event};
use crate::record::OutputKind;
use crate::run_env::Progress;
use crate::store::{OutputRow, TaskKey, TaskState};
use crate::value::Value;
use futures_util::Stream;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

impl Run {
    /// Returns a reader of the events of this type that the run's steps send by
    /// [`StepScope::stream`](crate::StepScope::stream), from the first one on. See there for an example.
    #[must_use]
    pub fn events<E: Event>(&self) -> EventStream<E> {
        let channel = OutputKind::Written(E::INFO.channel).channel();
        EventStream { items: Items::new(self, channel), reading: Reading::none(), types: PhantomData }
    }

    /// Returns the progress that the run's running steps last reported by
    /// [`StepScope::progress`](crate::StepScope::progress), in the order of their calls. That of local steps is read from
    /// this engine's memory: there is none if another engine drives the run. The progress of remote steps is
    /// written to the database once a second, for all engines.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn progress(&self) -> Result<Vec<Progress>, EngineError> {
        let (core, number) = (self.core(), self.number());
        let mut all = core.boards.read(number);
        let tasks = core.ask(move |store| store.tasks(TaskKey::Run(number))).await?;
        for task in tasks.into_iter().filter(|task| task.state == TaskState::Claimed) {
            let is_known = all.iter().any(|known| known.position == task.position);
            let report = task.progress.filter(|_| !is_known);
            all.extend(report.and_then(|text| Progress::from_json(task.step, task.position, task.attempt, &text)));
        }
        all.sort_by_key(|progress| progress.position);
        Ok(all)
    }
}

/// Reads the events of one type that a run's steps send, one by one; a slow reader misses nothing, and any number of
/// readers may read one run.
#[derive(Debug)]
pub struct EventStream<E> {
    items: Items,
    reading: Reading<Self, (u64, E)>,
    types: PhantomData<fn() -> E>,
}

impl<E: Event> EventStream<E> {
    /// Continues after this cursor, which [`next`](EventStream::next) of this or another reader returned; 0 is the
    /// beginning.
    #[must_use]
    pub fn after(mut self, cursor: u64) -> Self {
        self.reading.forget();
        self.items.after(cursor);
        self
    }

    /// Waits for the next event that is committed, and returns it with its number, from 1. `None` once the run has
    /// ended.
    ///
    /// # Errors
    /// The recorded value does not fit the type (the next call continues after it), or the database cannot be read.
    pub async fn next(&mut self) -> Result<Option<(u64, E)>, EngineError> {
        self.reading.forget();
        let next = self.items.next().await?;
        self.read(next).await
    }

    /// Returns the next event with its number if it is committed by now; `None` says only that it is not.
    ///
    /// # Errors
    /// See [`next`](EventStream::next).
    pub async fn try_next(&mut self) -> Result<Option<(u64, E)>, EngineError> {
        self.reading.forget();
        let next = self.items.try_next().await?;
        self.read(next).await
    }

    pub(in crate::engine) fn run(&self) -> &Run {
        &self.items.run
    }

    /// Returns the event of an entry of this run's own journal. Call it in the order of the entries.
    pub(in crate::engine) async fn of_entry(&mut self, seq: u64) -> Result<Option<E>, EngineError> {
        let row = self.items.of_entry(seq).await?;
        Ok(self.read(row).await?.map(|(_, event)| event))
    }

    async fn read(&self, row: Option<OutputRow>) -> Result<Option<(u64, E)>, EngineError> {
        let Some(row) = row else { return Ok(None) };
        let channel = OutputKind::Written(E::INFO.channel).channel();
        let decode = |coder: Coder<'_>, value: &Value| event::decode::<E>(coder, Location::Published(&channel), value);
        let event = self.items.run.decode_shown(E::INFO.channel, &row, decode).await?;
        Ok(event.map(|event| (row.item, event)))
    }
}

impl<E: Event> Reader for EventStream<E> {
    type Item = (u64, E);

    fn here(&self) -> Self {
        Self { items: self.items.here(), reading: Reading::none(), types: PhantomData }
    }

    fn reading(&mut self) -> &mut Reading<Self, Self::Item> {
        &mut self.reading
    }

    fn read_next(&mut self) -> impl Future<Output = Result<Option<Self::Item>, EngineError>> + Send {
        self.next()
    }
}

/// Yields the items of `next` until it returns `None`.
impl<E: Event> Stream for EventStream<E> {
    type Item = Result<(u64, E), EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        reading::poll_next(&mut *self, cx)
    }
}
