//! Starts runs: row and first entry in one commit, once for each id.

mod all;
pub(super) mod answer;
mod options;

pub use all::StartedAll;

use super::clock::AGAIN;
use super::core::Core;
use super::error::EngineError;
use super::handle::{Run, RunHandle};
use super::opening::{Opening, Wanted, same_start};
use super::{Engine, continuing, inbox, load, loaded, trace};
use crate::context::StepContext;
use crate::machine::{Machine, first_entry, scope_entry};
use crate::scope::Scope;
use crate::store::{EntryRow, Lease, NewRun, RunKey, RunRow, StoreError, Write};
use crate::workflow::{EndCode, WorkflowDef};
use answer::{Answer, answer};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

/// A start to be made: choose an id, then `.await`.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[workflow]
/// async fn greet(_flow: &mut Flow, name: String) -> Result<String> {
///     Ok(format!("hello {name}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(greet).start().await?;
/// let start = || engine.start(greet, "Ada".to_owned()).id("ada").label("team", "red").time_limit(Duration::from_secs(60));
/// assert!(start().await?.is_new());
/// assert!(!start().await?.is_new(), "one id is one run, however often it is started");
/// # Ok(())
/// # }
/// ```
#[must_use = "a run is started when the call is awaited: add `.await`"]
pub struct StartCall<'engine, W: WorkflowDef> {
    engine: &'engine Engine,
    input: W::Input,
    given: Scope,
    continuing: Option<String>,
    workflow: PhantomData<fn() -> W>,
}

impl<'engine, W: WorkflowDef> StartCall<'engine, W> {
    pub(super) fn new(engine: &'engine Engine, input: W::Input) -> Self {
        Self { engine, input, given: Scope::default(), continuing: None, workflow: PhantomData }
    }
}

impl<W: WorkflowDef> StartCall<'_, W>
where
    W::Context: StepContext,
{
    /// Starts the run with the final context of another run, whatever its workflow: `Flow` begins with it instead of
    /// the defaults, and a workflow that takes `Start` gets it with [`continued`](crate::Start::continued) or
    /// [`with_continued_or`](crate::Start::with_continued_or).
    ///
    /// The values become part of the new run's history, and contents in field stores are copied, so that the other run
    /// may be deleted afterwards. A context of an older version is migrated as on a load. Starting again under the same
    /// id returns the same run if it continues the same one.
    ///
    /// [Shared state](crate::State) is carried over too: the values with keys, and the declared state if this workflow
    /// declares the same type. Another type begins with its own defaults.
    ///
    /// The call fails if that run has not ended, never set a context, or has another context than this workflow.
    pub fn continuing(mut self, run: impl Into<String>) -> Self {
        self.continuing = Some(run.into());
        self
    }
}

impl<'engine, W: WorkflowDef> IntoFuture for StartCall<'engine, W> {
    type Output = Result<RunHandle<W::Output, W::Error>, EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { engine, input, given, continuing, .. } = self;
        typed(started(engine, Wanted::new::<W>(input), given, continuing), W::CODE.end)
    }
}

fn typed<O: 'static, E: 'static>(
    started: BoxFuture<'_, Result<(Run, bool), EngineError>>,
    code: EndCode<O, E>,
) -> BoxFuture<'_, Result<RunHandle<O, E>, EngineError>> {
    Box::pin(async move { started.await.map(|(run, is_new)| RunHandle::new(run, is_new, code)) })
}

fn started(
    engine: &Engine,
    wanted: Wanted,
    given: Scope,
    continuing: Option<String>,
) -> BoxFuture<'_, Result<(Run, bool), EngineError>> {
    Box::pin(async move {
        let core: &Arc<Core> = &engine.core;
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        wanted.check(core)?;
        let opening = Opening::new(given, core.recorded_now())?;
        // A start runs to its end even if the caller stops waiting.
        let starting = core.clone();
        let started = core.to_the_end(async move {
            match continuing {
                Some(run) => continuing::start(&starting, opening, wanted, run).await,
                None => start(&starting, opening, wanted).await,
            }
        });
        let (row, is_new) = started.await?;
        Ok((Run::new(engine, &row), is_new))
    })
}

async fn start(core: &Arc<Core>, opening: Opening, wanted: Wanted) -> Result<(RunRow, bool), EngineError> {
    let lease = core.lease_of_new();
    let busy = core.busy();
    let new = new_run(core, opening, &wanted, lease)?;
    let lease = lease.filter(|_| new.queued.is_none());
    let (id, dedup) = (new.id.clone(), new.dedup.clone());
    let (entries, mut row) = (new.entries.clone(), new.row(0));
    let answered = match core.committer.write(Write::Start(new)).await {
        Ok(answered) => answered,
        Err(error) => return written_after_all(core, &row, &entries, error).await,
    };
    match answer(answered, &id, dedup.as_deref())? {
        Answer::New(number, notified) => {
            (row.number, row.first_run) = (number, number);
            begin(core, &row, lease, entries);
            inbox::look_all(core, notified);
            drop(busy);
            Ok((row, true))
        }
        Answer::There(row) => same_start(core, *row, wanted, None).await.map(|row| (row, false)),
        Answer::Held(holder) => Ok((*holder, false)),
    }
}

/// Returns the row and the first entries of a run to be started; without a lease, it is for others to claim.
fn new_run(core: &Core, opening: Opening, wanted: &Wanted, lease: Option<Lease>) -> Result<NewRun, EngineError> {
    let at = core.now();
    let (queued, holder) = (opening.queued(core, wanted)?, opening.holder());
    let (labels, second) = (opening.labels(), scope_entry(2, &opening.scope, at));
    let mut new = NewRun {
        id: opening.id,
        workflow: wanted.workflow.to_owned(),
        lease,
        execution: *uuid::Uuid::new_v4().as_bytes(),
        at,
        entries: Vec::new(),
        version: wanted.version,
        parent: None,
        dedup: opening.dedup,
        labels,
        queued,
        holder,
    };
    let first = first_entry(wanted.workflow, wanted.encode(&core.fields(&new.row(0)))?, at);
    new.entries = [first].into_iter().chain(second).collect();
    Ok(new)
}

/// Looks for a write of unknown outcome, before a caller repeats it.
async fn written_after_all(
    core: &Arc<Core>,
    new: &RunRow,
    entries: &[EntryRow],
    error: StoreError,
) -> Result<(RunRow, bool), EngineError> {
    loop {
        let key = new.id.clone();
        match core.ask(move |store| store.run(RunKey::Id(&key))).await {
            Ok(Some(row)) if row.execution == new.execution => {
                trace::started(&row, entries);
                core.load(row.number);
                return Ok((row, true));
            }
            Err(error) if !error.is_for_good() && core.pause(AGAIN).await => {}
            _ => return Err(EngineError::Store(error)),
        }
    }
}

/// Drives a new run from its first entry, which is durable. One without a lease is for others to drive.
pub(super) fn begin(core: &Arc<Core>, row: &RunRow, lease: Option<Lease>, entries: Vec<EntryRow>) {
    // Also for a run that is active already: it may have been found due before this.
    trace::started(row, &entries);
    if row.queue.is_some() {
        core.look_for_tasks();
    }
    let Some(lease) = lease else { return };
    let Some(mail) = core.enter(row.number) else { return };
    let Some(workflow) = core.workflows.get(&row.workflow, row.version) else { return };
    let foreign = loaded::foreign(core, mail.sender.clone());
    let run = loaded::with_stubs(&core.options, Machine::new(row, lease, core.options.limits, core.env(row), foreign));
    let run = run.on_clock(core.clock.elapsed(), core.clock.offset());
    load::drive_new(core, row.number, mail, run, workflow.clone(), entries);
}
