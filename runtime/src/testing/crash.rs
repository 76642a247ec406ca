//! A workflow run again and again with every fault at every commit.

use super::fault::{Fault, Plan};
use super::oracle::End;
use super::scenario::{BEGINNING, Played, Subject};
use super::secrets;
use super::stub::Stubs;
use crate::codec;
use crate::machine::{Typed, first_entry, scope_entry};
use crate::resources::{ResourceFactory, ResourceSet};
use crate::scope::Scope;
use crate::step::StepDef;
use crate::workflow::{Startable, WorkflowDef};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

/// Runs a workflow once, then again and again with every fault at every commit, and checks that result, final context
/// and finished steps agree and that nothing that anyone saw is lost.
///
/// Field stores are kept in memory. The faults where fields are saved: a crash before, within and after the save, and a
/// store that fails once.
///
/// The faults, each at every commit: a crash before it, after it, and again in the recovery; the lease taken by another
/// owner while the old one goes on; the store failing once, and for long; the answer of the store lost; eviction and
/// reload. Each with several orders in which concurrent steps complete.
///
/// Checked: a body starts only after its attempt is recorded, and never once its step has a result; each attempt starts
/// once; the recovered journal extends the one before; an owner that lost its lease writes nothing; the whole journal
/// replays to the same end. If the workflow gives one result for every order of completion, every scenario must give
/// it, with the same context; if its result depends on the order, results are not compared.
///
/// Secrets are encrypted with a key of the test's own, if the feature `encryption` is enabled.
///
/// The bodies of steps really run, many times: let them be quick, count what they do, or [`stub`](CrashTest::stub) them.
/// Sleeps and backoffs take no time. The time limit of a step is not played, and a sleep that races with a body is over
/// once the body has had 20 ms of real time.
///
/// # Panics
/// The awaited call panics when a check fails, with the scenario (its seed included) in which it did, and when resources
/// are missing or cannot be made.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::testing::crash_everywhere;
///
/// #[step]
/// async fn double(n: u32) -> Result<u32> {
///     Ok(2 * n)
/// }
///
/// #[workflow]
/// async fn quadruple(flow: &mut Flow, n: u32) -> Result<u32> {
///     let twice = double(flow, n).await?;
///     Ok(double(flow, twice).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let report = crash_everywhere(quadruple, 3).await;
/// assert!(report.scenarios > report.commits);
/// # }
/// ```
pub fn crash_everywhere<F, M>(workflow: F, input: <F::Workflow as WorkflowDef>::Input) -> CrashTest<F::Workflow>
where
    F: Startable<M>,
{
    drop(workflow);
    CrashTest {
        input,
        stubs: Stubs::default(),
        sql: Vec::new(),
        resources: ResourceSet::default(),
        seed: 0,
        orders: 3,
        scope: Scope::default(),
        workflow: PhantomData,
    }
}

/// A test that is about to run; see [`crash_everywhere`].
#[must_use = "the test runs when it is awaited: add `.await`"]
pub struct CrashTest<W: WorkflowDef> {
    input: W::Input,
    stubs: Stubs,
    sql: Vec<String>,
    resources: ResourceSet,
    seed: u64,
    orders: u64,
    scope: Scope,
    workflow: PhantomData<fn() -> W>,
}

/// What [`crash_everywhere`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrashReport {
    /// How often the workflow was played through.
    pub scenarios: usize,
    /// How many commits it has without a fault, at most.
    pub commits: usize,
    /// How many different results it has without a fault.
    pub results: usize,
}

impl<W: WorkflowDef> CrashTest<W> {
    /// The seed of the orders of completion; 0 unless chosen otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// In how many orders concurrent steps complete; 3 unless chosen otherwise.
    pub fn orders(mut self, orders: u64) -> Self {
        self.orders = orders.max(1);
        self
    }

    /// What the run is given beyond its input: deadline, labels and principal; its id is the test's.
    pub fn with(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Puts a closure in the place of a step: `.stub::<charge>(|(cents,)| Ok(..))`.
    pub fn stub<S: StepDef>(
        mut self,
        stub: impl Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) -> Self {
        self.stubs.add::<S>(stub);
        self
    }

    /// Makes a table for the transactions of the workflow: `.sql("CREATE TABLE seats (..)")`. Each scenario then has a
    /// file of its own, and all must leave the same number of rows in each table.
    pub fn sql(mut self, statement: impl Into<String>) -> Self {
        self.sql.push(statement.into());
        self
    }

    /// Has this at hand for steps and restore hooks; see [`EngineBuilder::resource`](crate::EngineBuilder::resource). It
    /// is the same in all scenarios.
    pub fn resource<R: Send + Sync + 'static>(mut self, value: R) -> Self {
        self.resources.value(value);
        self
    }

    /// Has at hand what this async function makes; see
    /// [`EngineBuilder::resource_with`](crate::EngineBuilder::resource_with). It is made anew in each scenario, and after
    /// each crash in it.
    pub fn resource_with<F: ResourceFactory<Needs>, Needs>(mut self, factory: F) -> Self {
        self.resources.factory(factory);
        self
    }
}

impl<W: WorkflowDef> IntoFuture for CrashTest<W> {
    type Output = CrashReport;
    type IntoFuture = BoxFuture<'static, CrashReport>;

    fn into_future(self) -> Self::IntoFuture {
        let cipher = secrets::cipher(self.seed);
        let fields = secrets::fields(W::NAME, Arc::default(), cipher.clone());
        let offered = fields.offer();
        let input = codec::at_input(|| codec::record(&self.input));
        let input = input.unwrap_or_else(|error| {
            let hint = secrets::hint(&fields);
            panic!("the input of `{}` cannot be stored: {error}{hint}", W::NAME)
        });
        drop(offered);
        let mut fits = self.resources.check();
        if self.stubs.is_empty() {
            fits = fits.and_then(|()| self.resources.check_workflow(W::NAME, W::resources()));
        }
        fits.unwrap_or_else(|fault| panic!("{fault}"));
        let first = [first_entry(W::NAME, input, BEGINNING)];
        let second = scope_entry(2, &self.scope.recorded(None, BEGINNING), BEGINNING);
        let subject = Subject {
            name: W::NAME,
            workflow: Arc::new(Typed::<W>(PhantomData)),
            version: W::VERSION,
            entries: first.into_iter().chain(second).collect(),
            stubs: self.stubs,
            sql: self.sql,
            resources: self.resources,
            cipher,
        };
        let (seed, orders) = (self.seed, self.orders);
        Box::pin(async move { everywhere(&subject, seed, orders).await })
    }
}

async fn everywhere(subject: &Subject, seed: u64, orders: u64) -> CrashReport {
    let plan = |order: u64, fault| Plan { order: seed.wrapping_mul(1_000).wrapping_add(order), fault };
    let mut ends: Vec<End> = Vec::new();
    let mut counts = Vec::new();
    for order in 0..orders {
        let Played { end, commits, saves } = play(subject, plan(order, None)).await;
        counts.push((commits, saves));
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    let mut scenarios = counts.len();
    for (order, &(commits, saves)) in (0..orders).zip(&counts) {
        let everywhere = |faults: &'static [Fault], places| {
            faults.iter().flat_map(move |fault| (0..places).map(move |place| (*fault, place)))
        };
        for fault in everywhere(&Fault::AT_COMMIT, commits).chain(everywhere(&Fault::AT_SAVE, saves)) {
            let plan = plan(order, Some(fault));
            let played = play(subject, plan).await;
            scenarios += 1;
            if let [only] = &ends[..] {
                assert!(
                    played.end == *only,
                    "`{}` came out differently {plan}:\n  {:?}\ninstead of\n  {only:?}",
                    subject.name,
                    played.end
                );
            }
        }
    }
    let commits = counts.iter().map(|(commits, _)| *commits).max().unwrap_or(0);
    CrashReport { scenarios, commits, results: ends.len() }
}

async fn play(subject: &Subject, plan: Plan) -> Played {
    subject.play(plan).await.unwrap_or_else(|why| panic!("`{}` broke {plan}: {why}", subject.name))
}
