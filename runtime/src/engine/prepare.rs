//! What must be made before an attempt of a step can start: the values of the run's transient fields.

use super::core::Core;
use crate::context::SharedContext;
use crate::journal::StepBody;
use crate::machine::{ParkCause, ParkReason, panic_text};
use crate::run_env::RunEnv;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// What an attempt waits for.
pub(super) struct Preparation {
    env: Arc<RunEnv>,
    context: Option<SharedContext>,
}

impl Preparation {
    /// What is missing for this body; `None` if it can start at once. `latest` is the run's context as it stands: the one
    /// of the call may be older.
    pub(super) fn of(body: &dyn StepBody, latest: Option<SharedContext>, env: &Arc<RunEnv>) -> Option<Self> {
        let context = body.context().filter(|context| !env.live.is_ready_for(context));
        let context = context.map(|own| latest.unwrap_or_else(|| own.clone()));
        context.map(|context| Self { env: env.clone(), context: Some(context) })
    }

    /// Makes it, trying again with a growing pause.
    ///
    /// # Errors
    /// Why the run is to be parked: the last of the tries has failed.
    pub(super) async fn make(self, core: &Core, run: i64) -> Result<(), ParkReason> {
        let policy = core.options.restore;
        let mut failed = 0;
        loop {
            let made = AssertUnwindSafe(self.try_make()).catch_unwind().await;
            let why = match made {
                Ok(Ok(())) => {
                    core.set_trouble(run, None);
                    return Ok(());
                }
                Ok(Err(why)) => why,
                Err(panic) => format!("a restore hook panicked: {}", panic_text(&*panic)),
            };
            failed += 1;
            if failed >= policy.attempts {
                let message = format!("{why} ({failed} tries). Mend what it needs and retry the run; nothing is lost");
                return Err(ParkReason::new(ParkCause::Restore, message));
            }
            tracing::warn!(run, why, failed, "what a step needs could not be made; it is tried again");
            core.set_trouble(run, Some(format!("{why} (failed {failed} of {} times)", policy.attempts)));
            tokio::time::sleep(policy.wait(failed, 0.5)).await;
        }
    }

    async fn try_make(&self) -> Result<(), String> {
        if let Some(context) = &self.context {
            let made = self.env.live.restore(context, &self.env.resources).await;
            made.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
