//! What runs show to outsiders: published values, and streams from any item on.

use super::Engine;
use super::error::EngineError;
use super::handle::Run;
use crate::codec::{self, Storable};
use crate::journal::Shown;
use crate::store::{OutputRow, RunKey, RunRow, Status};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

/// How many items are read at a time.
const PAGE: usize = 256;
/// When another engine drives the run, we hear of news by looking.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Engine {
    /// The value that a run has published under a key, as committed; waits for the first one.
    ///
    /// # Errors
    /// There is no such run, it has ended without publishing it, or the value is of another type.
    pub async fn published<T: Storable>(&self, run: &str, key: &str) -> Result<T, EngineError> {
        self.run(run).await?.published(key).await
    }
}

impl Run {
    /// The value that the run has published under a key, as committed; waits for the first one.
    ///
    /// # Errors
    /// The run has ended without publishing it, or the value is of another type.
    pub async fn published<T: Storable>(&self, key: &str) -> Result<T, EngineError> {
        loop {
            let news = self.core().news.of(self.lineage().await?);
            let news = news.notified();
            let ended = self.last_row().await?.status.is_final();
            if let Some(value) = self.try_published(key).await? {
                return Ok(value);
            }
            if ended {
                let id = self.id();
                return Err(EngineError::Value(format!("run `{id}` has ended and has not published `{key}`")));
            }
            if self.core().is_draining() {
                return Err(EngineError::ShuttingDown);
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, news).await;
        }
    }

    /// The value that the run has published under a key, if it has by now.
    ///
    /// # Errors
    /// The value is of another type, or the database cannot be read.
    pub async fn try_published<T: Storable>(&self, key: &str) -> Result<Option<T>, EngineError> {
        let channel = Shown::Published(key).channel();
        let lineage = self.lineage().await?;
        let name = channel.clone();
        let newest = self.core().read(move |store| store.outputs(lineage, &name, 0, 1, true)).await?;
        let Some(row) = newest.into_iter().next() else { return Ok(None) };
        self.read_shown(&channel, &row).await
    }

    /// A reader of one of the run's streams, from its first item on.
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
        let channel = Shown::Written(name).channel();
        StreamReader { run: self.clone(), channel, cursor: 0, read: VecDeque::new(), closed: false, items: PhantomData }
    }

    async fn read_shown<T: Storable>(&self, channel: &str, row: &OutputRow) -> Result<Option<T>, EngineError> {
        let Some(value) = &row.value else { return Ok(None) };
        // Another incarnation of the run may have written it, under keys of its own.
        let writer = row.run;
        let fields = if writer == self.number() {
            self.fields().clone()
        } else {
            let row = self.core().read(move |store| store.run(RunKey::Number(writer))).await?;
            row.map_or_else(|| self.fields().clone(), |row| self.core().fields(&row))
        };
        let _offered = fields.offer();
        codec::at_channel(channel, || codec::decode(value)).map(Some).map_err(|error| {
            EngineError::Value(format!(
                "`{channel}` of run `{}` (item {}) cannot be read: {error}",
                self.id(),
                row.item
            ))
        })
    }

    /// The number by which outsiders know what the run shows.
    async fn lineage(&self) -> Result<i64, EngineError> {
        self.row().await.map(|row| row.lineage)
    }

    /// The row of the run that has the id now: the run may have gone on as another.
    pub(super) async fn last_row(&self) -> Result<RunRow, EngineError> {
        let mut row = self.row().await?;
        while let Some(successor) = row.successor.filter(|_| row.status == Status::Replaced) {
            match self.core().read(move |store| store.run(RunKey::Number(successor))).await? {
                Some(next) => row = next,
                None => break,
            }
        }
        Ok(row)
    }
}

/// Reads a stream of a run, item by item; a slow reader misses nothing.
#[derive(Debug)]
pub struct StreamReader<T> {
    run: Run,
    channel: String,
    cursor: u64,
    read: VecDeque<OutputRow>,
    closed: bool,
    items: PhantomData<fn() -> T>,
}

impl<T: Storable> StreamReader<T> {
    /// Goes on after this item: a cursor that [`next`](StreamReader::next) gave, also to another reader; 0 is the
    /// beginning.
    #[must_use]
    pub fn after(mut self, cursor: u64) -> Self {
        self.cursor = cursor;
        self
    }

    /// The next item with its number from 1, as committed; waits for it. `None` at the end of the stream: it was closed, or
    /// its run has ended.
    ///
    /// # Errors
    /// The item is of another type (the reader goes on after it), or the database cannot be read.
    pub async fn next(&mut self) -> Result<Option<(u64, T)>, EngineError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                self.cursor = row.item;
                match self.run.read_shown(&self.channel, &row).await? {
                    Some(item) => return Ok(Some((row.item, item))),
                    None => self.closed = true,
                }
            }
            if self.closed {
                self.read.clear();
                return Ok(None);
            }
            if self.read.is_empty() {
                self.fill().await?;
            }
        }
    }

    /// The next item with its number, if it is there by now. `None` says only that: [`next`](StreamReader::next) tells the
    /// end of the stream.
    ///
    /// # Errors
    /// As of [`next`](StreamReader::next).
    pub async fn try_next(&mut self) -> Result<Option<(u64, T)>, EngineError> {
        if !self.closed && self.read.is_empty() {
            let lineage = self.run.lineage().await?;
            self.read_on(lineage).await?;
        }
        if self.read.is_empty() { Ok(None) } else { self.next().await }
    }

    /// Reads what is there after the last item.
    async fn read_on(&mut self, lineage: i64) -> Result<(), EngineError> {
        let (channel, after) = (self.channel.clone(), self.cursor);
        let rows = self.run.core().read(move |store| store.outputs(lineage, &channel, after, PAGE, false)).await?;
        self.read.extend(rows);
        Ok(())
    }

    /// Reads on, or waits for news.
    async fn fill(&mut self) -> Result<(), EngineError> {
        let lineage = self.run.lineage().await?;
        let core = self.run.core().clone();
        let news = core.news.of(lineage);
        let news = news.notified();
        // Whether it has ended is asked before the items: what it wrote last is then there.
        let ended = self.run.last_row().await?.status.is_final();
        self.read_on(lineage).await?;
        if !self.read.is_empty() {
            return Ok(());
        }
        if ended {
            self.closed = true;
            return Ok(());
        }
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        let _ = tokio::time::timeout(LOOK_AGAIN, news).await;
        Ok(())
    }
}
