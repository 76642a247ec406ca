//! Outputs of runs: published values, and streams from any item on.

mod copied;
mod events;
mod items;

#[cfg(feature = "sqlite")]
pub(super) use copied::CopiedOutput;
pub(super) use copied::copied;
pub use events::EventStream;
use items::look_again;
pub(super) use items::{Items, LOOK_AGAIN};

use super::Engine;
use super::error::EngineError;
use super::handle::Run;
use super::reading::{self, Reader, Reading};
use crate::codec::{self, CodecError, Location, Storable};
use crate::fields::Coder;
use crate::record::OutputKind;
use crate::store::{OutputRow, RunKey, RunRow, Status, successor};
use crate::value::Value;
use futures_util::Stream;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

impl Engine {
    /// Waits for the value that a run publishes under a key, and returns the newest committed one.
    ///
    /// # Errors
    /// There is no such run, it has ended without publishing it, or the value is of another type.
    pub async fn published<T: Storable>(&self, run: &str, key: &str) -> Result<T, EngineError> {
        self.run(run).await?.published(key).await
    }
}

impl Run {
    /// Waits for the value that the run publishes under a key, and returns the newest committed one.
    ///
    /// # Errors
    /// The run has ended without publishing it, or the value is of another type.
    pub async fn published<T: Storable>(&self, key: &str) -> Result<T, EngineError> {
        let mut wait = LOOK_AGAIN;
        loop {
            let observers = self.core().observers.of(self.first_run().await?);
            let observers = observers.notified();
            let row = self.last_row().await?;
            let ended = row.status.is_final();
            if let Some(value) = self.try_published(key).await? {
                return Ok(value);
            }
            if ended {
                let id = self.id();
                return Err(EngineError::value(format!("run `{id}` has ended and has not published `{key}`")));
            }
            if self.core().is_draining() {
                return Err(EngineError::ShuttingDown);
            }
            look_again(self.core(), &row, observers, &mut wait).await;
        }
    }

    /// Returns the value that the run has published under a key, if there is one by now.
    ///
    /// # Errors
    /// The value is of another type, or the database cannot be read.
    pub async fn try_published<T: Storable>(&self, key: &str) -> Result<Option<T>, EngineError> {
        let channel = OutputKind::Published(key).channel();
        let first_run = self.first_run().await?;
        let name = channel.clone();
        let newest = self.core().ask(move |store| store.outputs(first_run, &name, 0, 1, true)).await?;
        let Some(row) = newest.into_iter().next() else { return Ok(None) };
        self.read_shown(&channel, &row).await
    }

    /// Returns a reader of one of the run's streams, from its first item on.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn count(flow: &mut Flow, to: u32) -> Result<()> {
    ///     let stream = flow.stream("numbers");
    ///     (1..=to).for_each(|n| stream.write(&n));
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(count).start().await?;
    /// let run = engine.start(count, 3).await?;
    /// let mut numbers = run.stream::<u32>("numbers");
    /// let mut read = Vec::new();
    /// while let Some((cursor, number)) = numbers.next().await? {
    ///     read.push((cursor, number));
    /// }
    /// assert_eq!(read, [(1, 1), (2, 2), (3, 3)]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stream<T: Storable>(&self, name: &str) -> StreamReader<T> {
        let channel = OutputKind::Written(name).channel();
        StreamReader { items: Items::new(self, channel), reading: Reading::none(), types: PhantomData }
    }

    async fn read_shown<T: Storable>(&self, channel: &str, row: &OutputRow) -> Result<Option<T>, EngineError> {
        self.decode_shown(channel, row, |coder, value| codec::decode_at(coder, Location::Published(channel), value))
            .await
    }

    /// Decodes an output with the keys of the run that wrote it.
    pub(super) async fn decode_shown<T>(
        &self,
        channel: &str,
        row: &OutputRow,
        decode: impl Fn(Coder<'_>, &Value) -> Result<T, CodecError>,
    ) -> Result<Option<T>, EngineError> {
        let Some(value) = &row.value else { return Ok(None) };
        // Another execution of the run may have written it, under keys of its own.
        let writer = row.run;
        let fields = if writer == self.number() {
            self.fields().clone()
        } else {
            let row = self.core().ask(move |store| store.run(RunKey::Number(writer))).await?;
            row.map_or_else(|| self.fields().clone(), |row| self.core().fields(&row))
        };
        decode(fields.coder(), value).map(Some).map_err(|error| {
            let message = format!("`{channel}` of run `{}` (item {}) cannot be read: {error}", self.id(), row.item);
            EngineError::value_of(message, error)
        })
    }

    /// Returns the number of the first run, under which observers find the outputs.
    pub(super) async fn first_run(&self) -> Result<i64, EngineError> {
        self.row().await.map(|row| row.first_run)
    }

    /// Returns the row of the run that has the id now, after any continue-as-new.
    pub(super) async fn last_row(&self) -> Result<RunRow, EngineError> {
        let mut row = self.row().await?;
        while row.status == Status::Replaced {
            row = self.next_row(row).await?;
        }
        Ok(row)
    }

    /// Returns the row of the successor of a replaced run.
    pub(super) async fn next_row(&self, row: RunRow) -> Result<RunRow, EngineError> {
        let next = self.core().ask(move |store| successor(store, &row)).await?;
        next.ok_or_else(|| EngineError::NoSuchRun { id: self.id().to_owned() })
    }
}

/// Reads a stream of a run, item by item, also as a [`Stream`]; a slow reader misses nothing.
///
/// ```
/// # use futures_util::TryStreamExt;
/// # use steadfast::prelude::*;
/// #[workflow]
/// async fn count(flow: &mut Flow) -> Result<()> {
///     let numbers = flow.stream::<u32>("numbers");
///     for number in 1..=3 {
///         numbers.write(&number);
///     }
///     numbers.close();
///     Ok(())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(count).start().await?;
/// let run = engine.start(count, ()).id("a").await?;
/// let numbers: Vec<u32> = run.stream::<u32>("numbers").map_ok(|(_, number)| number).try_collect().await?;
/// assert_eq!(numbers, [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StreamReader<T> {
    items: Items,
    reading: Reading<Self, (u64, T)>,
    types: PhantomData<fn() -> T>,
}

impl<T: Storable> StreamReader<T> {
    /// Continues after this cursor, which [`next`](StreamReader::next) of this or another reader returned; 0 is the
    /// beginning.
    #[must_use]
    pub fn after(mut self, cursor: u64) -> Self {
        self.reading.forget();
        self.items.after(cursor);
        self
    }

    /// Waits for the next item that is committed, and returns it with its number, from 1. `None` at the end of the
    /// stream: it was closed, or its run has ended.
    ///
    /// # Errors
    /// The item is of another type (the next call continues after it), or the database cannot be read.
    pub async fn next(&mut self) -> Result<Option<(u64, T)>, EngineError> {
        self.reading.forget();
        let next = self.items.next().await?;
        self.read(next).await
    }

    /// Returns the next item with its number if it is committed by now. `None` says only that it is not:
    /// [`next`](StreamReader::next) reports the end of the stream.
    ///
    /// # Errors
    /// See [`next`](StreamReader::next).
    pub async fn try_next(&mut self) -> Result<Option<(u64, T)>, EngineError> {
        self.reading.forget();
        let next = self.items.try_next().await?;
        self.read(next).await
    }

    async fn read(&self, row: Option<OutputRow>) -> Result<Option<(u64, T)>, EngineError> {
        let Some(row) = row else { return Ok(None) };
        let item = self.items.run.read_shown(&self.items.channel, &row).await?;
        Ok(item.map(|item| (row.item, item)))
    }
}

impl<T: Storable> Reader for StreamReader<T> {
    type Item = (u64, T);

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
impl<T: Storable> Stream for StreamReader<T> {
    type Item = Result<(u64, T), EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        reading::poll_next(&mut *self, cx)
    }
}
