//! The events of one type merged with the run's activity, in journal order.

use super::{Activity, Entries};
use crate::engine::reading::{self, Reader, Reading};
use crate::engine::{error::EngineError, outputs::EventStream};
use crate::graph::Event;
use crate::record::Kind;
use crate::store::EntryRow;
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

impl<E: Event> EventStream<E> {
    /// Returns the events, interleaved with the engine's activity in journal order, from the beginning.
    ///
    /// Like [`Run::activity`](crate::Run::activity), it covers this execution only: an event that an earlier execution
    /// sent, before a continue-as-new or a rewind, is read without activity only.
    ///
    /// ```no_run
    /// # use steadfast::{RunEvent, Run, prelude::*};
    /// # #[derive(Event)]
    /// # struct Page { number: u32 }
    /// # async fn watch(run: &Run) -> std::result::Result<(), steadfast::EngineError> {
    /// let mut all = run.events::<Page>().with_activity();
    /// while let Some((cursor, seen)) = all.next().await? {
    ///     match seen {
    ///         RunEvent::Event(page) => println!("page {}", page.number),
    ///         RunEvent::Activity(activity) => println!("{activity}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_activity(self) -> EventsAndActivity<E> {
        let run = self.run().clone();
        EventsAndActivity { entries: Entries::new(&run), events: run.events(), reading: Reading::none() }
    }
}

/// A user's event, or an activity of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent<E> {
    /// An event that a step sent.
    Event(E),
    /// An activity of the engine.
    Activity(Activity),
}

/// Reads the events of one type and the run's activity, in journal order.
#[derive(Debug)]
pub struct EventsAndActivity<E> {
    entries: Entries,
    events: EventStream<E>,
    reading: Reading<Self, (u64, RunEvent<E>)>,
}

impl<E: Event> EventsAndActivity<E> {
    /// Continues after this cursor, which [`next`](Self::next) of this or another reader returned; 0 is the beginning.
    /// The cursors are entry numbers, unlike those of [`EventStream`].
    #[must_use]
    pub fn after(mut self, cursor: u64) -> Self {
        self.reading.forget();
        self.events = self.entries.run.events();
        self.entries.after(cursor);
        self
    }

    /// Waits for the next item that is committed, and returns it with the number of its entry. `None` once the run has
    /// ended.
    ///
    /// # Errors
    /// An event does not fit the type (the next call continues after it), or the database cannot be read.
    pub async fn next(&mut self) -> Result<Option<(u64, RunEvent<E>)>, EngineError> {
        self.reading.forget();
        while let Some(entry) = self.entries.next().await? {
            if let Some(seen) = self.read(&entry).await? {
                return Ok(Some((entry.seq, seen)));
            }
        }
        Ok(None)
    }

    /// Returns the next item if it is committed by now; `None` says only that it is not.
    ///
    /// # Errors
    /// See [`next`](Self::next).
    pub async fn try_next(&mut self) -> Result<Option<(u64, RunEvent<E>)>, EngineError> {
        self.reading.forget();
        while let Some(entry) = self.entries.try_next().await? {
            if let Some(seen) = self.read(&entry).await? {
                return Ok(Some((entry.seq, seen)));
            }
        }
        Ok(None)
    }

    async fn read(&mut self, entry: &EntryRow) -> Result<Option<RunEvent<E>>, EngineError> {
        if entry.kind == Kind::StreamWritten && entry.name.as_deref() == Some(E::INFO.channel) {
            return Ok(self.events.of_entry(entry.seq).await?.map(RunEvent::Event));
        }
        Ok(Activity::of(entry).map(RunEvent::Activity))
    }
}

impl<E: Event> Reader for EventsAndActivity<E> {
    type Item = (u64, RunEvent<E>);

    fn here(&self) -> Self {
        Self { entries: self.entries.here(), events: self.events.here(), reading: Reading::none() }
    }

    fn reading(&mut self) -> &mut Reading<Self, Self::Item> {
        &mut self.reading
    }

    fn read_next(&mut self) -> impl Future<Output = Result<Option<Self::Item>, EngineError>> + Send {
        self.next()
    }
}

/// Yields the items of `next` until it returns `None`.
impl<E: Event> Stream for EventsAndActivity<E> {
    type Item = Result<(u64, RunEvent<E>), EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        reading::poll_next(&mut *self, cx)
    }
}
