//! Loads what a remote step needs of its run: its identity, and the context as the call saw it.

use crate::context::{ContextType, Loading, SharedContext};
use crate::engine::clock::AGAIN;
use crate::engine::core::Core;
use crate::engine::task_run::{Outbox, TaskRun};
use crate::engine::{inbox, time_travel};
use crate::inspect::changes;
use crate::machine::recorded_scope;
use crate::record::{RunScope, StepWrite};
use crate::run_env::RunEnv;
use crate::session::Session;
use crate::store::{NewInboxItem, RunKey, StoreError, TaskRow, Write};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Why a task cannot run here.
pub(super) enum Missing {
    /// Its run has ended, or is gone.
    Run,
    /// The database does not work now.
    Store(String),
    /// The reason why it cannot run here. Another engine may run it.
    Refused(String),
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Loads the run of a task.
pub(super) async fn run(core: &Arc<Core>, task: &TaskRow) -> Result<Arc<TaskRun>, Missing> {
    if let Some(known) = core.tasks.runs.get(task.run) {
        return Ok(known);
    }
    let number = task.run;
    let read = core.read(move |store| {
        let Some(row) = store.run(RunKey::Number(number))? else { return Ok(None) };
        Ok(Some((row, store.entries(number, 0, 2)?)))
    });
    let Some((row, entries)) = read.await.map_err(|error| Missing::Store(error.to_string()))? else {
        return Err(Missing::Run);
    };
    if !row.status.accepts() {
        return Err(Missing::Run);
    }
    let scope: RunScope = entries.iter().find_map(recorded_scope).unwrap_or_default();
    let env = RunEnv::new(core.fields(&row), core.resources.clone(), Session::default());
    let outbox = outbox(core, number);
    let writes = outbox.clone();
    env.outputs.open(move |write, taken| {
        // It ends with the engine.
        let _ = writes.send((Some(write), taken));
    });
    Ok(core.tasks.runs.keep(number, TaskRun::new(env, scope, outbox)))
}

/// Sends what the steps of a run write to its inbox, one after the other; ends with the engine, or with the last step.
fn outbox(core: &Arc<Core>, run: i64) -> Outbox {
    let (outbox, mut writes) = mpsc::unbounded_channel::<(Option<StepWrite>, oneshot::Sender<()>)>();
    let sending = Arc::downgrade(core);
    core.runtime.spawn(async move {
        while let Some((write, taken)) = writes.recv().await {
            let Some(core) = sending.upgrade() else { return };
            let item = write.and_then(|write| NewInboxItem::written(run, write, core.now()));
            let is_written = match item {
                Some(item) => send(&core, item).await,
                None => true,
            };
            if is_written {
                // The step may have ended.
                let _ = taken.send(());
            }
        }
    });
    outbox
}

/// Sends a write until it is known to be in the inbox: the run takes a repeated one once. A run that has ended takes
/// nothing, and its step is cancelled soon. Returns `false` if the engine stops before.
async fn send(core: &Arc<Core>, item: NewInboxItem) -> bool {
    let run = item.run;
    loop {
        match core.committer.write(Write::Send(item.clone())).await {
            Ok(_) => {
                inbox::look(core, run).await;
                return true;
            }
            Err(error) if error.is_for_good() || !core.pause(AGAIN).await => return false,
            Err(_) => {}
        }
    }
}

/// Loads the context of a task: the one that the call saw, whatever the run has now.
pub(super) async fn context(
    core: &Arc<Core>,
    run: &TaskRun,
    task: &TaskRow,
    kind: Option<ContextType>,
) -> Result<Option<SharedContext>, Missing> {
    let Some(kind) = kind else { return Ok(None) };
    let name = kind.name();
    let refused = |why: &str| {
        let step = &task.step;
        Missing::Refused(format!("step `{step}` cannot have its context `{name}` here: {why}"))
    };
    let Some(seq) = task.context else { return Err(refused("the workflow had set none when it called the step")) };
    if let Some(known) = run.context(seq, name) {
        return Ok(Some(known));
    }
    let number = task.run;
    let snapshot = core.read(move |store| changes::snapshot_in(store, number, seq)).await;
    let Some(snapshot) = snapshot.map_err(|error| Missing::Store(error.to_string()))? else {
        return Err(refused("its rows are not in the database"));
    };
    let fields = &run.env.fields;
    let loaded = time_travel::rows(core, fields, kind.schema(), snapshot).await;
    let (version, rows) = loaded.map_err(|error| refused(&error.to_string()))?;
    let (context, _) =
        Loading::set(fields.coder(), kind, version, rows).map_err(|error| refused(&error.to_string()))?;
    run.keep(seq, context.clone());
    Ok(Some(context))
}
