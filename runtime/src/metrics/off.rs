//! What the engine calls without the feature `metrics`: nothing.

#![expect(clippy::unused_self, reason = "what is noted, is kept with the feature only")]

use super::Seen;
use crate::record::{AttemptOutcome, RunIdentity};
use crate::store::{Append, EntryRow, Rejected, Status, Store, StoreError, Write};
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Calls(());

impl Calls {
    pub(crate) const fn replayed(&mut self, _: &EntryRow) {}
}

#[derive(Default)]
pub(crate) struct AppendNote(());

impl AppendNote {
    pub(crate) fn of(_: &Arc<RunIdentity>, _: &Append, _: &mut Calls, _: impl FnOnce() -> usize) -> Self {
        Self(())
    }

    pub(crate) fn durable(self, _: &[Result<i64, Rejected>], _: Option<&AttemptOutcome>) {}

    pub(crate) fn read_back(self, _: &dyn Store, _: &Append) {}
}

pub(crate) struct Batch;

impl Batch {
    pub(crate) const fn of(_: &[Write]) -> Option<Self> {
        None
    }

    pub(crate) const fn committed(&self) {}
}

#[derive(Default)]
pub(crate) struct Gauges(());

impl Gauges {
    pub(crate) fn set(&mut self, _: Seen) {}

    pub(crate) fn set_own(&self, _: usize, _: Duration) {}
}

pub(crate) const fn is_recording() -> bool {
    false
}

pub(crate) const fn describe() {}

pub(crate) const fn run_started(_: &str) {}

pub(crate) const fn run_ended(_: &str, _: Status) {}

pub(crate) const fn run_deleted(_: &str) {}

pub(crate) const fn run_parked(_: &str) {}

pub(crate) const fn timer() -> Timer {
    Timer
}

#[derive(Clone, Copy)]
pub(crate) struct Timer;

pub(crate) const fn replayed(_: &str, _: u64, _: Timer) {}

pub(crate) const fn claimed(_: &str, _: i64, _: i64) {}

#[cfg(feature = "schedules")]
pub(crate) const fn fired(_: &str, _: i64, _: i64) {}

pub(crate) const fn heartbeat(_: Duration) {}

pub(crate) const fn taken_over() {}

pub(crate) fn store_failed(_: &'static str, _: &StoreError) {}
