//! What a body asks for, with what is needed to do it.

use super::StepBody;
use crate::command::Command;
use crate::fields::Fields;
use crate::policy::Policy;
use crate::record::RunScope;
use crate::value::Value;
use std::sync::Arc;

/// A command as a body asks for it.
pub(crate) type Asked = Command<'static, StepRun, ChildRun>;

/// What is needed to run a step.
pub struct StepRun {
    /// Roles of which the principal of the run needs one.
    pub roles: &'static [&'static str],
    /// Retries and time limit.
    pub policy: Policy,
    /// Runs one attempt.
    pub body: Arc<dyn StepBody>,
}

/// Encodes an input for a run, in whose place it is sealed.
type EncodeFor = dyn Fn(&Arc<Fields>) -> Result<Value, String> + Send + Sync;

/// What is needed to start another run.
pub struct ChildRun {
    /// The version of its workflow.
    pub version: u32,
    /// Encodes its input for the run that is started.
    pub(crate) encode: Box<EncodeFor>,
    /// Its deduplication key, if it has one.
    pub dedup: Option<String>,
    /// Whether neither cancellation nor deadline of this run reach it.
    pub detached: bool,
    /// Under what it acts.
    pub scope: RunScope,
}

/// The channel on which a graph gets what its steps send by hand.
pub(crate) const SENT: &str = "#sent";
