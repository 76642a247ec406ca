//! Plays the engine that runs the remote steps of a scenario: it claims them under a lease of its own, loads their
//! contexts from the rows, and sends their outcomes to the inboxes of their runs. Its commits have faults like any
//! other.

use super::attempts::{RunningAttempts, StepEvent};
use super::fault::{Dice, Fault};
use super::perform::{attempt_of, prepare};
use super::scenario::Scenario;
use crate::context::{ContextType, Loading, SharedContext};
use crate::engine::rows_with;
use crate::inspect::changes::{Snapshot, snapshot_in};
use crate::machine::recorded_scope;
use crate::record::{AttemptOutcome, StepWrite};
use crate::run_env::RunEnv;
use crate::scope::{Cancellation, Link, StepScope, Writes};
use crate::session::Session;
use crate::store::{Lease, NewInboxItem, Rejected, TaskRow, TaskState, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The longest wait for a body when nothing else can happen.
const LONGEST: Duration = Duration::from_secs(30);

/// The engine that runs remote steps.
#[derive(Default)]
pub(super) struct Far {
    /// Whether there was a remote step at all.
    pub(super) is_used: bool,
    lease: Option<Lease>,
    runs: BTreeMap<i64, FarRun>,
    /// How many of its next commits fail.
    failing: usize,
}

/// A run whose steps it runs.
struct FarRun {
    env: Arc<RunEnv>,
    attempts: RunningAttempts,
    claimed: BTreeSet<(u64, u32)>,
}

/// The answer to a commit of this engine.
#[derive(PartialEq)]
enum Answer {
    /// It was done or rejected.
    Known,
    /// The engine has died, or the outcome is unknown.
    Unknown,
}

impl Scenario<'_> {
    /// Makes one commit of the engine that runs remote steps, or lets its bodies run; `false` if nothing has happened.
    pub(super) async fn far_works(&mut self, can_wait: bool) -> Result<bool, String> {
        if !self.far.is_used {
            return Ok(false);
        }
        let tasks = self.tasks()?;
        if self.far_reconciles(&tasks).await? {
            return Ok(true);
        }
        let began = Instant::now();
        loop {
            for run in self.far.runs.values_mut() {
                run.attempts.run().await;
            }
            if self.far_has_news().await? {
                return Ok(true);
            }
            let busy = self.far.runs.values().any(|run| !run.attempts.is_empty());
            if !busy || !can_wait || began.elapsed() > LONGEST {
                return Ok(false);
            }
        }
    }

    /// Runs what it has claimed, cancels what nothing waits for, and claims one that waits.
    async fn far_reconciles(&mut self, tasks: &[TaskRow]) -> Result<bool, String> {
        let lease = self.far.lease.map(|lease| lease.number);
        let ours = |task: &&TaskRow| !task.is_run() && lease.is_some() && task.lease == lease;
        for task in tasks.iter().filter(ours) {
            let id = (task.position, task.attempt);
            let is_known = self.far.runs.get(&task.run).is_some_and(|run| run.claimed.contains(&id));
            if task.state == TaskState::Cancelled {
                if let Some(run) = self.far.runs.get_mut(&task.run) {
                    run.attempts.cancel(task.position);
                }
                self.far_finishes(task.run, id, AttemptOutcome::panicked("it was cancelled".to_owned())).await?;
                return Ok(true);
            }
            if !is_known {
                self.far_begins(task).await?;
                return Ok(true);
            }
        }
        let Some(task) = self.claimable(|task| !task.is_run())?.into_iter().next() else { return Ok(false) };
        let (queue, steps) = (task.queue.as_str().into(), [task.step].into());
        let lease = self.far_lease()?;
        self.far_commits("claims a remote step", Write::ClaimTasks { lease, queue, steps, limit: 1 }).await?;
        Ok(true)
    }

    fn far_lease(&mut self) -> Result<Lease, String> {
        if let Some(lease) = self.far.lease {
            return Ok(lease);
        }
        let lease = self.store.open_lease()?;
        self.far.lease = Some(lease);
        Ok(lease)
    }

    /// Starts an attempt that was claimed.
    async fn far_begins(&mut self, task: &TaskRow) -> Result<(), String> {
        if !self.loaded.contains_key(&task.run) {
            self.load(task.run).await?;
        }
        let body = self.loaded.get(&task.run).and_then(|loaded| loaded.run.remote_body(task.position));
        let id = (task.position, task.attempt);
        // Nothing waits for it; the row will say so.
        let Some(body) = body else { return Ok(()) };
        if !self.far.runs.contains_key(&task.run) {
            let row = self.row(task.run)?;
            let env = self.env(&row, Session::default());
            let attempts = RunningAttempts::of(&env, self.plan.order);
            self.far.runs.insert(task.run, FarRun { env, attempts, claimed: BTreeSet::new() });
        }
        let env = self.far.runs[&task.run].env.clone();
        let kind = body.remote_context();
        let found = match (kind, task.context) {
            (None, _) => None,
            (Some(_), None) => return Err("a remote step with a context has no entry that wrote it".into()),
            (Some(_), Some(seq)) => snapshot_in(&*self.store, task.run, seq).map_err(text)?,
        };
        let context = context_of(&env, kind, found).await?;
        let body = body.in_context(context.clone()).ok_or("a remote step has a table")?;
        let journal = self.journal(task.run)?;
        let run_scope = Arc::new(journal.iter().find_map(recorded_scope).unwrap_or_default());
        let scope = Arc::new(StepScope {
            run: env.fields.run().clone(),
            run_scope,
            name: task.step.clone(),
            position: task.position,
            attempt: task.attempt,
            deadline: None,
            cancellation: Cancellation::default(),
            writes: Writes::default(),
            link: Link::of(&env),
            sends: &[],
        });
        prepare(&*body, &scope, context, &env).await?;
        self.seen.entry(task.run).or_default().body_started(&journal, task.position, task.attempt)?;
        let attempt = attempt_of(&*body, &task.arguments, scope, env);
        if let Some(run) = self.far.runs.get_mut(&task.run) {
            run.claimed.insert(id);
            run.attempts.start(task.position, task.attempt, attempt);
        }
        Ok(())
    }

    /// Handles an event or the end of a body of this engine; `false` if there is none.
    async fn far_has_news(&mut self) -> Result<bool, String> {
        let Some((number, news)) = self.far.next(&mut self.dice) else { return Ok(false) };
        match news {
            News::Wrote(write, taken) => {
                if let Some(item) = NewInboxItem::written(number, write, self.now) {
                    self.send(item)?;
                }
                // The step may have ended.
                let _ = taken.send(());
            }
            News::Ended(id, outcome) => self.far_finishes(number, id, outcome).await?,
        }
        Ok(true)
    }

    /// Sends an outcome, until it is known to be there; an outcome that is sent twice is there once.
    async fn far_finishes(&mut self, run: i64, id: (u64, u32), outcome: AttemptOutcome) -> Result<(), String> {
        let (position, attempt) = id;
        let item = NewInboxItem::ended_attempt(run, id, Some(outcome), self.now);
        while let Some(lease) = self.far.lease {
            let write = Write::FinishTask { lease, position, attempt, item: item.clone() };
            if self.far_commits("ends a remote step", write).await? == Answer::Known {
                break;
            }
        }
        if let Some(run) = self.far.runs.get_mut(&run) {
            run.claimed.remove(&id);
        }
        self.is_notified(run);
        Ok(())
    }

    /// Makes a commit of this engine, with the fault and what is sent at it.
    async fn far_commits(&mut self, kind: &str, write: Write) -> Result<Answer, String> {
        let commit = self.commits;
        self.commits += 1;
        self.kinds.push(kind.to_owned());
        self.sends_at(commit)?;
        if self.far.failing > 0 {
            self.far.failing -= 1;
            return Ok(Answer::Unknown);
        }
        let fault = self.plan.fault.filter(|(fault, at)| Fault::AT_COMMIT.contains(fault) && *at == commit);
        match fault.map(|(fault, _)| fault) {
            Some(Fault::CrashBefore | Fault::CrashInRecovery) => {
                self.far_dies().await?;
                return Ok(Answer::Unknown);
            }
            Some(Fault::StoreFailsOnce) => return Ok(Answer::Unknown),
            Some(Fault::StoreFailsLong) => {
                self.far.failing = 4;
                return Ok(Answer::Unknown);
            }
            Some(Fault::LeaseTaken) => {
                self.far_dies().await?;
                let answers = self.store.commit(&[write]).map_err(|error| error.to_string())?;
                return match answers[..] {
                    [Err(Rejected::Fenced)] => Ok(Answer::Unknown),
                    _ => Err(format!("an engine that had lost its lease wrote: {answers:?}")),
                };
            }
            _ => {}
        }
        self.store.commit(&[write]).map_err(|error| error.to_string())?;
        self.look()?;
        match fault.map(|(fault, _)| fault) {
            Some(Fault::CrashAfter) => {
                self.far_dies().await?;
                Ok(Answer::Unknown)
            }
            Some(Fault::AnswerLost) => Ok(Answer::Unknown),
            _ => Ok(Answer::Known),
        }
    }

    /// Lets this engine die, with its bodies, and the owner of the runs take over its lease.
    async fn far_dies(&mut self) -> Result<(), String> {
        for run in self.far.runs.values_mut() {
            run.attempts.run_in_vain().await;
        }
        self.far.runs.clear();
        let Some(lease) = self.far.lease.take() else { return Ok(()) };
        let take = Write::TakeLease { seen: lease, heartbeat: 0, owner: "another".into() };
        self.store.write(take)?;
        for row in self.rows()?.into_iter().filter(|row| !row.status.is_final()) {
            self.is_notified(row.number);
        }
        Ok(())
    }
}

/// An event of a body, or its end.
enum News {
    Wrote(StepWrite, oneshot::Sender<()>),
    Ended((u64, u32), AttemptOutcome),
}

impl Far {
    fn next(&mut self, dice: &mut Dice) -> Option<(i64, News)> {
        for (number, run) in &mut self.runs {
            if let Some(event) = run.attempts.next_event() {
                match event {
                    StepEvent::Wrote(write, taken) => return Some((*number, News::Wrote(write, taken))),
                    // A remote step has no shared state.
                    StepEvent::State(_) => {}
                }
            } else if let Some((position, attempt, outcome)) = run.attempts.next(dice) {
                return Some((*number, News::Ended((position, attempt), outcome)));
            }
        }
        None
    }
}

/// Loads the context that a call saw, from its rows.
async fn context_of(
    env: &Arc<RunEnv>,
    kind: Option<ContextType>,
    found: Option<Snapshot>,
) -> Result<Option<SharedContext>, String> {
    let Some(kind) = kind else { return Ok(None) };
    let found = found.ok_or("the context of a remote step is not in the database")?;
    let load = async |pointer| env.fields.load(&pointer).await;
    let (version, rows) = rows_with(kind.schema(), found, load).await.map_err(text)?;
    let loaded = Loading::set(env.fields.coder(), kind, version, rows);
    loaded.map(|(context, _)| Some(context)).map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
