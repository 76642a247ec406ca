//! Reads the outputs of a run on one channel, item by item and untyped; a slow reader misses nothing.

use crate::engine::{core::Core, error::EngineError, far, handle::Run};
use crate::store::{OutputRow, RunRow};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The number of items read at a time.
const PAGE: usize = 256;
/// The interval at which outputs are read that another engine writes: at first, and without its notifications.
pub(in crate::engine) const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The longest interval with notifications.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits for a notification, for at most `wait`, which becomes the longest wait of the next call.
pub(super) async fn look_again(
    core: &Arc<Core>,
    row: &RunRow,
    observers: impl Future<Output = ()>,
    wait: &mut Duration,
) {
    let is_notified = core.lease(row.lease).is_none() && far::observe(core);
    let _ = tokio::time::timeout(*wait, observers).await;
    // Short at first: the other engine may not know of this observer yet.
    *wait = if is_notified { (*wait * 2).min(LONGEST) } else { LOOK_AGAIN };
}

/// A reader of one channel.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Items {
    pub(super) run: Run,
    pub(super) channel: String,
    cursor: u64,
    read: VecDeque<OutputRow>,
    closed: bool,
    /// The wait before the next look.
    wait: Duration,
}

impl Items {
    pub(in crate::engine) fn new(run: &Run, channel: String) -> Self {
        Self { run: run.clone(), channel, cursor: 0, read: VecDeque::new(), closed: false, wait: LOOK_AGAIN }
    }

    /// Returns a reader at the same cursor with nothing read ahead.
    pub(super) fn here(&self) -> Self {
        Self { cursor: self.cursor, closed: self.closed, ..Self::new(&self.run, self.channel.clone()) }
    }

    /// Continues after this item.
    pub(super) fn after(&mut self, cursor: u64) {
        *self = Self { cursor, ..Self::new(&self.run, std::mem::take(&mut self.channel)) };
    }

    /// Waits for the next item that is committed. `None` at the end.
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

    /// Returns the next item, if it is committed by now.
    pub(super) async fn try_next(&mut self) -> Result<Option<OutputRow>, EngineError> {
        if !self.closed && self.read.is_empty() {
            let first_run = self.run.first_run().await?;
            self.read_on(first_run).await?;
        }
        if self.read.is_empty() { Ok(None) } else { self.next().await }
    }

    /// Returns the item of an entry of this run's own journal. Call it in the order of the entries.
    pub(in crate::engine) async fn of_entry(&mut self, seq: u64) -> Result<Option<OutputRow>, EngineError> {
        loop {
            if self.read.is_empty() {
                let first_run = self.run.first_run().await?;
                self.read_on(first_run).await?;
            }
            let Some(first) = self.read.front() else { return Ok(None) };
            // Items of earlier executions have lower run numbers.
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

    /// Reads the items after the last one.
    async fn read_on(&mut self, first_run: i64) -> Result<(), EngineError> {
        let (channel, after) = (self.channel.clone(), self.cursor);
        let rows = self.run.core().ask(move |store| store.outputs(first_run, &channel, after, PAGE, false)).await?;
        self.read.extend(rows);
        Ok(())
    }

    /// Reads more items, or waits for a notification.
    async fn fill(&mut self) -> Result<(), EngineError> {
        let first_run = self.run.first_run().await?;
        let core = self.run.core().clone();
        let observers = core.observers.of(first_run);
        let observers = observers.notified();
        // Reads the status before the items: if the run has ended, its last output is then among them.
        let row = self.run.last_row().await?;
        let ended = row.status.is_final();
        self.read_on(first_run).await?;
        if !self.read.is_empty() {
            self.wait = LOOK_AGAIN;
            return Ok(());
        }
        if ended {
            self.closed = true;
            return Ok(());
        }
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        look_again(&core, &row, observers, &mut self.wait).await;
        Ok(())
    }
}
