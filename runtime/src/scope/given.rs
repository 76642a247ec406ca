//! The options of a start beyond its input.

use super::queued::QueueOptions;
use crate::record::{Principal, RunScope, Traceparent};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The options of a start beyond its input: for [`scoped`](crate::scoped) and
/// [`StartCall::with`](crate::StartCall::with). An option that is not set changes nothing.
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Principal, Scope};
///
/// let tenant = Scope::new().principal(Principal::new("ada")).label("tenant", "acme");
/// let order = tenant.clone().id("order-42").time_limit(Duration::from_secs(60));
/// assert_ne!(tenant, order);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The run's id.
    pub(crate) run_id: Option<String>,
    /// The deadline of the run.
    pub(crate) deadline: Option<Deadline>,
    /// The deduplication key: while the run has not ended, no other can be started with the same one.
    pub(crate) deduplication_key: Option<String>,
    /// The labels by which the run can be found.
    pub(crate) labels: BTreeMap<String, String>,
    /// The principal for which the run acts.
    pub(crate) principal: Option<Principal>,
    /// The span that causes the run, as a valid header.
    pub(crate) traceparent: Option<String>,
    /// How the run waits in a queue.
    pub(crate) queued: QueueOptions,
}

/// The deadline of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// This long after its start, whatever the machine's clock is set to.
    After(Duration),
    /// At this moment of the machine's clock.
    At(SystemTime),
    /// None, whatever the deadline of the run that starts it.
    Never,
}

impl Deadline {
    /// Returns the deadline in milliseconds since 1970, for a run that starts now.
    pub(crate) fn at(self, now: i64) -> Option<i64> {
        let millis = |duration: Duration| i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        match self {
            Self::After(limit) => Some(now.saturating_add(millis(limit))),
            Self::At(moment) => Some(moment.duration_since(UNIX_EPOCH).map_or(0, millis)),
            Self::Never => None,
        }
    }
}

impl Scope {
    /// Creates a scope without options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the run's id, at most 512 bytes.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.run_id = Some(id.into());
        self
    }

    /// Sets a time limit from the run's start: a duration, whatever the machine's clock is set to. Time in which the
    /// run is [paused](crate::Run::pause) does not count.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.deadline = Some(Deadline::After(limit));
        self
    }

    /// Sets the deadline: a moment of the machine's clock, even if that clock is set.
    #[must_use]
    pub fn deadline(mut self, moment: SystemTime) -> Self {
        self.deadline = Some(Deadline::At(moment));
        self
    }

    /// Removes the deadline, whatever the deadline of the run that starts this one.
    #[must_use]
    pub fn no_deadline(mut self) -> Self {
        self.deadline = Some(Deadline::Never);
        self
    }

    /// Adds a label by which the run can be found; a second value for a name replaces the first.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Sets the deduplication key: while the run has not ended, no other can be started with the same one.
    #[must_use]
    pub fn deduplication_key(mut self, key: impl Into<String>) -> Self {
        self.deduplication_key = Some(key.into());
        self
    }

    /// Sets the principal for which the run acts.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Sets the span that causes the run: the value of the header `traceparent` of
    /// [W3C Trace Context](https://www.w3.org/TR/trace-context/). It is recorded with the start, and the spans of the run
    /// join its trace. A value that is not valid is ignored with a warning, as the standard says: a new trace begins.
    ///
    /// Without it a run that a run starts joins the trace of that run, and with the feature `otel` any other run joins the
    /// trace of the current OpenTelemetry context. Otherwise the execution of the run is its trace.
    #[must_use]
    pub fn traceparent(mut self, header: impl AsRef<str>) -> Self {
        let header = header.as_ref().trim();
        if let Ok(cause) = header.parse::<Traceparent>() {
            self.traceparent = Some(cause.to_string());
        } else {
            tracing::warn!("a `traceparent` that is not valid is ignored, and the run begins a new trace");
        }
        self
    }

    /// Returns these options, and those of the other where this has none.
    pub(crate) fn or(mut self, mut other: Self) -> Self {
        other.labels.append(&mut self.labels);
        Self {
            run_id: self.run_id.or(other.run_id),
            deadline: self.deadline.or(other.deadline),
            deduplication_key: self.deduplication_key.or(other.deduplication_key),
            labels: other.labels,
            principal: self.principal.or(other.principal),
            traceparent: self.traceparent.or(other.traceparent),
            queued: self.queued.or(other.queued),
        }
    }

    /// Returns the recorded scope of a run that is started now, by `caller` if a run starts it: deadline, identity
    /// and trace default to that run's, labels are only the given ones. The caller adds the parent.
    pub(crate) fn recorded(&self, caller: Option<&RunScope>, now: i64) -> RunScope {
        let unlimited = RunScope::default();
        let caller = caller.unwrap_or(&unlimited);
        RunScope {
            deadline: self.deadline.map_or(caller.deadline, |deadline| deadline.at(now)),
            limited: self.deadline.map_or(caller.limited, |deadline| matches!(deadline, Deadline::After(_))),
            principal: self.principal.clone().or_else(|| caller.principal.clone()),
            labels: self.labels.clone(),
            deduplication_key: self.deduplication_key.clone(),
            traceparent: self.traceparent.clone().or_else(|| caller.traceparent.clone()),
            ..RunScope::default()
        }
    }
}
