//! The policy for sessions of runs that wait.

/// The policy for the live values of a run that waits for long; see
/// [`EngineBuilder::session_policy`](crate::EngineBuilder::session_policy).
///
/// ```
/// # use steadfast::prelude::*;
/// use steadfast::SessionPolicy;
///
/// let builder = Engine::builder().in_memory().session_policy(SessionPolicy::Drop);
/// # drop(builder);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionPolicy {
    /// A run whose session holds values stays active, so that it still has them when it continues in this process.
    #[default]
    Keep,
    /// A run is evicted as it would be without a session; its values are dropped, with a warning in the log.
    Drop,
}
