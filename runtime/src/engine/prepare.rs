//! Prepares the inputs of an attempt before it starts: its resources, and the values of the run's transient fields.

use crate::context::SharedContext;
use crate::journal::StepBody;
use crate::panics::caught_future;
use crate::policy::Policy;
use crate::record::{ParkCause, ParkReason};
use crate::resources::{ResourceError, ResourceKey};
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::shared_state::StateDef;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;

/// The inputs that an attempt waits for.
pub(crate) struct Preparation {
    env: Arc<RunEnv>,
    context: Option<SharedContext>,
    needs: &'static [ResourceKey],
    /// The reason why the body cannot have the shared state that it takes.
    other_state: Option<String>,
    /// The reason why its result could not be saved.
    no_store: Option<String>,
    step: String,
    workflow: String,
    /// Called with the input that is waited for.
    on_blocked: Box<dyn Fn(String) + Send + Sync>,
    /// The failure of the last try.
    before: Option<String>,
}

/// The failure of one try.
enum Blocked {
    /// A hook of a transient field failed.
    Hook(String),
    /// The factory of a resource failed.
    Factory(ResourceError),
    /// A resource is not registered, so a retry would not help.
    Missing(ResourceError),
}

/// Returns the output of a future, or the time limit that it exceeded.
async fn within<F: Future>(limit: Option<Duration>, future: F) -> Result<F::Output, Duration> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await.map_err(|_| limit),
        None => Ok(future.await),
    }
}

/// Returns why the result of a step could not be saved: the engine does not have its store.
pub(super) fn no_store(step: &str, store: Option<&str>, env: &RunEnv) -> Option<String> {
    let missing = env.fields.store(store?).err()?;
    Some(format!("step `{step}` cannot start, since its result could not be saved: {missing}"))
}

impl Preparation {
    /// Returns what must be prepared for this body; `None` if it can start at once. `latest` is the run's current
    /// context: that of the call may be older.
    pub(crate) fn of(
        body: &dyn StepBody,
        scope: &StepScope,
        latest: Option<SharedContext>,
        env: &Arc<RunEnv>,
    ) -> Option<Self> {
        let context = body.context().filter(|context| !env.live.is_ready_for(context));
        let context = context.map(|own| latest.unwrap_or_else(|| own.clone()));
        let needs = body.resources();
        let other_state = other_state(&scope.name, &scope.run.workflow, body.state(), env.state.definition());
        let no_store = no_store(&scope.name, body.store(), env);
        if context.is_none()
            && other_state.is_none()
            && no_store.is_none()
            && needs.iter().all(|need| env.resources.is_made(need))
        {
            return None;
        }
        let (step, workflow) = (scope.name.clone(), scope.run.workflow.clone());
        Some(Self {
            env: env.clone(),
            context,
            needs,
            other_state,
            no_store,
            step,
            workflow,
            on_blocked: Box::new(|_| ()),
            before: None,
        })
    }

    /// Sets a function that is called with the input that is waited for, whenever that changes.
    pub(crate) fn on_blocked(mut self, on_blocked: impl Fn(String) + Send + Sync + 'static) -> Self {
        self.on_blocked = Box::new(on_blocked);
        self
    }

    /// Prepares the inputs, retrying with a growing backoff.
    ///
    /// # Errors
    /// The reason for parking the run: the last try failed, or a resource is not registered.
    pub(crate) async fn make<F: Future<Output = ()>>(
        mut self,
        policy: Policy,
        pause: impl Fn(String, Duration) -> F,
    ) -> Result<(), ParkReason> {
        if let Some(message) = self.other_state {
            return Err(ParkReason::new(ParkCause::State, message));
        }
        if let Some(message) = self.no_store {
            return Err(ParkReason::new(ParkCause::FieldStore, message));
        }
        let mut failed = 0;
        loop {
            let Err(blocked) = self.try_make(policy.timeout).await else { return Ok(()) };
            failed += 1;
            if failed >= policy.attempts || matches!(blocked, Blocked::Missing(_)) {
                return Err(self.park(&blocked, failed));
            }
            let why = match &blocked {
                Blocked::Hook(why) => why.clone(),
                Blocked::Factory(error) | Blocked::Missing(error) => error.to_string(),
            };
            let (step, workflow) = (&self.step, &self.workflow);
            tracing::warn!(why, failed, step, workflow, "what a step needs could not be made; it is tried again");
            let blocked = format!("{why} (failed {failed} of {} times)", policy.attempts);
            self.before = Some(blocked.clone());
            pause(blocked, policy.wait(failed, 0.5)).await;
        }
    }

    async fn try_make(&self, limit: Option<Duration>) -> Result<(), Blocked> {
        for need in self.needs.iter().filter(|need| !self.env.resources.is_made(need)) {
            let resource = need.short_name();
            self.wait_for(&format!("resource `{resource}`"));
            let made = within(limit, self.env.resources.make(need)).await.map_err(|limit| {
                Blocked::Factory(ResourceError::Failed {
                    resource,
                    message: format!("it was not there after {limit:?}"),
                })
            })?;
            made.map_err(|error| match error {
                ResourceError::Missing { .. } => Blocked::Missing(error),
                ResourceError::Failed { .. } => Blocked::Factory(error),
            })?;
        }
        if let Some(context) = &self.context {
            let names = context.transient();
            let fields = if names.len() == 1 { "transient field" } else { "the transient fields" };
            let fields = format!("{fields} `{}` of context `{}`", names.join("`, `"), context.name());
            self.wait_for(&fields);
            let restore = caught_future(self.env.live.restore(context, &self.env.resources).boxed());
            let made = within(limit, restore).await;
            let made =
                made.map_err(|limit| Blocked::Hook(format!("{fields} could not be restored within {limit:?}")))?;
            // A hook may panic when it is called, before there is a future that names its field.
            made.map_err(|panic| Blocked::Hook(format!("{fields} could not be restored: a hook panicked: {panic}")))?
                .map_err(|error| Blocked::Hook(error.to_string()))?;
        }
        Ok(())
    }

    fn wait_for(&self, what: &str) {
        (self.on_blocked)(match &self.before {
            None => format!("step `{}` waits for {what}", self.step),
            Some(before) => format!("{before}; step `{}` waits for {what} again", self.step),
        });
    }

    fn park(&self, blocked: &Blocked, tries: u32) -> ParkReason {
        let Self { step, workflow, .. } = self;
        match blocked {
            Blocked::Hook(why) => {
                let message = format!("{why} ({tries} tries). Fix what it needs and retry the run; nothing is lost");
                ParkReason::new(ParkCause::Restore, message)
            }
            Blocked::Factory(error) => {
                let message = format!(
                    "step `{step}` cannot start: {error} ({tries} tries). Fix what it needs and retry the run; nothing \
                     is lost"
                );
                ParkReason::new(ParkCause::Resource, message)
            }
            Blocked::Missing(error) => missing(step, workflow, error),
        }
    }
}

/// Returns why a step cannot have the shared state that it takes: the workflow declares another or none.
pub(super) fn other_state(
    step: &str,
    workflow: &str,
    taken: Option<StateDef>,
    declared: Option<StateDef>,
) -> Option<String> {
    let taken = taken.filter(|taken| declared != Some(*taken))?.schema().name;
    let what = match declared {
        Some(declared) => format!("declares `state = {}`", declared.schema().name),
        None => "declares no shared state".to_owned(),
    };
    Some(format!(
        "step `{step}` cannot start: it takes `&State<{taken}>`, and workflow `{workflow}` {what}. Write `#[workflow(state = \
         {taken})]` on `{workflow}`; the run then resumes automatically"
    ))
}

/// Returns the reason for parking a run whose step takes a resource that is not registered.
pub(super) fn missing(step: &str, workflow: &str, error: &ResourceError) -> ParkReason {
    let resource = match error {
        ResourceError::Missing { resource, .. } | ResourceError::Failed { resource, .. } => resource,
    };
    let message = format!(
        "step `{step}` cannot start: {error}. Add `.resource(..)` or `.resource_with(..)` to the engine's builder, and \
         `#[workflow(resources({resource}))]` to `{workflow}`, so that no engine starts without it; the run then resumes \
         automatically"
    );
    ParkReason::new(ParkCause::Resource, message)
}
