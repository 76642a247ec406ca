//! Schedules that an engine creates when it starts.

use super::EngineBuilder;
use crate::engine::opening::Wanted;
use crate::engine::{Engine, EngineError};
use crate::schedule::{Schedule, ScheduleInput, Spec, Takes, Tick};
use crate::workflow::{Startable, WorkflowDef};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;

/// The schedules of a builder, by name.
#[derive(Default)]
pub(super) struct Schedules(BTreeMap<String, (Spec, Wanted, Takes)>);

impl EngineBuilder {
    /// Creates or changes a schedule once the engine has started, as [`ScheduleHandle::set`](crate::ScheduleHandle::set)
    /// does. One that is no longer declared stays until it is [deleted](crate::ScheduleHandle::delete).
    ///
    /// The engine does not start if a schedule is declared twice, or if it can never fire.
    ///
    /// ```
    /// use steadfast::prelude::*;
    /// use steadfast::{Schedule, Tick};
    ///
    /// #[workflow]
    /// async fn clean(_flow: &mut Flow, _tick: Tick) -> Result<()> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let builder = Engine::builder().in_memory().workflow(clean);
    /// let engine = builder.schedule("clean", Schedule::cron("0 4 * * SUN"), clean, ()).start().await?;
    /// assert_eq!(engine.schedule("clean").info().await?.times, "cron `0 4 * * SUN`");
    /// # Ok(())
    /// # }
    /// ```
    pub fn schedule<F, M, V>(mut self, name: impl Into<String>, schedule: Schedule, workflow: F, value: V) -> Self
    where
        F: Startable<M>,
        <F::Workflow as WorkflowDef>::Input: ScheduleInput<V>,
    {
        drop(workflow);
        let name = name.into();
        let takes = <<F::Workflow as WorkflowDef>::Input as ScheduleInput<V>>::TAKES;
        let input = ScheduleInput::with(Tick::new(&name, 0, None), value);
        self.declare(name, (schedule.spec, Wanted::new::<F::Workflow>(input), takes));
        self
    }

    fn declare(&mut self, name: String, declared: (Spec, Wanted, Takes)) {
        let twice = format!("schedule `{name}` is declared twice: keep one `.schedule(\"{name}\", ..)`");
        if self.schedules.0.insert(name, declared).is_some() {
            self.faults.push(twice);
        }
    }

    pub(super) fn started(mut self) -> BoxFuture<'static, Result<Engine, EngineError>> {
        let Schedules(schedules) = std::mem::take(&mut self.schedules);
        Box::pin(async move {
            let engine = self.begin().await?;
            for (name, (spec, wanted, takes)) in schedules {
                engine.schedule(name).set_to(spec, wanted, takes).await?;
            }
            Ok(engine)
        })
    }
}
