//! Engine settings for tests.

use super::EngineBuilder;
use crate::engine::clock::Clock;

impl EngineBuilder {
    /// Uses a stopped clock that jumps to the next due time whenever the engine is idle: sleeps and backoffs take no
    /// time. The clock starts at 2020-01-01.
    pub fn skip_sleeps(mut self) -> Self {
        self.clock = Clock::skipping(1_577_836_800_000);
        self
    }

    /// Replaces a step by a closure: `.stub::<charge>(|(cents,)| Ok(..))`. It needs none of the step's resources, so an
    /// engine with stubs starts without what `#[workflow(resources(..))]` declares.
    pub fn stub<S: crate::step::StepDef>(
        mut self,
        stub: impl Fn(S::Args) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) -> Self {
        self.options.stubs.add::<S>(stub);
        self
    }

    /// Replaces a step of an event-driven workflow by a closure: `.stub_step(Ingest::steps().fetch, |(urls,)| Ok(..))`.
    /// It receives the events that the step takes, as a tuple, and needs none of its resources.
    pub fn stub_step<S: crate::graph::GraphStep>(
        mut self,
        step: crate::graph::StepOf<S>,
        stub: impl Fn(S::Events) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    ) -> Self {
        self.options.stubs.add_in_graph(step, stub);
        self
    }
}
