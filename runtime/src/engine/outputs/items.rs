//! What a run has shown on one channel, item by item and without types; a slow reader misses nothing.

use crate::engine::{error::EngineError, handle::Run};
use crate::store::OutputRow;
use std::collections::VecDeque;
use std::time::Duration;

/// How many items are read at a time.
const PAGE: usize = 256;
/// When another engine drives the run, we hear of news by looking.
pub(in crate::engine) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A reader of one channel.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Items {
    pub(super) run: Run,
    pub(super) channel: String,
    cursor: u64,
    read: VecDeque<OutputRow>,
    closed: bool,
}

impl Items {
    pub(in crate::engine) fn new(run: &Run, channel: String) -> Self {
        Self { run: run.clone(), channel, cursor: 0, read: VecDeque::new(), closed: false }
    }

    /// A reader at the same place that has read nothing ahead.
    pub(super) fn here(&self) -> Self {
        Self { cursor: self.cursor, closed: self.closed, ..Self::new(&self.run, self.channel.clone()) }
    }

    /// Goes on after this item.
    pub(super) fn after(&mut self, cursor: u64) {
        *self = Self { cursor, ..Self::new(&self.run, std::mem::take(&mut self.channel)) };
    }

    /// The next item, as committed; waits for it. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<OutputRow>, EngineError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                self.cursor = row.item;
                if row.value.is_some() {
                    return Ok(Some(row));
                }
                self.closed = true;
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

    /// The next item, if it is there by now.
    pub(super) async fn try_next(&mut self) -> Result<Option<OutputRow>, EngineError> {
        if !self.closed && self.read.is_empty() {
            let first_run = self.run.first_run().await?;
            self.read_on(first_run).await?;
        }
        if self.read.is_empty() { Ok(None) } else { self.next().await }
    }

    /// The item that an entry of this run's own journal has written. Ask in the order of the entries.
    pub(in crate::engine) async fn of_entry(&mut self, seq: u64) -> Result<Option<OutputRow>, EngineError> {
        loop {
            if self.read.is_empty() {
                let first_run = self.run.first_run().await?;
                self.read_on(first_run).await?;
            }
            let Some(first) = self.read.front() else { return Ok(None) };
            // Those of earlier executions have lower numbers of the run.
            let (of, wanted) = ((first.run, first.seq), (self.run.number(), seq));
            if of > wanted {
                return Ok(None);
            }
            self.cursor = first.item;
            let row = self.read.pop_front();
            if of == wanted {
                return Ok(row);
            }
        }
    }

    /// Reads what is there after the last item.
    async fn read_on(&mut self, first_run: i64) -> Result<(), EngineError> {
        let (channel, after) = (self.channel.clone(), self.cursor);
        let rows = self.run.core().ask(move |store| store.outputs(first_run, &channel, after, PAGE, false)).await?;
        self.read.extend(rows);
        Ok(())
    }

    /// Reads on, or waits for news.
    async fn fill(&mut self) -> Result<(), EngineError> {
        let first_run = self.run.first_run().await?;
        let core = self.run.core().clone();
        let observers = core.observers.of(first_run);
        let observers = observers.notified();
        // Whether it has ended is asked before the items: what it wrote last is then there.
        let ended = self.run.last_row().await?.status.is_final();
        self.read_on(first_run).await?;
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
        let _ = tokio::time::timeout(LOOK_AGAIN, observers).await;
        Ok(())
    }
}
