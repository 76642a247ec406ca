//! The progress of remote steps, written for other engines.

use crate::engine::core::Core;
use crate::engine::task_run::TaskRun;
use crate::run_env::Progress;
use crate::store::{Lease, TaskRow, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::JoinHandle;

/// The interval at which the progress of an attempt is written.
pub(super) const REPORT: Duration = Duration::from_secs(1);

/// What an attempt reports of its progress.
pub(super) struct Reports<'a> {
    pub(super) core: &'a Arc<Core>,
    lease: Lease,
    pub(super) task: &'a TaskRow,
    pub(super) run: &'a TaskRun,
    /// The time of the last report that was written.
    last: Option<SystemTime>,
    write: Option<JoinHandle<()>>,
}

impl<'a> Reports<'a> {
    pub(super) const fn new(core: &'a Arc<Core>, lease: Lease, task: &'a TaskRow, run: &'a TaskRun) -> Self {
        Self { core, lease, task, run, last: None, write: None }
    }

    /// Writes the last report if it is new, and the one before has been written. One that is lost is followed by others.
    pub(super) fn look(&mut self) {
        let TaskRow { run, position, attempt, .. } = *self.task;
        let is_mine = |report: &Progress| (report.position, report.attempt) == (position, attempt);
        let Some(report) = self.run.env.board.read().into_iter().find(is_mine) else { return };
        if self.last == Some(report.at) || self.write.as_ref().is_some_and(|write| !write.is_finished()) {
            return;
        }
        self.last = Some(report.at);
        let write = Write::ReportTask { lease: self.lease, run, position, attempt, progress: report.to_json() };
        let core = self.core.clone();
        self.write = Some(self.core.runtime.spawn(async move { drop(core.committer.write(write).await) }));
    }
}
