//! The queues whose remote steps an engine runs.

use super::EngineBuilder;
use crate::queue::Queue;
use crate::step::{StepDef, StepTable, TableOf};
use std::sync::Arc;

impl EngineBuilder {
    /// Makes the engine run what waits in this queue: remote steps that are registered with [`step`](Self::step), and runs
    /// of its workflows; at most `slots` at once, from 1. Engines that serve the same queue share its work: on Postgres from any machine, on a
    /// SQLite file from any process of this one. The engine does not start if a queue is served twice, without slots,
    /// or by an engine that has neither steps of it nor a workflow.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[step(queue = "gpu")]
    /// async fn embed(text: String) -> Result<usize> {
    ///     Ok(text.len())
    /// }
    ///
    /// #[workflow]
    /// async fn index(flow: &mut Flow, text: String) -> Result<usize> {
    ///     Ok(embed(flow, text).await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("app.db");
    /// // In one process:
    /// let engine = Engine::builder().sqlite(&file).workflow(index).start().await?;
    /// // In another:
    /// let worker = Engine::builder().sqlite(&file).serve("gpu", 4).step::<embed>().start().await?;
    ///
    /// let run = engine.start(index, "far away".to_owned()).await?;
    /// assert_eq!(run.result().await?, 8);
    /// # drop(worker);
    /// # Ok(())
    /// # }
    /// ```
    pub fn serve(mut self, queue: impl Into<String>, slots: usize) -> Self {
        let queue = queue.into();
        let served = self.options.queues.0.entry(queue.clone()).or_default();
        if served.slots > 0 {
            self.faults.push(format!("queue `{queue}` is served twice: keep one `.serve(\"{queue}\", ..)`"));
        }
        if slots == 0 {
            self.faults.push(format!(
                "queue `{queue}` is served with no slot: write how many of its steps this process runs at once, \
                 `.serve(\"{queue}\", 4)`"
            ));
        }
        served.slots = slots.max(1);
        self
    }

    /// Declares a queue, with its limits and keys. Each engine that calls its steps or runs them declares it in the
    /// same way. The engine does not start if a queue is declared twice, or with limits or keys that cannot work.
    pub fn queue(mut self, queue: Queue) -> Self {
        let flaw = queue.flaw();
        self.faults.extend(flaw);
        let name = queue.name.clone();
        if Arc::make_mut(&mut self.options.declared).0.insert(name.clone(), queue).is_some() {
            self.faults.push(format!("queue `{name}` is declared twice: keep one `.queue(Queue::new(\"{name}\"))`"));
        }
        self
    }

    /// Registers a remote step, `.step::<embed>()`: the engine runs its calls, if it [serves](Self::serve) its queue.
    ///
    /// The engine does not start if the step has no queue, if the engine does not serve that queue, or if it lacks a
    /// resource that the step takes.
    pub fn step<S: StepDef>(mut self) -> Self {
        self.register_step(TableOf::<S>::STEP);
        self
    }

    fn register_step(&mut self, step: &'static StepTable) {
        let name = step.name;
        let Some(remote) = &step.remote else {
            return self.faults.push(format!(
                "step `{name}` has no queue, so it runs where its workflow does: write `#[step(queue = \"..\")]`, or \
                 leave `.step::<{name}>()` away"
            ));
        };
        if self.options.queues.0.entry(remote.queue.to_owned()).or_default().steps.insert(name, step).is_some() {
            let queue = remote.queue;
            self.faults.push(format!(
                "two steps of queue `{queue}` are named `{name}`: give one of them another name with \
                 `#[step(name = \"..\")]`"
            ));
        }
        self.declared.push((format!("step `{name}` takes"), step.resources));
    }

    /// Checks that each queue has slots and steps.
    pub(super) fn check_queues(&self) -> Result<(), String> {
        for (name, queue) in &self.options.queues.0 {
            if let Some(step) = queue.steps.keys().next().filter(|_| queue.slots == 0) {
                return Err(format!(
                    "step `{step}` waits in queue `{name}`, which this engine does not serve: add \
                     `.serve(\"{name}\", 4)` to its builder, with the number of steps that it runs at once"
                ));
            }
            if queue.steps.is_empty() && self.workflows.is_empty() {
                return Err(format!(
                    "the engine serves queue `{name}`, and has nothing that waits there: add `.step::<..>()` for each step \
                     with `#[step(queue = \"{name}\")]`, or `.workflow(..)` for each workflow whose runs wait there"
                ));
            }
            if self.options.is_client {
                return Err(format!(
                    "a client runs nothing, so it cannot serve queue `{name}`: leave `.client()` or `.serve(..)` away"
                ));
            }
        }
        Ok(())
    }
}
