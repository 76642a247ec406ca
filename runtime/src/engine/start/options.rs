//! What a start is given beyond its input: the words of the call.

use super::StartCall;
use crate::record::Principal;
use crate::scope::Scope;
use crate::workflow::WorkflowDef;
use std::time::{Duration, SystemTime};

impl<W: WorkflowDef> StartCall<'_, W> {
    /// The run's id, at most 512 bytes. Without one it gets a time-ordered UUID.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with(Scope::new().id(id))
    }

    /// How long the run may take, from its start: a duration, whatever the machine's clock is set to. Time in which the run is
    /// [paused](crate::Run::pause) does not count.
    pub fn time_limit(self, limit: Duration) -> Self {
        self.with(Scope::new().time_limit(limit))
    }

    /// When the run ends at the latest: a moment of the machine's clock, also when that is set.
    pub fn deadline(self, moment: SystemTime) -> Self {
        self.with(Scope::new().deadline(moment))
    }

    /// The run may take as long as it needs, also if the run whose step starts it has a deadline.
    pub fn no_deadline(self) -> Self {
        self.with(Scope::new().no_deadline())
    }

    /// A name and a value by which the run can be found, at most 512 bytes each: see
    /// [`RunFilter::label`](crate::RunFilter::label). A second value for a name takes the place of the first.
    pub fn label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(Scope::new().label(name, value))
    }

    /// While this run has not ended, no other is started with the same key, at most 512 bytes: the start of another fails
    /// with [`EngineError::Held`](crate::EngineError::Held), which names the run that holds it.
    pub fn deduplication_key(self, key: impl Into<String>) -> Self {
        self.with(Scope::new().deduplication_key(key))
    }

    /// For whom the run acts: what asks for a role looks at this principal's. Otherwise it acts for whom the run does whose
    /// step starts it.
    ///
    /// ```
    /// use steadfast::prelude::*;
    /// use steadfast::{Principal, RunError};
    ///
    /// #[workflow(roles("admin", "ops"))]
    /// async fn purge(flow: &mut Flow) -> Result<()> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(purge).start().await?;
    /// engine.start(purge, ()).principal(Principal::new("ada").role("ops")).await?.result().await?;
    ///
    /// let refused = engine.start(purge, ()).await?.result().await;
    /// assert!(matches!(refused, Err(RunError::Refused { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn principal(self, principal: Principal) -> Self {
        self.with(Scope::new().principal(principal))
    }

    /// All that this scope says; what it does not say stays as it is.
    pub fn with(mut self, scope: Scope) -> Self {
        self.given = scope.or(self.given);
        self
    }
}
