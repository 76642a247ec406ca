//! The events of one type that the steps of a run tell those outside.

use super::items::Items;
use crate::codec::Location;
use crate::engine::reading::{self, Reader, Reading};
use crate::engine::{error::EngineError, handle::Run};
use crate::fields::Coder;
use crate::graph::{Event, event};
use crate::record::OutputKind;
use crate::run_env::Progress;
use crate::store::OutputRow;
use crate::value::Value;
use futures_util::Stream;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

impl Run {
    /// A reader of the events of this type that the run's steps tell by [`StepScope::stream`](crate::StepScope::stream),
    /// from the first on. See there for an example.
    #[must_use]
    pub fn events<E: Event>(&self) -> EventStream<E> {
        let channel = OutputKind::Written(E::INFO.channel).channel();
        EventStream { items: Items::new(self, channel), reading: Reading::none(), types: PhantomData }
    }

    /// How far the run's running steps are, as they have said last by [`StepScope::progress`](crate::StepScope::progress).
    /// This is asked of this engine's memory: of a run that another engine drives, or that waits outside of memory, it is
    /// empty, and so it is of steps that say nothing or have ended.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        self.core().boards.read(self.number())
    }
}

/// Reads the events of one type that a run's steps tell, one by one; a slow reader misses nothing, and there may be any
/// number of readers.
#[derive(Debug)]
pub struct EventStream<E> {
    items: Items,
    reading: Reading<Self, (u64, E)>,
    types: PhantomData<fn() -> E>,
}

impl<E: Event> EventStream<E> {
    /// Goes on after this event: a cursor that [`next`](EventStream::next) gave, also to another reader; 0 is the beginning.
    #[must_use]
    pub fn after(mut self, cursor: u64) -> Self {
        self.reading.forget();
        self.items.after(cursor);
        self
    }

    /// The next event with its number from 1, as committed; waits for it. `None` once the run has ended.
    ///
    /// # Errors
    /// What is recorded does not fit the type (the reader goes on after it), or the database cannot be read.
    pub async fn next(&mut self) -> Result<Option<(u64, E)>, EngineError> {
        self.reading.forget();
        let next = self.items.next().await?;
        self.read(next).await
    }

    /// The next event with its number, if it is there by now. `None` says only that.
    ///
    /// # Errors
    /// As of [`next`](EventStream::next).
    pub async fn try_next(&mut self) -> Result<Option<(u64, E)>, EngineError> {
        self.reading.forget();
        let next = self.items.try_next().await?;
        self.read(next).await
    }

    pub(in crate::engine) fn run(&self) -> &Run {
        &self.items.run
    }

    /// The event that an entry of this run's own journal has told. Ask in the order of the entries.
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

/// The items of `next`, until it gives `None`.
impl<E: Event> Stream for EventStream<E> {
    type Item = Result<(u64, E), EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        reading::poll_next(&mut *self, cx)
    }
}
