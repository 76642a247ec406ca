//! The reported progress of the running steps of a loaded run, in memory only.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The progress of one attempt of a step, as last reported by [`StepScope::progress`](crate::StepScope::progress).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// The step's name.
    pub step: String,
    /// The command index of its call.
    pub position: u64,
    /// The attempt.
    pub attempt: u32,
    /// The amount that is done.
    pub done: u64,
    /// The total amount.
    pub total: u64,
    /// A description of the current work, if reported.
    pub message: Option<String>,
    /// The time of the report.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
}

/// A report as a task of a queue records it.
#[derive(Serialize, Deserialize)]
struct Recorded {
    done: u64,
    total: u64,
    message: Option<String>,
    /// In milliseconds since 1970.
    at: u64,
}

impl Progress {
    pub(crate) fn to_json(&self) -> String {
        let Self { done, total, at, .. } = *self;
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let recorded = Recorded { done, total, message: self.message.clone(), at };
        serde_json::to_string(&recorded).expect("numbers and texts are JSON")
    }

    /// Parses the report of an attempt; `None` for one that a later version wrote in another form.
    pub(crate) fn from_json(step: String, position: u64, attempt: u32, text: &str) -> Option<Self> {
        let Recorded { done, total, message, at } = serde_json::from_str(text).ok()?;
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(at))?;
        Some(Self { step, position, attempt, done, total, message, at })
    }
}

/// A list of entries that may expire; expired ones are removed whenever the list has doubled.
struct Kept<T> {
    all: Vec<T>,
    most: usize,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { all: Vec::new(), most: 16 }
    }
}

impl<T> Kept<T> {
    fn push(&mut self, new: T, is_there: impl FnMut(&T) -> bool) {
        if self.all.len() >= self.most {
            self.all.retain(is_there);
            self.most = 16.max(self.all.len() * 2);
        }
        self.all.push(new);
    }
}

type Reporter = Box<dyn Fn() -> Option<Progress> + Send + Sync>;

/// The attempts of a run that report progress.
#[derive(Default)]
pub(crate) struct Board(Mutex<Kept<Reporter>>);

impl Board {
    /// Adds an attempt that reports progress.
    pub(crate) fn enter(&self, reporter: impl Fn() -> Option<Progress> + Send + Sync + 'static) {
        let mut reporters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reporters.push(Box::new(reporter), |reporter| reporter().is_some());
    }

    /// Returns the reports, in the order of their command indexes.
    pub(crate) fn read(&self) -> Vec<Progress> {
        let reporters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Progress> = reporters.all.iter().filter_map(|reporter| reporter()).collect();
        all.sort_by_key(|progress| (progress.position, std::cmp::Reverse(progress.attempt)));
        // A cancelled attempt may still exist beside the next one.
        all.dedup_by_key(|progress| progress.position);
        all
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

/// The boards of the active runs of an engine.
#[derive(Default)]
pub(crate) struct Boards(Mutex<Kept<(i64, Weak<Board>)>>);

impl Boards {
    /// Adds the board of a run that is loaded.
    pub(crate) fn enter(&self, run: i64, board: &Arc<Board>) {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        boards.push((run, Arc::downgrade(board)), |(_, board)| board.strong_count() > 0);
    }

    /// Returns the progress of a run's steps; empty if the run is not active here.
    pub(crate) fn read(&self, run: i64) -> Vec<Progress> {
        let boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let board = boards.all.iter().rev().find(|(of, board)| *of == run && board.strong_count() > 0);
        let board = board.and_then(|(_, board)| board.upgrade());
        drop(boards);
        board.map_or_else(Vec::new, |board| board.read())
    }
}
