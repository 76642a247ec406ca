//! What a start is given beyond its input: the words of the call.

use super::StartCall;
use crate::engine::error::EngineError;
use crate::journal::{Principal, RunScope};
use crate::lengths;
use crate::scope::{self, Scope};
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
    /// with [`EngineError::Held`], which names the run that holds it.
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

/// A run that is about to be started: its id, under what it acts, and its deduplication key.
pub(in crate::engine) struct Opening {
    pub(in crate::engine) id: String,
    pub(in crate::engine) scope: RunScope,
    pub(in crate::engine) dedup: Option<String>,
}

impl Opening {
    /// Called where the start is awaited: what is around it holds for it too.
    ///
    /// # Errors
    /// An id, a key or a label is too long or empty.
    pub(in crate::engine) fn new(given: Scope, now: i64) -> Result<Self, EngineError> {
        Self::within(given, scope::surrounding(), scope::caller().as_deref(), now)
    }

    /// The same at another place: `around` and `caller` are those of where the start is awaited.
    ///
    /// # Errors
    /// An id, a key or a label is too long or empty.
    pub(in crate::engine) fn within(
        given: Scope,
        around: Scope,
        caller: Option<&RunScope>,
        now: i64,
    ) -> Result<Self, EngineError> {
        let given = given.or(around);
        let scope = given.recorded(caller, now);
        let id = given.run_id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        check_id(&id)?;
        if let Some(key) = &given.deduplication_key {
            check("a deduplication key", key, 1)?;
        }
        scope.labels.iter().try_for_each(|(name, value)| check_label(name, value))?;
        scope.check_size().map_err(EngineError::Value)?;
        Ok(Self { id, scope, dedup: given.deduplication_key })
    }

    pub(in crate::engine) fn labels(&self) -> Vec<(String, String)> {
        self.scope.labels.clone().into_iter().collect()
    }
}

/// # Errors
/// The id is empty or too long.
pub(in crate::engine) fn check_id(id: &str) -> Result<(), EngineError> {
    check("a run's id", id, 1)
}

/// # Errors
/// The name or the value of a label is too long, or the name is empty.
pub(in crate::engine) fn check_label(name: &str, value: &str) -> Result<(), EngineError> {
    check("the name of a label", name, 1)?;
    check(&format!("the value of the label `{name}`"), value, 0)
}

/// # Errors
/// The key of something that is sent is empty or too long.
pub(in crate::engine) fn check_key(key: Option<&str>) -> Result<(), EngineError> {
    key.map_or(Ok(()), |key| check("a key", key, 1))
}

fn check(what: &str, text: &str, least: usize) -> Result<(), EngineError> {
    lengths::check(what, text, least).map_err(EngineError::Value)
}
