//! The rules by which an engine deletes runs that ended long ago.

use crate::store::Status;
use std::path::PathBuf;
use std::time::Duration;

/// Which runs an engine deletes: those that ended long enough ago, of a workflow and with a status if it says so.
///
/// A run that another still needs is kept for as long as it does: one whose parent or children go on, of which an
/// unfinished fork began, which is among the last firings of a schedule, or whose streams and published values are being
/// read through this engine. See the chapter «Retention» of the guide.
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Retention, Status};
///
/// const DAY: Duration = Duration::from_hours(24);
/// let rules = [
///     Retention::older_than(30 * DAY).workflow("order").status(Status::Completed),
///     Retention::older_than(365 * DAY), // whatever else has ended
/// ];
/// # let _ = rules;
/// ```
#[derive(Clone, Debug)]
#[must_use = "an engine applies it: `Engine::builder().retention(..)`"]
pub struct Retention {
    pub(super) age: Duration,
    pub(super) workflow: Option<String>,
    pub(super) statuses: Vec<Status>,
    pub(super) folder: Option<PathBuf>,
}

impl Retention {
    /// Selects runs that ended so long ago: completed, failed, cancelled, timed out or refused.
    ///
    /// The age must be longer than callers repeat a start: the id of a deleted run is free, and a start that is repeated under
    /// it is a new run.
    pub const fn older_than(age: Duration) -> Self {
        Self { age, workflow: None, statuses: Vec::new(), folder: None }
    }

    /// Selects only runs of this workflow.
    pub fn workflow(mut self, name: impl Into<String>) -> Self {
        self.workflow = Some(name.into());
        self
    }

    /// Selects only runs with this status; each further call adds a status.
    pub fn status(mut self, status: Status) -> Self {
        self.statuses.push(status);
        self
    }

    /// Writes each run to a file in this folder before it is deleted, as [`Run::export`](crate::Run::export) does. The folder must
    /// exist. A run whose file cannot be written stays.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn archive(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Returns why it cannot be applied, if it cannot.
    pub(super) fn fault(&self) -> Option<String> {
        let unfit = |status: &&Status| !status.is_final() || **status == Status::Replaced;
        if let Some(status) = self.statuses.iter().find(unfit) {
            return Some(format!(
                "a retention names the status `{status}`: only runs that have ended are deleted, and one that was replaced \
                 goes with the run that took its id"
            ));
        }
        let folder = self.folder.as_ref().filter(|folder| !folder.is_dir())?;
        Some(format!("a retention archives into `{}`, which is no folder: create it", folder.display()))
    }
}

/// The retentions of an engine.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(super) all: Vec<Retention>,
    /// The least wait between two rounds.
    pub(super) every: Duration,
}

impl Rules {
    /// Returns whether there is a retention.
    pub(super) fn is_there(&self) -> bool {
        !self.all.is_empty()
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self { all: Vec::new(), every: Duration::from_mins(1) }
    }
}
