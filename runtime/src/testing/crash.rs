//! Runs a workflow again and again with every fault at every commit.

use super::everywhere::{Ways, everywhere};
use super::scenario::BEGINNING;
use super::script::Script;
use super::secrets;
use super::starts::Start;
use super::subject::Subject;
use crate::graph::Event;
use crate::journal::{AnyWorkflow, Stubs};
use crate::message::Message;
use crate::queue::{Declared, Queue};
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
/// and finished steps agree, and that nothing that an observer saw is lost.
///
/// Field stores are kept in memory. The faults where fields are saved: a crash before, within and after the save, and a
/// store that fails once.
///
/// The faults, each at every commit: a crash before it, after it, and again in the recovery; the lease taken over by
/// another owner while the old one continues; the store failing once, and for long; the outcome of the commit lost;
/// eviction and reload. Each is run with several orders in which concurrent steps complete.
///
/// Checked: a body starts only after its attempt is recorded, and never once its step has a result; each attempt starts
/// once; the recovered journal extends the one before; an owner that lost its lease writes nothing; the whole journal
/// replays to the same end. If the workflow has one result for every order of completion, every scenario must have it,
/// with the same context; if its result depends on the order, results are not compared.
///
/// Events from outside are set beforehand: the messages that the run receives ([`message`](CrashTest::message),
/// [`event`](CrashTest::event)), the answers to its requests ([`answer`](CrashTest::answer)), and whether it is
/// cancelled or paused at some commit ([`cancel_at_each_commit`](CrashTest::cancel_at_each_commit),
/// [`pause_at_each_commit`](CrashTest::pause_at_each_commit)). The workflows that it starts
/// ([`workflow`](CrashTest::workflow)) are run with it, with every fault at their commits too. A run that continues as
/// new is run to the end of its last execution; contents of its context in field stores cannot be carried over here.
///
/// Runs in queues wait there for room, and give it back while they wait: children that are started with `.queue(..)`, the
/// run itself ([`with`](CrashTest::with)), and runs that are started from outside ([`start`](CrashTest::start)), for
/// example with [`debounce`](Scope::debounce). Remote steps wait in the same queues. [`queue`](CrashTest::queue) declares
/// limits. Checked: limits are never exceeded, also per key; tasks start in their order, and not before they are due; a
/// run that has room for nothing starts no step; a run whose place a newer start has taken never begins; the ends of
/// these runs agree, too.
///
/// Checked of messages and answers: each message is received once and in order; an open request can be answered; outputs that were
/// read stay, each item once and in order; a cancelled run does what it does on cancellation, and then nothing more.
///
/// Secrets are encrypted with a key of the test's own, if the feature `encryption` is enabled.
///
/// **Cost.** A workflow of `c` commits runs `8 * c + 1` times in each order, and each run costs what the workflow
/// costs: one of 20 steps runs 169 times, 20 steps each, and all its values are encoded and decoded as often, slowly in
/// a debug build. [`cancel_at_each_commit`](CrashTest::cancel_at_each_commit) and
/// [`pause_at_each_commit`](CrashTest::pause_at_each_commit) add `9 * c` runs each. A workflow whose events have only
/// one possible order runs in one order only. If it takes longer than 10 s, the test reports its progress on standard
/// error; [`at_most`](CrashTest::at_most) runs a sample. Use small values: faults do not depend on sizes.
///
/// The bodies of steps really run, many times: keep them quick, count what they do, or [`stub`](CrashTest::stub) them.
/// Sleeps and backoffs take no time. The time limit of a step is not simulated, and a sleep that races with a body is
/// over once the body has had 20 ms of real time.
///
/// # Panics
/// The awaited call panics when a check fails, and names the scenario with its seed; and when resources are missing or
/// cannot be made.
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
        queues: Declared::default(),
        ways: Ways { seed: 0, orders: 3, cancel: false, pause: false, at_most: None, releasing_early: false },
        scope: Scope::default(),
        workflow: PhantomData,
    }
}

/// A test to be run; see [`crash_everywhere`].
#[must_use = "the test runs when it is awaited: add `.await`"]
pub struct CrashTest<W: WorkflowDef> {
    input: W::Input,
    stubs: Stubs,
    sql: Vec<String>,
    resources: ResourceSet,
    children: BTreeMap<(&'static str, u32), Arc<dyn AnyWorkflow>>,
    script: Script,
    queues: Declared,
    ways: Ways,
    scope: Scope,
    workflow: PhantomData<fn() -> W>,
}

/// The report of [`crash_everywhere`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrashReport {
    /// The number of scenarios that were run.
    pub scenarios: usize,
    /// The number of commits without a fault, at most.
    pub commits: usize,
    /// The number of different results without a fault.
    pub results: usize,
    /// The number of scenarios with a fault that [`at_most`](CrashTest::at_most) has left out.
    pub left_out: usize,
    /// The number of scenarios that ended as cancelled because of a cancellation at some commit.
    pub cancelled: usize,
}

impl<W: WorkflowDef> CrashTest<W> {
    /// Sets the seed of the orders of completion; 0 unless chosen otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.ways.seed = seed;
        self
    }

    /// Sets in how many orders concurrent steps complete, if there are any; 3 unless chosen otherwise.
    pub fn orders(mut self, orders: u64) -> Self {
        self.ways.orders = orders.max(1);
        self
    }

    /// Limits the number of scenarios with a fault: a sample that the [`seed`](CrashTest::seed) decides. It contains
    /// each kind of commit (by the kinds of its entries), save and disturbance at least once, even if those are more
    /// than `scenarios`, and then each with as many different faults as there is room for. [`CrashReport::left_out`] is
    /// the number of the others.
    pub fn at_most(mut self, scenarios: usize) -> Self {
        self.ways.at_most = Some(scenarios);
        self
    }

    /// Makes the runs release effects before the entries that they depend on are durable: for the test of this test.
    #[doc(hidden)]
    pub fn releasing_effects_early(mut self) -> Self {
        self.ways.releasing_early = true;
        self
    }

    /// Applies all options of a scope: deadline, labels, principal, deduplication key and those of a queue; the id is the
    /// test's.
    pub fn with(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Registers another workflow, if the run starts it or sends to a run of it.
    pub fn workflow<F: Startable<M>, M>(mut self, workflow: F) -> Self {
        drop(workflow);
        let child = Typed::<F::Workflow>::TABLE.shared();
        self.children.insert((F::Workflow::NAME, F::Workflow::VERSION), child);
        self
    }

    /// Adds a message that the run receives. Several are sent in this order, each when nothing else can happen but that
    /// time passes; in all orders but the first also one at each commit, from each commit on.
    pub fn message<M: Message>(mut self, message: M) -> Self {
        self.script.message(message);
        self
    }

    /// Adds an event from outside, `#[event(external)]`, for an event-driven run. It is sent in its place among the
    /// messages, like them.
    pub fn event<E: Event>(mut self, event: E) -> Self {
        self.script.event(event);
        self
    }

    /// Declares a queue, with its limits and keys; see [`EngineBuilder::queue`](crate::EngineBuilder::queue). Each queue is
    /// served, declared or not.
    pub fn queue(mut self, queue: Queue) -> Self {
        self.queues.0.insert(queue.name.clone(), queue);
        self
    }

    /// Starts another run from outside, in its place among the messages and like them: when nothing else can happen but
    /// that time passes, or at some commit. It is started twice, as by a client that has lost the answer. With
    /// [`debounce`](Scope::debounce) several such starts become one run, that of the last. The workflow is registered, as
    /// by [`workflow`](Self::workflow).
    pub fn start<F: Startable<M>, M>(
        mut self,
        workflow: F,
        input: <F::Workflow as WorkflowDef>::Input,
        scope: Scope,
    ) -> Self {
        self.script.start(Start::new::<F::Workflow>(input, scope));
        self.workflow(workflow)
    }

    /// Sets the answer to requests of the run and of those that it starts, given when nothing else can happen but that
    /// time passes: `.answer::<Review, Verdict>(|review| ..)`.
    pub fn answer<Q: Message, A: Message>(mut self, answer: impl Fn(Q) -> A + Send + Sync + 'static) -> Self {
        self.script.answer(answer);
        self
    }

    /// Cancels the run at each commit in turn, with every fault at the next commit. It must end as cancelled, or as
    /// usual if it was too late.
    pub fn cancel_at_each_commit(mut self) -> Self {
        self.ways.cancel = true;
        self
    }

    /// Pauses the run at each commit in turn, with every fault at the next commit; it is resumed when nothing else can
    /// happen. It must have the same result as without the pause.
    pub fn pause_at_each_commit(mut self) -> Self {
        self.ways.pause = true;
        self
    }

    /// Replaces a step by a closure: `.stub::<charge>(|(cents,)| Ok(..))`.
    pub fn stub<S: StepDef>(
        mut self,
        stub: impl Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) -> Self {
        self.stubs.add::<S>(stub);
        self
    }

    /// Replaces a step of an event-driven workflow by a closure: `.stub_step(Ingest::steps().fetch, |(urls,)| Ok(..))`.
    /// It receives the events that the step takes, as a tuple, and needs none of its resources.
    pub fn stub_step<S: crate::graph::GraphStep>(
        mut self,
        step: crate::graph::StepOf<S>,
        stub: impl Fn(S::Events) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) -> Self {
        self.stubs.add_in_graph(step, stub);
        self
    }

    /// Creates a table for the transactions of the workflow: `.sql("CREATE TABLE seats (..)")`. Each scenario then has
    /// a file of its own, and all must leave the same number of rows in each table.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn sql(mut self, statement: impl Into<String>) -> Self {
        self.sql.push(statement.into());
        self
    }

    /// Provides this value to steps and restore hooks, the same in all scenarios; see
    /// [`EngineBuilder::resource`](crate::EngineBuilder::resource).
    pub fn resource<R: Send + Sync + 'static>(mut self, value: R) -> Self {
        self.resources.value(value);
        self
    }

    /// Provides what this async function returns; see
    /// [`EngineBuilder::resource_with`](crate::EngineBuilder::resource_with). It is made anew in each scenario, and
    /// after each crash in it.
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
        let id = (secrets::RUN.to_owned(), secrets::INCARNATION);
        let fields = |run| secrets::fields(run, Arc::default(), cipher.clone());
        let start = Start::new::<W>(self.input, self.scope).new_run(id, &self.queues, fields, BEGINNING);
        let start = start.unwrap_or_else(|fault| panic!("{fault}"));
        let mut fits = self.resources.check();
        fits = fits.and_then(|()| self.queues.0.values().find_map(Queue::flaw).map_or(Ok(()), Err));
        if self.stubs.is_empty() {
            fits = fits.and_then(|()| {
                self.resources.check_declared(&format!("the steps of workflow `{}` take", W::NAME), W::RESOURCES)
            });
        }
        fits.unwrap_or_else(|fault| panic!("{fault}"));
        let mut workflows = self.children;
        workflows.insert((W::NAME, W::VERSION), Typed::<W>::TABLE.shared());
        let subject = Subject {
            name: W::NAME,
            workflows,
            start,
            queues: Arc::new(self.queues),
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
