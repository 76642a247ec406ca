//! Performs the effects of a scenario's runs as the engine does.

use super::loaded::Loaded;
use super::scenario::{Next, Scenario};
use super::secrets;
use crate::context::SharedContext;
use crate::engine::{Attach, Continuation, Preparation, find_attached, judge, successor_in};
use crate::journal::StepBody;
use crate::machine::Effect;
use crate::policy::Policy;
use crate::record::AttemptOutcome;
use crate::run_env::RunEnv;
use crate::scope::StepScope;
use crate::step::{saved, to_save};
use crate::store::{ImportedRun, RunRow};
use crate::value::Value;
use crate::vault::Vault;
use std::sync::Arc;
use std::time::Duration;

/// The number of tries of a factory or hook.
const TRIES: Policy = Policy { attempts: 5, ..Policy::ONCE };
/// The time limit of a factory or hook.
const LONGEST: Duration = Duration::from_secs(30);

impl Scenario<'_> {
    /// Performs the effects of a run.
    pub(super) async fn perform(
        &mut self,
        number: i64,
        loaded: &mut Loaded,
        effects: Vec<Effect>,
    ) -> Result<Next, String> {
        let mut next = Next::GoOn;
        for effect in effects {
            match effect {
                Effect::StartAttempt { scope, arguments, body, .. } => {
                    let (env, context) = (loaded.run.env().clone(), loaded.run.context());
                    prepare(&*body, &scope, context, &env).await?;
                    let (position, attempt) = (scope.position, scope.attempt);
                    self.may_work(loaded)?;
                    let journal = self.journal(number)?;
                    self.seen.entry(number).or_default().body_started(&journal, position, attempt)?;
                    loaded.attempts.start(position, attempt, attempt_of(&*body, &arguments, scope, env));
                }
                Effect::CancelAttempt { position } => loaded.attempts.cancel(position),
                // The other engine looks by itself.
                Effect::TaskWaits | Effect::TaskCancelled => {}
                Effect::StartRun { number: child } => self.load(child).await?,
                Effect::Attach { position, id, row, workflow, input, recode } => {
                    let found = find_attached(&*self.store, &id, row.map(|row| *row));
                    let outcome = match found.map_err(|error| error.to_string())? {
                        Some((row, first)) => judge(&Attach { row, workflow, input, recode }, first),
                        None => Err(format!("there is no run `{id}` in this database")),
                    };
                    loaded.run.attached(position, id, outcome, self.now);
                }
                Effect::Replace { with, kept } => {
                    let successor = self.successor(number, Continuation { with, kept })?;
                    loaded.run.replaced_by(Box::new(successor), self.now);
                }
                Effect::Ended => {
                    if let Some(reason) = loaded.run.parked() {
                        return Err(format!("the run was parked: {}", secrets::why(reason)));
                    }
                    next = Next::Left;
                }
            }
        }
        Ok(next)
    }

    /// Makes the successor of a run.
    fn successor(&self, number: i64, continuation: Continuation) -> Result<ImportedRun, String> {
        let old = self.row(number)?;
        let execution = secrets::next_incarnation(old.execution);
        let vault = |execution| Vault::new(self.subject.cipher.clone(), secrets::DATABASE, execution);
        let vaults = (vault(old.execution), vault(execution));
        let new = RunRow { execution, created_at: self.now, ..old };
        let mut run = successor_in(&*self.store, number, continuation, &new, vaults)?;
        run.lease = Some(self.lease);
        Ok(run)
    }
}

/// Runs the body of an attempt, and saves its result if it has a field store.
pub(super) fn attempt_of(
    body: &dyn StepBody,
    arguments: &Value,
    scope: Arc<StepScope>,
    env: Arc<RunEnv>,
) -> impl Future<Output = AttemptOutcome> + Send + use<> {
    let (step, store) = (scope.name.clone(), body.store());
    let body = body.attempt(arguments, scope, env.clone());
    async move {
        let outcome = body.await;
        let routed = store.and_then(|store| to_save(&outcome, &step, store));
        let Some(routed) = routed else { return outcome };
        let pointer = env.fields.save(&routed).await.map_err(|error| error.to_string());
        saved(routed, pointer)
    }
}

/// Prepares the inputs of a body, without pauses between the tries.
pub(super) async fn prepare(
    body: &dyn StepBody,
    scope: &StepScope,
    context: Option<SharedContext>,
    env: &Arc<RunEnv>,
) -> Result<(), String> {
    let Some(preparation) = Preparation::of(body, scope, context, env) else { return Ok(()) };
    let made = preparation.make(TRIES, |_, _| std::future::ready(()));
    match tokio::time::timeout(LONGEST, made).await {
        Ok(made) => made.map_err(|reason| reason.to_string()),
        Err(_) => Err("a factory or a restore hook has not ended after 30 s".into()),
    }
}
