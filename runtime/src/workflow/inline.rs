//! Inline steps, written where they are called.

use super::{Flow, PendingCall, StepCall};
use crate::codec::Storable;
use crate::command::{Command, Given, Recode, RunStep};
use crate::error::Failure;
use crate::journal::StepRun;
use crate::policy::Policy;
use crate::step::InlineBody;
use crate::value::Value;
use std::future::Future;
use std::sync::Arc;

impl<C: 'static> Flow<C> {
    /// Runs an inline step: `flow.run("fetch", async move || fetch(url).await).await?`.
    ///
    /// It runs once, outside of the workflow, and its result is recorded. Its captures are not, so a replay compares
    /// only its name. If the process dies while it runs, it runs again as the next attempt; otherwise it has one
    /// attempt. For retries, a time limit or recorded arguments write a function with `#[step]`.
    pub fn run<T, E, F, Fut>(&self, name: &'static str, body: F) -> StepCall<'_, T, E>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Storable,
        E: Failure,
    {
        let arguments = Given::new(Ok(Value::json(&b"[]"[..])), Recode::none());
        let body = Arc::new(InlineBody::new(body, self.context.clone()));
        let run = StepRun { roles: &[], policy: Policy::ONCE, body, queued: None };
        StepCall::new(
            name,
            PendingCall::new(&self.journal, Command::RunStep(RunStep { name, arguments, queue: None, run })),
        )
    }
}
