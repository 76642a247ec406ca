//! Starts many runs, a slice at a time.

use super::answer::{Answer, answer};
use super::{NewRun, Opening, Wanted, new_run, same_start};
use crate::engine::clock::AGAIN;
use crate::engine::core::Core;
use crate::engine::error::EngineError;
use crate::engine::{Engine, claiming, inbox, trace};
use crate::metrics;
use crate::scope::{self, Scope};
use crate::store::{EntryRow, RunRow, Write};
use crate::workflow::{Startable, WorkflowDef};
use futures_util::future::join_all;
use std::sync::Arc;

/// The most runs of a slice: their inputs are in memory at once.
const SLICE: usize = 10_000;

/// How many runs a call of [`Engine::start_all`] has started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedAll {
    /// The runs that are new.
    pub started: usize,
    /// The runs that were there already, with the same input, or that answered in place of a new one because they have its
    /// deduplication key.
    pub there: usize,
}

impl Engine {
    /// Starts a run of a workflow for each id and input, up to 1,024 a commit. It may be repeated as a whole, for
    /// example after a crash: a run that is there already with the same input is not started again.
    ///
    /// No engine owns the runs at first: the engines that have the workflow claim as many as they have
    /// [room](crate::EngineBuilder::max_claimed) for.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn double(_flow: &mut Flow, n: u64) -> Result<u64> {
    ///     Ok(2 * n)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(double).start().await?;
    /// let inputs = || (0..500).map(|n| (format!("double-{n}"), n));
    /// assert_eq!(engine.start_all(double, inputs()).await?.started, 500);
    /// assert_eq!(engine.start_all(double, inputs()).await?.there, 500);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An id was used for something else, an input cannot be stored, or the database does not work. Inputs are taken in
    /// slices of 10,000: all runs of earlier slices are started then, and some of the same slice may be.
    pub async fn start_all<F, M, I>(
        &self,
        workflow: F,
        inputs: impl IntoIterator<Item = (I, <F::Workflow as WorkflowDef>::Input), IntoIter: Send>,
    ) -> Result<StartedAll, EngineError>
    where
        F: Startable<M>,
        I: Into<String>,
    {
        drop(workflow);
        let mut inputs = inputs.into_iter();
        let mut all = StartedAll::default();
        loop {
            let slice = inputs.by_ref().take(SLICE);
            let slice: Vec<_> = slice.map(|(id, input)| (id.into(), Wanted::new::<F::Workflow>(input))).collect();
            if slice.is_empty() {
                return Ok(all);
            }
            let StartedAll { started, there } = started(&self.core, slice).await?;
            all.started += started;
            all.there += there;
        }
    }
}

/// Starts the runs of a slice, to the end even if the caller stops waiting.
async fn started(core: &Arc<Core>, slice: Vec<(String, Wanted)>) -> Result<StartedAll, EngineError> {
    if core.is_draining() {
        return Err(EngineError::ShuttingDown);
    }
    let (around, caller) = (scope::surrounding(), scope::caller());
    let mut news = Vec::with_capacity(slice.len());
    for (id, wanted) in slice {
        wanted.check(core)?;
        let opening = Opening::within(Scope::new().id(id), around.clone(), caller.as_deref(), core.recorded_now())?;
        news.push((new_run(core, opening, &wanted, None)?, wanted));
    }
    let starting = core.clone();
    core.to_the_end(async move {
        let answers = join_all(news.into_iter().map(|(new, wanted)| start(&starting, new, wanted))).await;
        claiming::look(&starting);
        starting.look_for_tasks();
        let mut all = StartedAll::default();
        for answer in answers {
            *if answer? { &mut all.started } else { &mut all.there } += 1;
        }
        Ok(all)
    })
    .await
}

/// Starts one of many runs; returns whether it is new. A start of unknown outcome is repeated: if the first one was
/// written, the second finds its own run under the id.
async fn start(core: &Arc<Core>, new: NewRun, wanted: Wanted) -> Result<bool, EngineError> {
    let (execution, row, entries): (_, RunRow, Vec<EntryRow>) = (new.execution, new.row(0), new.entries.clone());
    loop {
        let answered = match core.committer.write(Write::Start(new.clone())).await {
            Ok(answered) => answered,
            Err(error) if error.is_for_good() || !core.pause(AGAIN).await => return Err(EngineError::Store(error)),
            Err(_) => continue,
        };
        return match answer(answered, &new.id, new.dedup.as_deref())? {
            Answer::New(number, notified) => {
                inbox::look_all(core, notified);
                trace::started(&RunRow { number, first_run: number, ..row }, &entries);
                Ok(true)
            }
            Answer::There(there) if there.execution == execution => {
                metrics::run_started(&there.workflow);
                Ok(true)
            }
            Answer::There(there) => same_start(core, *there, wanted, None).await.map(|_| false),
            Answer::Held(_) => Ok(false),
        };
    }
}
