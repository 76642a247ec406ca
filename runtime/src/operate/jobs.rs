//! Jobs: one action on each run of a filter, one after the other, which go on after a crash.
//!
//! The record of each action has the key of its job and run, so that no run is acted on twice: whatever happens between
//! the action and the next row of the job, the database answers a repeated action by its record.

use super::acting::{Acting, other_has};
use super::operator::Operator;
use crate::engine::{EngineError, Pause};
use crate::inspect::filter::Filter;
use crate::inspect::jobs::JobState;
use crate::inspect::{InspectError, Inspector, Job, JobAction, JobStatus, RunSummary, RunsQuery};
use crate::store::{AuditQuery, JobRow, Rejected, RunKey, Status, StoreError, StoreErrorKind, Write, Written};
use serde_json::json;
use std::time::{Duration, Instant};

/// How many runs are read at a time.
const PAGE: usize = 100;

/// The longest time for which the progress of a job is not written.
const UNWRITTEN: Duration = Duration::from_millis(500);

impl Acting<'_> {
    /// Creates a job: the action on each run that matches the filter now. Nothing is done before
    /// [`Operator::run_job`]. Returns the number of the job.
    ///
    /// # Errors
    /// A condition of the filter makes no sense, the rate is 0, or the database does not work.
    pub async fn create_job(
        &self,
        filter: &RunsQuery,
        action: JobAction,
        per_second: Option<u32>,
    ) -> Result<i64, EngineError> {
        if per_second == Some(0) {
            return Err(EngineError::value(
                "a job of 0 actions in a second would never end; stop it instead".to_owned(),
            ));
        }
        let inspector = self.engine.inspect();
        let filter = &inspector.with_parent(filter).await.map_err(failed)?;
        let total = inspector.count(filter).await.map_err(failed)?;
        let state = JobState {
            action,
            filter: Filter::of(filter),
            who: self.who().to_owned(),
            why: self.why().to_owned(),
            status: JobStatus::Running,
            total: (total.value, total.capped),
            last: newest(&inspector).await?,
            cursor: 0,
            done: 0,
            failed: 0,
            last_error: None,
            per_second,
            at: self.engine.core.now(),
        };
        let details = json!({ "action": action, "filter": state.filter, "total": total, "per_second": per_second });
        let write = Write::PutJob(state.row(0, 0)).recorded(Some(&self.record("job", "", &details)));
        match self.engine.core.committer.write(write).await? {
            Ok(Written::Number(number)) => Ok(number),
            answer => Err(EngineError::value(format!("the job was not created: {answer:?}"))),
        }
    }

    /// Stops a job: its process ends with the run that it is at.
    ///
    /// # Errors
    /// There is no such job, it is done, or the database does not work.
    pub async fn stop_job(&self, number: i64) -> Result<Job, EngineError> {
        self.set_status(number, JobStatus::Stopped, "job_stop").await
    }

    /// Has a job that was stopped go on by [`Operator::run_job`].
    ///
    /// # Errors
    /// There is no such job, it is done, or the database does not work.
    pub async fn resume_job(&self, number: i64) -> Result<Job, EngineError> {
        self.set_status(number, JobStatus::Running, "job_resume").await
    }

    async fn set_status(&self, number: i64, status: JobStatus, action: &str) -> Result<Job, EngineError> {
        let record = self.record(action, &JobRow::subject(number), &json!({}));
        loop {
            let (row, mut state) = read(self, number).await?;
            if state.status == JobStatus::Done {
                return Err(EngineError::value(format!("job {number} is done: there is nothing to stop or resume")));
            }
            if state.status == status {
                // Its process died, or another operator goes on with it.
                if status == JobStatus::Running {
                    self.note(record).await?;
                }
                return Ok(state.job(number));
            }
            state.status = status;
            let write = Write::PutJob(state.row(number, row.revision)).recorded(Some(&record));
            match self.engine.core.committer.write(write).await? {
                Ok(_) => return Ok(state.job(number)),
                // Its process has written its progress meanwhile.
                Err(Rejected::Fenced) => {}
                Err(_) => return Err(unknown(number)),
            }
        }
    }

    async fn perform(&self, action: JobAction, run: &RunSummary) -> Result<(), EngineError> {
        let id = run.id.as_str();
        match action {
            JobAction::Cancel => self.cancel(id).await,
            JobAction::ForceCancel => self.force_cancel(id).await,
            JobAction::Pause => self.pause(id, Pause::Drain).await,
            JobAction::Resume => self.resume(id).await,
            JobAction::Revive => self.revive(id).await,
            JobAction::Retry => self.retry(id).await,
            JobAction::Delete => self.delete(id).await,
        }
    }
}

impl Operator {
    /// Goes on with a job until it is done or stopped, and returns it. `progress` is called whenever its row has changed.
    /// If this process dies, call it again, in any process: no run is acted on twice, and a job that several processes go
    /// on with is done once.
    ///
    /// A run that refuses the action, because its status is another by now, counts as failed, and the job goes on.
    ///
    /// # Errors
    /// There is no such job, or the database does not work: then it goes on with the next call.
    pub async fn run_job(&self, number: i64, mut progress: impl FnMut(&Job)) -> Result<Job, EngineError> {
        let acting = self.because("");
        let (row, state) = read(&acting, number).await?;
        let mut running = Running {
            operator: self,
            inspector: self.inspect(),
            row,
            state,
            written: Instant::now(),
            overtaken: false,
        };
        running.record_operator().await?;
        running.finish_deletions().await?;
        let mut next = Instant::now();
        while running.state.status == JobStatus::Running {
            let page = running.page().await?;
            for run in &page.runs {
                running.one(run).await?;
                if let Some(rate) = running.state.per_second {
                    next = next.max(Instant::now()) + Duration::from_secs(1) / rate.max(1);
                    running.save_if_due(&mut progress).await?;
                    tokio::time::sleep_until(next.into()).await;
                }
                running.save_if_due(&mut progress).await?;
                if running.state.status != JobStatus::Running || running.overtaken {
                    break;
                }
            }
            // Otherwise the next page follows the cursor of the process that was faster.
            if !running.overtaken {
                running.end_page(page);
                running.save(&mut progress).await?;
            }
        }
        Ok(running.state.job(number))
    }
}

/// Some runs of a job.
struct Found {
    runs: Vec<RunSummary>,
    /// What is wrong with the rows among them that cannot be read.
    damaged: Vec<String>,
    /// The number up to which these are all.
    to: i64,
}

/// A job at work.
struct Running<'a> {
    operator: &'a Operator,
    inspector: Inspector,
    row: JobRow,
    state: JobState,
    written: Instant,
    /// Whether the row of another process has replaced ours since the page was read.
    overtaken: bool,
}

impl Running<'_> {
    /// Returns the next runs; among many rows there may be none of the filter.
    async fn page(&mut self) -> Result<Found, EngineError> {
        self.overtaken = false;
        let JobState { filter, cursor, last, .. } = &self.state;
        if cursor >= last {
            return Ok(Found { runs: Vec::new(), damaged: Vec::new(), to: *last });
        }
        let query = filter.query().limit(PAGE).after(format!("o{cursor:x}"));
        let page = self.inspector.runs(&query).await.map_err(failed)?;
        let next = page.next.as_deref().and_then(|next| i64::from_str_radix(next.get(1..)?, 16).ok());
        let runs = page.items.into_iter().filter(|run| run.number <= *last).collect();
        Ok(Found { runs, damaged: page.damaged, to: next.map_or(*last, |next| next.min(*last)) })
    }

    /// Counts what of a page cannot be read, and ends the job with its last page.
    fn end_page(&mut self, page: Found) {
        let state = &mut self.state;
        if state.status != JobStatus::Running {
            return;
        }
        state.failed += page.damaged.len() as u64;
        if let Some(damaged) = page.damaged.into_iter().next_back() {
            state.last_error = Some(damaged);
        }
        state.cursor = state.cursor.max(page.to);
        if state.cursor >= state.last {
            state.status = JobStatus::Done;
        }
    }

    /// Acts on one run, unless a process that died has.
    async fn one(&mut self, run: &RunSummary) -> Result<(), EngineError> {
        match self.act(run).await {
            Ok(()) => self.state.done += 1,
            // What the database says of this run is no reason to stop; that it cannot be written is.
            Err(EngineError::Store(error)) if !is_damage(&error) => return Err(EngineError::Store(error)),
            Err(error @ EngineError::ShuttingDown) => return Err(error),
            Err(error) => {
                self.state.failed += 1;
                self.state.last_error = Some(error.to_string());
            }
        }
        self.state.cursor = run.number;
        Ok(())
    }

    async fn act(&self, run: &RunSummary) -> Result<(), EngineError> {
        let key = self.key(run);
        if self.is_done(&key).await? {
            return Ok(());
        }
        self.check(run).await?;
        self.acting().keyed(key, run.number).perform(self.state.action, run).await
    }

    /// Checks that a run is still one of the filter: its page may have been read minutes ago.
    async fn check(&self, run: &RunSummary) -> Result<(), EngineError> {
        let (id, number) = (run.id.clone(), run.number);
        let row = self.operator.engine().core.ask(move |store| store.run(RunKey::Number(number))).await?;
        let Some(row) = row else { return Err(EngineError::NoSuchRun { id }) };
        if row.status == Status::Replaced || row.id != id {
            return Err(other_has(&id, number));
        }
        if !self.state.filter.has_status(row.status) {
            let action = "it was in another status, one of the job's filter, when it was found";
            return Err(EngineError::WrongStatus { id, status: row.status, action });
        }
        Ok(())
    }

    /// Records an operator that goes on with a job which another one has created or resumed.
    async fn record_operator(&self) -> Result<(), EngineError> {
        if self.state.status != JobStatus::Running {
            return Ok(());
        }
        let (subject, who) = (JobRow::subject(self.row.number), self.operator.who().to_owned());
        let query = AuditQuery { subject: Some(subject.clone()), who: Some(who), limit: 1, ..AuditQuery::default() };
        let last = self.operator.engine().core.ask(move |store| store.audit(&query)).await?;
        if last.first().is_some_and(|record| record.action != "job_stop") {
            return Ok(());
        }
        let acting = self.operator.because("");
        acting.note(acting.record("job_resume", &subject, &json!({}))).await
    }

    /// Acts in the name of who created the job.
    fn acting(&self) -> Acting<'_> {
        self.operator.on_behalf_of(&self.state.who, &self.state.why)
    }

    fn key(&self, run: &RunSummary) -> String {
        format!("job:{}:{}", self.row.number, run.number)
    }

    async fn is_done(&self, key: &str) -> Result<bool, EngineError> {
        let query = AuditQuery { key: Some(key.to_owned()), limit: 1, ..AuditQuery::default() };
        let found = self.operator.engine().core.ask(move |store| store.audit(&query)).await?;
        Ok(!found.is_empty())
    }

    /// Goes on with deletions that a process has begun: the runs are no longer in the list.
    async fn finish_deletions(&self) -> Result<(), EngineError> {
        if self.state.action != JobAction::Delete {
            return Ok(());
        }
        let deleting = RunsQuery::all().status(Status::Deleting).oldest_first().limit(PAGE);
        for run in self.inspector.runs(&deleting).await.map_err(failed)?.items {
            if self.is_done(&self.key(&run)).await? {
                match self.operator.engine().run(&run.id).await {
                    Ok(run) => run.delete().await?,
                    Err(EngineError::NoSuchRun { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn save_if_due(&mut self, progress: &mut impl FnMut(&Job)) -> Result<(), EngineError> {
        if self.written.elapsed() < UNWRITTEN { Ok(()) } else { self.save(progress).await }
    }

    /// Writes the progress; the row of a process that was faster replaces ours.
    async fn save(&mut self, progress: &mut impl FnMut(&Job)) -> Result<(), EngineError> {
        let row = self.state.row(self.row.number, self.row.revision);
        match self.operator.engine().core.committer.write(Write::PutJob(row)).await? {
            Ok(_) => self.row.revision += 1,
            Err(Rejected::Fenced) => {
                let (row, state) = read(&self.acting(), self.row.number).await?;
                // It was stopped: what we have done since is counted all the same, unless another process counts.
                if state.status == JobStatus::Stopped && state.cursor <= self.state.cursor {
                    self.state.status = JobStatus::Stopped;
                    self.row = row;
                    let row = self.state.row(self.row.number, self.row.revision);
                    let _ = self.operator.engine().core.committer.write(Write::PutJob(row)).await?;
                } else {
                    (self.row, self.state, self.overtaken) = (row, state, true);
                }
            }
            Err(_) => return Err(unknown(self.row.number)),
        }
        self.written = Instant::now();
        progress(&self.state.clone().job(self.row.number));
        Ok(())
    }
}

/// Returns the number of the newest run that can be read, or 0.
async fn newest(inspector: &Inspector) -> Result<i64, EngineError> {
    let mut query = RunsQuery::all().limit(1);
    loop {
        let page = inspector.runs(&query).await.map_err(failed)?;
        match (page.items.first(), page.next) {
            (Some(run), _) => return Ok(run.number),
            (None, Some(next)) => query = query.after(next),
            (None, None) => return Ok(0),
        }
    }
}

/// Returns whether an error is about one run, and not about the database as a whole.
const fn is_damage(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::Damaged | StoreErrorKind::Newer)
}

async fn read(acting: &Acting<'_>, number: i64) -> Result<(JobRow, JobState), EngineError> {
    let found = acting.engine.core.ask(move |store| store.jobs(number.saturating_add(1), 1)).await?;
    let row = found.into_iter().find(|row| row.number == number).ok_or_else(|| unknown(number))?;
    let state = JobState::read(&row).map_err(EngineError::value)?;
    Ok((row, state))
}

fn unknown(number: i64) -> EngineError {
    EngineError::NotFound { what: "job", name: number.to_string() }
}

fn failed(error: InspectError) -> EngineError {
    match error {
        InspectError::Store(error) => EngineError::Store(error),
        InspectError::NoSuchRun { id } => EngineError::NoSuchRun { id },
        InspectError::Stopped => EngineError::ShuttingDown,
        error => EngineError::value(error.to_string()),
    }
}
