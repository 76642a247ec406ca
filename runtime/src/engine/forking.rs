//! Forks and rewinds: runs that begin with the history of another up to a point.

mod copy;
mod fields;
mod labels;
mod origins;
mod outside;
mod point;
mod taking_over;

pub use point::ForkPoint;

use self::copy::Place;
use super::Engine;
use super::core::Core;
use super::error::EngineError;
use super::handle::Run;
use super::import_run::{self, Placed};
use super::opening::{check_id, check_label};
use crate::store::{AuditRow, RunRow};
use crate::value::Value;
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::sync::Arc;

/// The parameters of a fork or a rewind.
struct Plan {
    run: String,
    at: ForkPoint,
    id: Option<String>,
    version: Option<u32>,
    labels: Vec<(String, String)>,
    asked: Asked,
}

/// What only an operator asks for.
#[derive(Default)]
pub(crate) struct Asked {
    /// The action for which it is made.
    pub(crate) record: Option<AuditRow>,
    /// Another input for the workflow, as JSON; what is kept of the history must fit it.
    pub(crate) input: Option<Value>,
    /// Other values of fields of the context, as JSON, as if the workflow had set them; what is kept must fit them too.
    pub(crate) fields: Vec<(String, Value)>,
}

impl Plan {
    fn new(run: String, at: ForkPoint) -> Self {
        Self { run, at, id: None, version: None, labels: Vec::new(), asked: Asked::default() }
    }

    fn label(&mut self, name: String, value: String) {
        self.labels.retain(|(known, _)| *known != name);
        self.labels.push((name, value));
    }

    fn check(&self, core: &Core) -> Result<(), EngineError> {
        if core.is_draining() {
            return Err(EngineError::ShuttingDown);
        }
        self.id.as_deref().map_or(Ok(()), check_id)?;
        self.labels.iter().try_for_each(|(name, value)| check_label(name, value))
    }
}

/// A fork to be made: choose an id, then `.await`.
///
/// ```
/// # use steadfast::prelude::*;
/// # #[workflow]
/// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// use steadfast::ForkPoint;
///
/// engine.start(hello, "Ada".to_owned()).id("a").await?.result().await?;
/// let fork = engine.fork("a", ForkPoint::after_entry(1)).id("a-again").await?;
/// assert_eq!(engine.handle(hello, fork.id()).await?.result().await?, "Hello, Ada!");
/// # Ok(())
/// # }
/// ```
#[must_use = "a run is forked when the call is awaited: add `.await`"]
pub struct ForkCall<'engine> {
    engine: &'engine Engine,
    plan: Plan,
}

/// A rewind to be made: `.await` it.
#[must_use = "a run is rewound when the call is awaited: add `.await`"]
pub struct RewindCall<'engine> {
    engine: &'engine Engine,
    plan: Plan,
}

impl Engine {
    /// Forks a run: makes another run with this one's history before a point, which continues from there on its own.
    /// What is recorded up to that point is not done again. The run itself is left unchanged, also while another engine
    /// drives it. Awaiting the call returns the new run once it is durable.
    ///
    /// * It continues with today's code: the function of the newest registered version, unless chosen otherwise. If its
    ///   history does not fit that, it is parked like any other run.
    /// * It has idempotency keys of its own, and the random numbers of the other. It has no deduplication key.
    /// * Steps that were in flight at the point start another attempt. It waits for the runs that the other had
    ///   started. Requests that were open are made again under new ids, also those kept from before a continue-as-new;
    ///   those of the latter that can no longer be answered expire: see
    ///   [`RequestError::Expired`](crate::RequestError::Expired).
    /// * It also receives, in order, the messages and answers that the other received after the point or has in its
    ///   inbox.
    /// * It has the outputs and the labels that the other had at the point, its identity and its deadline; a deadline
    ///   that has passed is dropped. It has no parent. A pause that began before the point is over.
    ///
    /// ```
    /// use steadfast::ForkPoint;
    /// use steadfast::prelude::*;
    ///
    /// #[step]
    /// async fn price(item: String) -> Result<u64> {
    ///     Ok(item.len() as u64)
    /// }
    ///
    /// #[step]
    /// async fn double(n: u64) -> Result<u64> {
    ///     Ok(2 * n)
    /// }
    ///
    /// #[workflow]
    /// async fn order(flow: &mut Flow, item: String) -> Result<u64> {
    ///     let n = price(flow, item).await?;
    ///     Ok(double(flow, n).await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(order).start().await?;
    /// let run = engine.start(order, "tea".to_owned()).id("order-1").await?;
    /// assert_eq!(run.result().await?, 6);
    /// let fork = engine.fork("order-1", ForkPoint::before("double")).id("order-1-again").await?;
    /// assert_eq!(engine.handle(order, fork.id()).await?.result().await?, 6);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such run or no such point in its history, the id is taken, or the engine does not have the version.
    pub fn fork(&self, run: impl Into<String>, at: ForkPoint) -> ForkCall<'_> {
        ForkCall { engine: self, plan: Plan::new(run.into(), at) }
    }

    /// Resumes a run from an earlier point of its history with today's code, after a mistake was fixed. It works like a
    /// [`fork`](Engine::fork), but the new run takes the id and with it the inbox, the streams with all their items,
    /// the published values, the waits for the run's end, and the deduplication key, even if the run had released that
    /// by ending.
    ///
    /// The new run proceeds even if the run was paused before: to keep it paused, pause it afterwards.
    ///
    /// Nothing is deleted: the old run stays under the id `<id>~<number>`, see [`Run::forked_from`]. Its effects after
    /// that point have happened, and the runs that it started then continue.
    ///
    /// # Errors
    /// The errors of a fork; or another run holds the deduplication key meanwhile ([`EngineError::Held`]), the run is
    /// neither ended, parked nor paused, or another engine owns it: then nothing has changed.
    pub fn rewind(&self, run: impl Into<String>, at: ForkPoint) -> RewindCall<'_> {
        RewindCall { engine: self, plan: Plan::new(run.into(), at) }
    }
}

impl ForkCall<'_> {
    /// Has it made as an operator asks.
    pub(crate) fn acted(mut self, asked: Asked) -> Self {
        self.plan.asked = asked;
        self
    }

    /// Sets the id of the fork, at most 512 bytes; a time-ordered UUID by default.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.plan.id = Some(id.into());
        self
    }

    /// Adds a label by which the fork can be found, beside those of the other run. A second value for a name replaces
    /// the first.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.label(name.into(), value.into());
        self
    }

    /// Sets the version of the workflow with which it continues.
    pub const fn version(mut self, version: u32) -> Self {
        self.plan.version = Some(version);
        self
    }
}

impl RewindCall<'_> {
    /// Has it made as an operator asks.
    pub(crate) fn acted(mut self, asked: Asked) -> Self {
        self.plan.asked = asked;
        self
    }

    /// Adds a label by which the run can be found from now on, beside its own.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.label(name.into(), value.into());
        self
    }

    /// Sets the version of the workflow with which it continues.
    pub const fn version(mut self, version: u32) -> Self {
        self.plan.version = Some(version);
        self
    }
}

impl<'engine> IntoFuture for ForkCall<'engine> {
    type Output = Result<Run, EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core: &Arc<Core> = &self.engine.core;
            self.plan.check(core)?;
            // A fork runs to its end even if the caller stops waiting.
            let (forking, plan, busy) = (core.clone(), self.plan, core.busy());
            let row = core.to_the_end(async move { fork(&forking, plan).await }).await?;
            drop(busy);
            Ok(Run::new(self.engine, &row))
        })
    }
}

impl<'engine> IntoFuture for RewindCall<'engine> {
    type Output = Result<Run, EngineError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core: &Arc<Core> = &self.engine.core;
            self.plan.check(core)?;
            // Likewise.
            let (rewinding, plan, busy) = (core.clone(), self.plan, core.busy());
            let row = core.to_the_end(async move { taking_over::rewind(&rewinding, plan).await }).await?;
            drop(busy);
            Ok(Run::new(self.engine, &row))
        })
    }
}

async fn fork(core: &Arc<Core>, plan: Plan) -> Result<RunRow, EngineError> {
    let history = copy::history(core, &plan.run).await?;
    let (run, contents) = copy::make(core, &plan, history, Place::Beside).await?;
    match import_run::place(core, run, contents, plan.asked.record.as_ref()).await? {
        Placed::New(row) => Ok(*row),
        Placed::Exists(row) => {
            let action =
                "it is in this database already, so nothing was forked: give the fork another id with `.id(..)`";
            Err(EngineError::WrongStatus { id: row.id, status: row.status, action })
        }
    }
}
