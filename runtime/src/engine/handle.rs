//! Handles of runs.

use super::core::Outcome;
use super::error::{EngineError, RunError};
use super::info::RunInfo;
use super::parked;
use super::{Engine, far};
use crate::codec::CodecError;
use crate::fields::Fields;
use crate::inspect::waits;
use crate::journal::HistoryEntry;
use crate::store::{AuditRow, RunKey, RunRow, Status};
use crate::value::Value;
use crate::workflow::EndCode;
use futures_util::future::{BoxFuture, Either, select};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;

/// A handle of a run, whatever its workflow.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::Status;
///
/// #[workflow]
/// async fn pause(flow: &mut Flow, millis: u64) -> Result<u64> {
///     flow.sleep(Duration::from_millis(millis)).await?;
///     Ok(millis)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(pause).start().await?;
/// engine.start(pause, 1).id("nap-1").await?.result().await?;
/// let run = engine.run("nap-1").await?;
/// assert_eq!(run.status().await?.status, Status::Completed);
/// for entry in run.history().await? {
///     println!("{entry}"); // run_started, sleep_started, timer_fired, ..
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    engine: Engine,
    number: i64,
    id: String,
    workflow: String,
    fields: Arc<Fields>,
    record: Option<Arc<AuditRow>>,
}

/// The recorded end of a run.
pub(super) enum Ended {
    Completed(Value),
    Failed(Value),
    Cancelled(String),
    TimedOut,
    Refused(String),
    Moved,
    Parked(Box<crate::record::ParkReason>),
}

impl Run {
    pub(crate) fn new(engine: &Engine, row: &RunRow) -> Self {
        let fields = engine.core.fields(row);
        let (id, workflow) = (row.id.clone(), row.workflow.clone());
        Self { engine: engine.clone(), number: row.number, id, workflow, fields, record: None }
    }

    /// Has what is done by this handle recorded as this action.
    pub(crate) fn recorded(self, record: AuditRow) -> Self {
        Self { record: Some(Arc::new(record)), ..self }
    }

    /// Returns the record of the action for which this handle was made.
    pub(super) const fn record(&self) -> Option<&Arc<AuditRow>> {
        self.record.as_ref()
    }

    /// Returns the run's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the name of its workflow.
    #[must_use]
    pub fn workflow(&self) -> &str {
        &self.workflow
    }

    /// Returns the run's number in the database, which is never reused.
    #[must_use]
    pub const fn number(&self) -> i64 {
        self.number
    }

    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn core(&self) -> &Arc<super::core::Core> {
        &self.engine.core
    }

    pub(super) const fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    /// Returns the committed status of the run, and what it [waits for](RunInfo::waits_for). The first call reads the
    /// last 10,000 entries of the run's history, later ones only what was added since. A run that continued as new is
    /// [`Status::Replaced`]: [`Engine::run`] with its id returns its current execution.
    ///
    /// # Errors
    /// The database cannot be read, or the run was deleted.
    pub async fn status(&self) -> Result<RunInfo, EngineError> {
        let core = &self.engine.core;
        let (number, held) = (self.number, core.leases.all());
        let (seen, hearing) = (core.seen.clone(), core.hearing.clone());
        let read = core.ask(move |store| waits::read(store, &seen, &hearing, &held, number)).await?;
        let (row, mut waits_for) = read.ok_or_else(|| EngineError::NoSuchRun { id: self.id.clone() })?;
        waits_for.extend(core.blocked_since(number).filter(|_| !row.status.is_final()).map(waits::blocked));
        Ok(RunInfo { blocked: core.blocked(number), waits_for, ..RunInfo::from_row(row) })
    }

    /// Returns the labels by which the run can be found.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn labels(&self) -> Result<BTreeMap<String, String>, EngineError> {
        let number = self.last_row().await?.number;
        let labels = self.engine.core.ask(move |store| store.labels(number)).await?;
        Ok(labels.into_iter().collect())
    }

    pub(super) async fn row(&self) -> Result<RunRow, EngineError> {
        self.row_of(self.number).await
    }

    async fn row_of(&self, number: i64) -> Result<RunRow, EngineError> {
        let row = self.engine.core.ask(move |store| store.run(RunKey::Number(number))).await?;
        row.ok_or_else(|| EngineError::NoSuchRun { id: self.id.clone() })
    }

    /// Returns the committed journal so far.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub async fn history(&self) -> Result<Vec<HistoryEntry>, EngineError> {
        let mut history = Vec::new();
        loop {
            let page = self.history_after(history.last().map_or(0, |entry: &HistoryEntry| entry.seq), 4_096).await?;
            if page.is_empty() {
                return Ok(history);
            }
            history.extend(page);
        }
    }

    /// Returns at most `limit` committed journal entries after the one with number `after`.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub async fn history_after(&self, after: u64, limit: usize) -> Result<Vec<HistoryEntry>, EngineError> {
        let number = self.number;
        let read = self.engine.core.ask(move |store| {
            let entries = store.entries(number, after, limit)?;
            let last = entries.last().map_or(after, |entry| entry.seq);
            let fields = store.fields(number, after.saturating_add(1), last)?;
            Ok((entries, fields))
        });
        let (entries, fields) = read.await?;
        Ok(HistoryEntry::from_rows(entries, fields))
    }

    /// Removes an ended or parked run and everything stored for it; its id may be used again. Runs that wait for its
    /// end are notified in the same commit: [`ChildError::Deleted`](crate::ChildError::Deleted). Runs that it has
    /// started continue.
    ///
    /// # Errors
    /// The run has not ended, or the database does not work.
    pub async fn delete(self) -> Result<(), EngineError> {
        let last = self.last_row().await?;
        super::delete::delete(&self.engine.core, last.number, &last.id, self.record.as_deref()).await
    }

    /// Waits until the run has ended or is parked.
    //
    // Boxed here, and so compiled in this crate: a future without a box is compiled where it is awaited.
    pub(super) fn ended(&self) -> BoxFuture<'_, Result<Ended, EngineError>> {
        Box::pin(self.end())
    }

    async fn end(&self) -> Result<Ended, EngineError> {
        let core = &self.engine.core;
        let mut number = self.number;
        loop {
            // Registered before the row is read, so that an end in between is not missed.
            let (ended, in_memory) = core.wait_for(number);
            let mut ours = true;
            let lost = core.committer.lost();
            // While the files are missing an active run cannot end; reading its row reports why.
            if !in_memory || core.committer.is_gone() {
                let row = self.row_of(number).await?;
                if row.status == Status::Replaced {
                    core.stop_waiting(number, ended);
                    number = self.next_row(row).await?.number;
                    continue;
                }
                // This engine has not tried it since its start: the reason is that of an earlier one.
                if row.status == Status::Parked && !core.is_draining() && parked::try_once(core, &row).await {
                    core.stop_waiting(number, ended);
                    continue;
                }
                if let Some(end) = self.ended_by(&row).await? {
                    core.stop_waiting(number, ended);
                    return Ok(end);
                }
                ours = core.lease(row.lease).is_some();
                if core.is_draining() {
                    return Err(EngineError::ShuttingDown);
                }
            }
            if !ours {
                far::look_after(core, number);
            }
            let outcome = match select(ended, pin!(lost)).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(((), _)) => Ok(Outcome::Evicted),
            };
            match outcome {
                Ok(Outcome::Ended(Status::Replaced, _) | Outcome::Evicted) | Err(_) => {}
                Ok(Outcome::Ended(status, value)) => return self.ended_as(status, value),
            }
        }
    }

    /// Returns how the run has ended, or why it is parked, from its row.
    async fn ended_by(&self, row: &RunRow) -> Result<Option<Ended>, EngineError> {
        if row.status.is_final() {
            let (number, before) = (row.number, row.seq.saturating_sub(1));
            let last = self.engine.core.ask(move |store| store.entries(number, before, 1)).await?;
            let value = last.into_iter().next().and_then(|entry| entry.value);
            return self.ended_as(row.status, value).map(Some);
        }
        match RunInfo::from_row(row.clone()) {
            RunInfo { status: Status::Deleting, .. } => Err(EngineError::NoSuchRun { id: self.id.clone() }),
            RunInfo { parked, .. } => Ok(parked.map(|reason| Ended::Parked(Box::new(reason)))),
        }
    }

    fn unreadable_end(&self, what: &str, why: CodecError) -> EngineError {
        EngineError::value_of(format!("the {what} of run `{}` cannot be read: {why}", self.id), why)
    }

    fn ended_as(&self, status: Status, value: Option<Value>) -> Result<Ended, EngineError> {
        let text = |value: Option<Value>| {
            value.and_then(|value| serde_json::from_slice(&value.bytes).ok()).unwrap_or_default()
        };
        let missing = || EngineError::value(format!("the last entry of run `{}` has no value", self.id));
        Ok(match status {
            Status::Completed => Ended::Completed(value.ok_or_else(missing)?),
            Status::Failed => Ended::Failed(value.ok_or_else(missing)?),
            Status::Moved => Ended::Moved,
            Status::TimedOut => Ended::TimedOut,
            Status::Refused => Ended::Refused(text(value)),
            _ => Ended::Cancelled(text(value)),
        })
    }
}

/// A handle of a run with the types of its result.
///
/// It dereferences to a [`Run`].
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::RunError;
///
/// #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
/// struct TooFew(u64);
/// # impl std::error::Error for TooFew {}
/// # impl std::fmt::Display for TooFew {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
/// #         write!(f, "{} cents are too few", self.0)
/// #     }
/// # }
///
/// #[workflow]
/// async fn pay(_flow: &mut Flow, cents: u64) -> std::result::Result<u64, TooFew> {
///     if cents < 100 { Err(TooFew(cents)) } else { Ok(cents) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(pay).start().await?;
/// assert_eq!(engine.start(pay, 500).await?.result().await?, 500);
/// let failed = engine.start(pay, 5).await?.result().await;
/// assert!(matches!(failed, Err(RunError::Failed(TooFew(5)))), "the error has its type");
/// # Ok(())
/// # }
/// ```
pub struct RunHandle<O, E = crate::Error> {
    run: Run,
    is_new: bool,
    code: EndCode<O, E>,
}

impl<O, E> fmt::Debug for RunHandle<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle").field("run", &self.run).field("is_new", &self.is_new).finish_non_exhaustive()
    }
}

impl<O, E> Clone for RunHandle<O, E> {
    fn clone(&self) -> Self {
        Self { run: self.run.clone(), is_new: self.is_new, code: self.code }
    }
}

impl<O, E> Deref for RunHandle<O, E> {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl<O, E> RunHandle<O, E> {
    pub(super) const fn new(run: Run, is_new: bool, code: EndCode<O, E>) -> Self {
        Self { run, is_new, code }
    }

    /// Returns whether the call that returned this handle started the run; `false` if a run with this id existed
    /// already.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Waits for the end of the run and returns its recorded result.
    ///
    /// # Errors
    /// The error that the workflow returned, as the same value; or the run was cancelled, timed out, was refused or
    /// moved, is parked, or the engine failed.
    pub async fn result(&self) -> Result<O, RunError<E>> {
        let ended = self.run.ended().await?;
        let coder = self.run.fields.coder();
        match ended {
            Ended::Completed(value) => match (self.code.output)(coder, &value) {
                Ok(result) => Ok(result),
                Err(why) => Err(RunError::Engine(self.run.unreadable_end("result", why))),
            },
            Ended::Failed(value) => Err(match (self.code.error)(coder, &value) {
                Ok(error) => RunError::Failed(error),
                Err(why) => RunError::Engine(self.run.unreadable_end("error", why)),
            }),
            Ended::Cancelled(reason) => Err(RunError::Cancelled { reason }),
            Ended::TimedOut => Err(RunError::TimedOut),
            Ended::Refused(reason) => Err(RunError::Refused { reason }),
            Ended::Moved => Err(RunError::Moved),
            Ended::Parked(reason) => Err(RunError::Parked { reason }),
        }
    }
}
