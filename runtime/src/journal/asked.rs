//! Commands as a body issues them, with what is needed to perform them.

use super::StepBody;
use crate::command::Command;
use crate::fields::Fields;
use crate::policy::Policy;
use crate::record::RunScope;
use crate::store::{Holder, NewQueued};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// A command as a body issues it.
pub(crate) type Asked = Command<'static, StepRun, ChildRun>;

/// The parameters needed to run a step.
pub struct StepRun {
    /// The roles of which the principal of the run needs one.
    pub roles: &'static [&'static str],
    /// Retries and time limit.
    pub policy: Policy,
    /// Runs one attempt.
    pub body: Arc<dyn StepBody>,
    /// Its place in its queue, if it is remote.
    pub queued: Option<Box<Queued>>,
}

/// The place of a call in its queue.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The key by which the queue counts and shares, or why there is none: then a new call is refused, and a recorded
    /// one parks its run when it has to be enqueued.
    pub key: Result<Option<String>, String>,
    /// Calls with a lower number are started first.
    pub priority: i32,
    /// The wait before it may start.
    pub delay: Duration,
}

impl Default for Queued {
    fn default() -> Self {
        Self { key: Ok(None), priority: 0, delay: Duration::ZERO }
    }
}

/// A function that encodes an input for the run for which its secrets are sealed.
type EncodeFor = dyn Fn(&Arc<Fields>) -> Result<Value, String> + Send + Sync;

/// The parameters needed to start another run.
pub struct ChildRun {
    /// The version of its workflow.
    pub version: u32,
    /// Encodes its input for the run that is started.
    pub(crate) encode: Box<EncodeFor>,
    /// The deduplication key, if it has one.
    pub dedup: Option<String>,
    /// Whether cancellation and deadline of this run do not reach it.
    pub detached: bool,
    /// The scope under which it acts.
    pub scope: RunScope,
    /// How it waits in a queue, if it does; or why it cannot.
    pub(crate) queued: Result<Option<NewQueued>, String>,
    /// What happens to a run that holds its deduplication key.
    pub(crate) holder: Holder,
}

/// The channel on which a graph receives the events that its steps send by hand.
pub(crate) const SENT: &str = "#sent";
