//! Runs that begin with the history of another up to a point: a fork beside it, or a run that takes its place.

mod copy;
mod labels;
mod origins;
mod outside;
mod point;
mod taking_over;

pub use point::ForkPoint;

use super::Engine;
use super::core::Core;
use super::error::EngineError;
use super::handle::Run;
use super::import_run::{self, Placed};
use super::opening::{check_id, check_label};
use crate::store::RunRow;
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::sync::Arc;

/// What is asked for.
struct Plan {
    run: String,
    at: ForkPoint,
    id: Option<String>,
    version: Option<u32>,
    labels: Vec<(String, String)>,
}

impl Plan {
    fn new(run: String, at: ForkPoint) -> Self {
        Self { run, at, id: None, version: None, labels: Vec::new() }
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

/// A run that is about to be forked: choose an id, then `.await`.
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

/// A run that is about to be rewound: `.await` it.
#[must_use = "a run is rewound when the call is awaited: add `.await`"]
pub struct RewindCall<'engine> {
    engine: &'engine Engine,
    plan: Plan,
}

impl Engine {
    /// Makes another run of the history of this one before a point, which goes on from there by itself. What is recorded
    /// up to that point is not done again; the run itself is left as it is, also while another engine drives it.
    /// Awaiting the call gives the new run once it is durable.
    ///
    /// * It goes on with today's code: the function of the newest version that the engine has, unless told otherwise. If its
    ///   history does not fit that, it is parked as any other.
    /// * It has idempotency keys of its own, and the random numbers of the other. It has no deduplication key.
    /// * Steps that were in flight at the point begin another attempt. Runs that it had started are waited for; requests
    ///   that were open are asked again, under other ids, also those that the run has kept from before it went on with a fresh
    ///   journal. Of these, those that nobody can answer any longer expire: see [`RequestError::Expired`](crate::RequestError::Expired).
    /// * Messages and answers that the other received after the point, or that wait there, are given to it too, in order.
    /// * It has shown what the other had shown by then, and has its labels as they were then, its identity and its deadline; a deadline that has
    ///   passed is dropped. It is nobody's child. A pause that began before the point is over.
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

    /// Has a run go on from an earlier point of its history, with today's code: after a mistake was mended. As a
    /// [`fork`](Engine::fork), but the new run takes over the id, and with it what waits in the inbox, the streams with all
    /// their items, the published values, those who wait for the run's end, and its deduplication key, also if it had ended
    /// and so given it up.
    ///
    /// It goes on, also if the run was told to stand still just before: to have it stand still, pause it afterwards.
    ///
    /// Nothing is deleted: the run as it was is there under the id `<id>~<number>`, see [`Run::forked_from`]. What it did after
    /// that point has happened, and runs that it started then go on.
    ///
    /// # Errors
    /// As for a fork. Or another run holds the deduplication key meanwhile ([`EngineError::Held`]), or the run is neither ended, parked nor paused, or another engine has it: then nothing has changed.
    pub fn rewind(&self, run: impl Into<String>, at: ForkPoint) -> RewindCall<'_> {
        RewindCall { engine: self, plan: Plan::new(run.into(), at) }
    }
}

impl ForkCall<'_> {
    /// The id of the fork, at most 512 bytes. Without one it gets a time-ordered UUID.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.plan.id = Some(id.into());
        self
    }

    /// A name and a value by which the fork can be found, beside those of the other run. A second value for a name takes
    /// the place of the first.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.label(name.into(), value.into());
        self
    }

    /// The version of the workflow with which it goes on.
    pub const fn version(mut self, version: u32) -> Self {
        self.plan.version = Some(version);
        self
    }
}

impl RewindCall<'_> {
    /// A name and a value by which the run can be found from now on, beside those that it has.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.label(name.into(), value.into());
        self
    }

    /// The version of the workflow with which it goes on.
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
            let core = &self.engine.core;
            self.plan.check(core)?;
            // A fork goes on to its end even if nobody waits for it any longer.
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
            let core = &self.engine.core;
            self.plan.check(core)?;
            // As a fork.
            let (rewinding, plan, busy) = (core.clone(), self.plan, core.busy());
            let row = core.to_the_end(async move { taking_over::rewind(&rewinding, plan).await }).await?;
            drop(busy);
            Ok(Run::new(self.engine, &row))
        })
    }
}

async fn fork(core: &Arc<Core>, plan: Plan) -> Result<RunRow, EngineError> {
    let history = copy::history(core, &plan.run).await?;
    let (run, contents) = copy::make(core, &plan, history, None).await?;
    match import_run::place(core, run, contents).await? {
        Placed::New(row) => Ok(*row),
        Placed::Exists(row) => {
            let action =
                "it is in this database already, so nothing was forked: give the fork another id with `.id(..)`";
            Err(EngineError::WrongStatus { id: row.id, status: row.status, action })
        }
    }
}
