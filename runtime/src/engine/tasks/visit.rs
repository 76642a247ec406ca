//! Runs one attempt of a remote step, from its claim to its outcome in the inbox of its run.

use super::load::{self, Missing};
use super::reports::{REPORT, Reports};
use crate::context::SharedContext;
use crate::engine::clock::AGAIN;
use crate::engine::core::{Core, DriverEvent, Envelope};
use crate::engine::inbox;
use crate::engine::running_attempts::{Attempt, RunningAttempts};
use crate::engine::task_run::TaskRun;
use crate::error::AttemptCause;
use crate::record::AttemptOutcome;
use crate::scope::{Cancellation, Link, StepScope, Writes};
use crate::step::StepTable;
use crate::store::{Lease, NewInboxItem, TaskRow, Write};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc;

type Mail = (mpsc::UnboundedSender<Envelope>, mpsc::UnboundedReceiver<Envelope>);

const RETURNED_FOR: i64 = 2_000;
/// The interval at which a cancelled body is checked for its end.
const LOOK: Duration = Duration::from_millis(5);

/// The end of a visit.
enum End {
    Outcome(AttemptOutcome),
    /// Nothing waits for an outcome.
    Unwanted,
    /// It cannot run here, for this reason.
    Refused(String),
    /// The engine stops: another one runs the next attempt.
    Stopped,
}

/// Runs a claimed attempt, and sends its outcome to its run.
pub(super) async fn visit(core: &Arc<Core>, lease: Lease, step: &'static StepTable, task: TaskRow, mail: Mail) {
    let cancellation = Cancellation::default();
    let (end, known) = match loaded(core, step, &task).await {
        Ok((run, context)) => {
            let end = attempt(Reports::new(core, lease, &task, &run), step, &cancellation, context, mail).await;
            (end, Some(run))
        }
        Err(end) => (end, None),
    };
    let TaskRow { run, position, attempt, .. } = task;
    let write = match end {
        End::Stopped => return,
        End::Refused(refused) => {
            tracing::warn!(
                run,
                position,
                step = task.step,
                refused,
                "a remote step cannot run here; it waits for another engine"
            );
            Write::ReturnTask { lease, run, position, attempt, refused, wait: RETURNED_FOR }
        }
        // The row says so too: the outcome is dropped with it.
        End::Unwanted => finished(core, lease, &task, AttemptOutcome::panicked("it was cancelled".to_owned())),
        End::Outcome(outcome) => finished(core, lease, &task, outcome),
    };
    if !cancellation.is_at_work() {
        // The next task is claimed in the commit of this outcome, or soon after.
        core.tasks.body_has_ended((run, position, attempt));
        super::look(core);
    }
    while let Err(error) = core.committer.write(write.clone()).await {
        if error.is_for_good() || !core.pause(AGAIN).await {
            return;
        }
    }
    notify(core, run, known);
    // A body that blocks its thread may run beyond its time limit. Its slot is free once it has ended.
    while cancellation.is_at_work() && core.pause(LOOK).await {}
}

/// Has a run take its outcomes if this engine drives it, without waiting for that. Attempts that end together need one
/// look: it may read the database.
fn notify(core: &Arc<Core>, run: i64, known: Option<Arc<TaskRun>>) {
    // Without a workflow it drives none.
    if core.workflows.is_empty() || known.as_ref().is_some_and(|known| !known.looking.begins()) {
        return;
    }
    let (core, busy) = (core.clone(), core.busy());
    core.runtime.clone().spawn(async move {
        match known {
            Some(known) => known.looking.run(|| inbox::look(&core, run)).await,
            None => inbox::look(&core, run).await,
        }
        drop(busy);
    });
}

fn finished(core: &Core, lease: Lease, task: &TaskRow, outcome: AttemptOutcome) -> Write {
    let item = NewInboxItem::ended_attempt(task.run, (task.position, task.attempt), Some(outcome), core.now());
    Write::FinishTask { lease, position: task.position, attempt: task.attempt, item }
}

/// Loads the run and the context, for as long as the database does not work.
async fn loaded(
    core: &Arc<Core>,
    step: &'static StepTable,
    task: &TaskRow,
) -> Result<(Arc<TaskRun>, Option<SharedContext>), End> {
    loop {
        let kind = step.remote.and_then(|remote| (remote.context)());
        let loaded = async {
            let run = load::run(core, task).await?;
            let context = load::context(core, &run, task, kind).await?;
            Ok((run, context))
        };
        match loaded.await {
            Ok(loaded) => return Ok(loaded),
            Err(Missing::Run) => return Err(End::Unwanted),
            Err(Missing::Refused(why)) => return Err(End::Refused(why)),
            Err(Missing::Store(error)) => {
                tracing::warn!(run = task.run, step = task.step, error, "the run of a remote step cannot be read now");
                if !core.pause(AGAIN).await {
                    return Err(End::Stopped);
                }
            }
        }
    }
}

/// Runs the attempt as the driver of a run runs one of its own.
async fn attempt(
    mut reports: Reports<'_>,
    step: &'static StepTable,
    cancellation: &Cancellation,
    context: Option<SharedContext>,
    (sender, mut events): Mail,
) -> End {
    let Reports { core, task, run, .. } = reports;
    let scope = Arc::new(StepScope {
        run: run.env.fields.run().clone(),
        run_scope: run.scope.clone(),
        name: task.step.clone(),
        position: task.position,
        attempt: task.attempt,
        deadline: None,
        cancellation: cancellation.clone(),
        writes: Writes::default(),
        link: Link::of(&run.env),
        sends: &[],
    });
    let timeout = task.timeout.and_then(|timeout| u64::try_from(timeout).ok()).map(Duration::from_millis);
    let (arguments, body) = (task.arguments.clone(), step.body(context.clone()));
    let mut attempts = RunningAttempts::new(core.clone(), task.run, sender, run.env.clone(), Weak::new());
    attempts.start(Attempt { step: step.name, scope, arguments, timeout, body }, context);
    loop {
        let Envelope { event, busy } = match tokio::time::timeout(REPORT, events.recv()).await {
            Err(_) => {
                reports.look();
                continue;
            }
            Ok(None) => return End::Stopped,
            Ok(Some(envelope)) => envelope,
        };
        match event {
            DriverEvent::Prepared { position, outcome: Ok(()) } => attempts.prepared(position),
            DriverEvent::Prepared { outcome: Err(reason), .. } => return End::Refused(reason.to_string()),
            DriverEvent::AttemptEnded { outcome, .. } => {
                drop(busy);
                run.written().await;
                return ended(run, task, outcome);
            }
            DriverEvent::Halt => {
                attempts.cancel(task.position);
                // Its slot is not free before.
                while cancellation.is_at_work() && core.pause(LOOK).await {}
                return End::Unwanted;
            }
            DriverEvent::Stop(stopped) => {
                attempts.stop(&stopped);
                body_ends(cancellation).await;
                return End::Stopped;
            }
            _ => {}
        }
    }
}

/// Returns the end of an attempt. If it has failed because its arguments cannot be read here, or because a key is
/// missing, the task is refused instead: another engine may be able to run it.
fn ended(run: &TaskRun, task: &TaskRow, outcome: AttemptOutcome) -> End {
    let fields = &run.env.fields;
    let unmet = fields.take_unmet(task.position, task.attempt);
    let AttemptOutcome::Failed { cause, message, .. } = &outcome else { return End::Outcome(outcome) };
    let refused = match cause {
        AttemptCause::Refused => Some(message.clone()),
        AttemptCause::Unstorable => unmet.or_else(|| fields.vault().take_kept()).map(|fault| fault.to_string()),
        _ => unmet.map(|fault| fault.to_string()),
    };
    refused.map_or(End::Outcome(outcome), End::Refused)
}

/// Waits until a body that is stopped has ended, or was dropped.
async fn body_ends(cancellation: &Cancellation) {
    while cancellation.is_at_work() {
        tokio::time::sleep(LOOK).await;
    }
}
