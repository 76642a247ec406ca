//! A workflow run again and again with every fault at every commit.

use super::everywhere::{Ways, everywhere};
use super::scenario::BEGINNING;
use super::script::Script;
use super::secrets;
use super::subject::Subject;
use crate::codec;
use crate::codec::Location;
use crate::graph::Event;
use crate::journal::{AnyWorkflow, Stubs};
use crate::machine::{first_entry, scope_entry};
use crate::message::Message;
use crate::resources::{ResourceFactory, ResourceSet};
use crate::scope::Scope;
use crate::step::StepDef;
use crate::workflow::{Startable, Typed, WorkflowDef};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

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
/// What the outside does is said beforehand: the messages that the run gets ([`message`](CrashTest::message), [`event`](CrashTest::event)), how its
/// requests are answered ([`answer`](CrashTest::answer)), whether it is told to stop or to stand still at some commit
/// ([`cancel_at_each_commit`](CrashTest::cancel_at_each_commit),
/// [`pause_at_each_commit`](CrashTest::pause_at_each_commit)). The workflows that it starts
/// ([`workflow`](CrashTest::workflow)) are played with it, with every fault at their commits too. A run that goes on with a
/// fresh journal is played to the end of the last one; what its context has in field stores cannot be taken along here.
///
/// Checked of that: each message is received once and in order; a request that is open can be answered; what was read of
/// streams and published values stays, each item once and in order; a run that is told to stop does what it does on such
/// an end, and then nothing more.
///
/// Secrets are encrypted with a key of the test's own, if the feature `encryption` is enabled.
///
/// **Cost.** A workflow of `c` commits is played `8 * c + 1` times in each order, and each play costs what the workflow costs:
/// one of 20 steps is played 169 times, 20 steps each, and all its values are encoded and decoded as often, slowly in a debug
/// build. [`cancel_at_each_commit`](CrashTest::cancel_at_each_commit) and
/// [`pause_at_each_commit`](CrashTest::pause_at_each_commit) add `9 * c` plays each. A workflow in which nothing can come in
/// another order is played in one order only. If it takes longer than 10 s, the test says on the standard error how far it is;
/// [`at_most`](CrashTest::at_most) plays a sample. Give it small values: faults do not depend on sizes.
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
        children: BTreeMap::new(),
        script: Script::default(),
        ways: Ways { seed: 0, orders: 3, cancel: false, pause: false, at_most: None, releasing_early: false },
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
    children: BTreeMap<(&'static str, u32), Arc<dyn AnyWorkflow>>,
    script: Script,
    ways: Ways,
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
    /// How many scenarios with a fault [`at_most`](CrashTest::at_most) has left out.
    pub left_out: usize,
    /// How often it ended as cancelled because it was told to at some commit.
    pub cancelled: usize,
}

impl<W: WorkflowDef> CrashTest<W> {
    /// The seed of the orders of completion; 0 unless chosen otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.ways.seed = seed;
        self
    }

    /// In how many orders concurrent steps complete, if there are any; 3 unless chosen otherwise.
    pub fn orders(mut self, orders: u64) -> Self {
        self.ways.orders = orders.max(1);
        self
    }

    /// Plays at most so many scenarios with a fault: a sample that the [`seed`](CrashTest::seed) decides. It has each kind of
    /// commit (by the kinds of its entries), save and disturbance at least once, even if those are more than `scenarios`,
    /// and then each with as many different faults as there is room for. [`CrashReport::left_out`] says what it has not.
    pub fn at_most(mut self, scenarios: usize) -> Self {
        self.ways.at_most = Some(scenarios);
        self
    }

    /// Has the runs give out effects before what they depend on is durable: for the test of this test.
    #[doc(hidden)]
    pub fn releasing_effects_early(mut self) -> Self {
        self.ways.releasing_early = true;
        self
    }

    /// What the run is given beyond its input: deadline, labels and principal; its id is the test's.
    pub fn with(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Plays this workflow too, if the run starts it or sends to a run of it.
    pub fn workflow<F: Startable<M>, M>(mut self, workflow: F) -> Self {
        drop(workflow);
        let child: Arc<dyn AnyWorkflow> = Arc::new(Typed::<F::Workflow>(PhantomData));
        self.children.insert((F::Workflow::NAME, F::Workflow::VERSION), child);
        self
    }

    /// A message that the run gets. Several come in the order in which they stand here: each when nothing else can happen
    /// but that time passes; in all orders but the first also one at each commit, from each commit on.
    pub fn message<M: Message>(mut self, message: M) -> Self {
        self.script.message(message);
        self
    }

    /// An event that the run gets from outside, `#[event(external)]`, if it is event-driven. It comes in its place among the
    /// messages, as they do.
    pub fn event<E: Event>(mut self, event: E) -> Self {
        self.script.event(event);
        self
    }

    /// How requests are answered, of the run and of those that it starts: when nothing else can happen but that time
    /// passes. `.answer::<Review, Verdict>(|review| ..)`.
    pub fn answer<Q: Message, A: Message>(mut self, answer: impl Fn(Q) -> A + Send + Sync + 'static) -> Self {
        self.script.answer(answer);
        self
    }

    /// Has the run told to stop, at each commit in turn, with every fault at the next commit. It must end as cancelled, or
    /// as usual if it was too late.
    pub fn cancel_at_each_commit(mut self) -> Self {
        self.ways.cancel = true;
        self
    }

    /// Has the run told to stand still, at each commit in turn, with every fault at the next commit; it goes on when nothing
    /// else can happen. It must come to what it comes to without that.
    pub fn pause_at_each_commit(mut self) -> Self {
        self.ways.pause = true;
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

    /// Puts a closure in the place of a step of an event-driven workflow: `.stub_step(Ingest::steps().fetch, |(urls,)| Ok(..))`.
    /// It gets the events that the step takes, as a tuple, and needs none of its resources.
    pub fn stub_step<S: crate::graph::GraphStep>(
        mut self,
        step: crate::graph::StepOf<S>,
        stub: impl Fn(S::Events) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) -> Self {
        self.stubs.add_in_graph(step, stub);
        self
    }

    /// Makes a table for the transactions of the workflow: `.sql("CREATE TABLE seats (..)")`. Each scenario then has a
    /// file of its own, and all must leave the same number of rows in each table.
    pub fn sql(mut self, statement: impl Into<String>) -> Self {
        self.sql.push(statement.into());
        self
    }

    /// Provides this to steps and restore hooks; see [`EngineBuilder::resource`](crate::EngineBuilder::resource). It
    /// is the same in all scenarios.
    pub fn resource<R: Send + Sync + 'static>(mut self, value: R) -> Self {
        self.resources.value(value);
        self
    }

    /// Provides what this async function makes; see
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
        let cipher = secrets::cipher(self.ways.seed);
        let fields = secrets::fields(secrets::identity(W::NAME), Arc::default(), cipher.clone());
        let input = codec::record_same(fields.coder(), Location::Input, &self.input, W::same_input());
        let input = input.unwrap_or_else(|error| {
            let hint = secrets::hint(&fields);
            panic!("the input of `{}` cannot be stored: {error}{hint}", W::NAME)
        });
        let mut fits = self.resources.check();
        if self.stubs.is_empty() {
            fits = fits.and_then(|()| self.resources.check_workflow(W::NAME, W::resources()));
        }
        fits.unwrap_or_else(|fault| panic!("{fault}"));
        let first = [first_entry(W::NAME, input, BEGINNING)];
        let second = scope_entry(2, &self.scope.recorded(None, BEGINNING), BEGINNING);
        let mut workflows = self.children;
        workflows.insert((W::NAME, W::VERSION), Arc::new(Typed::<W>(PhantomData)));
        let subject = Subject {
            name: W::NAME,
            version: W::VERSION,
            workflows,
            entries: first.into_iter().chain(second).collect(),
            script: self.script,
            stubs: self.stubs,
            sql: self.sql,
            resources: self.resources,
            cipher,
            replayed: Mutex::default(),
            releasing_early: self.ways.releasing_early,
        };
        let ways = self.ways;
        Box::pin(async move { everywhere(&subject, ways).await })
    }
}
