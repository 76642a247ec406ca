//! What a start is given beyond its input.

use crate::record::{Principal, RunScope};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a start is given beyond its input: for [`scoped`](crate::scoped), and for
/// [`StartCall::with`](crate::StartCall::with). What it does not say is as it would be without it.
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
    /// When the run ends at the latest.
    pub(crate) deadline: Option<Deadline>,
    /// While the run has not ended, no other can be started with the same key.
    pub(crate) deduplication_key: Option<String>,
    /// Names and values by which the run can be found.
    pub(crate) labels: BTreeMap<String, String>,
    /// For whom the run acts.
    pub(crate) principal: Option<Principal>,
}

/// When a run ends at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// So long after its start, whatever the machine's clock is set to.
    After(Duration),
    /// At this moment of the machine's clock.
    At(SystemTime),
    /// Whenever it is done, whatever the deadline of the run that starts it.
    Never,
}

impl Deadline {
    /// In milliseconds since 1970, for a run that starts now.
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
    /// One that says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The run's id, at most 512 bytes.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.run_id = Some(id.into());
        self
    }

    /// How long the run may take, from its start: a duration, whatever the machine's clock is set to. Time in which the run is
    /// [paused](crate::Run::pause) does not count.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.deadline = Some(Deadline::After(limit));
        self
    }

    /// When the run ends at the latest: a moment of the machine's clock, also when that is set.
    #[must_use]
    pub fn deadline(mut self, moment: SystemTime) -> Self {
        self.deadline = Some(Deadline::At(moment));
        self
    }

    /// The run may take as long as it needs, whatever the deadline of the run that starts it.
    #[must_use]
    pub fn no_deadline(mut self) -> Self {
        self.deadline = Some(Deadline::Never);
        self
    }

    /// A name and a value by which the run can be found; a second value for a name takes the place of the first.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// While the run has not ended, no other can be started with the same key.
    #[must_use]
    pub fn deduplication_key(mut self, key: impl Into<String>) -> Self {
        self.deduplication_key = Some(key.into());
        self
    }

    /// For whom the run acts.
    #[must_use]
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// What this one says, and what it does not say as the other has it.
    pub(crate) fn or(mut self, mut other: Self) -> Self {
        other.labels.append(&mut self.labels);
        Self {
            run_id: self.run_id.or(other.run_id),
            deadline: self.deadline.or(other.deadline),
            deduplication_key: self.deduplication_key.or(other.deduplication_key),
            labels: other.labels,
            principal: self.principal.or(other.principal),
        }
    }

    /// What a run acts under that is started now, by `caller` if a run does it: deadline and identity are that run's unless
    /// given, labels are only those given. Whose child it is, the caller adds.
    pub(crate) fn recorded(&self, caller: Option<&RunScope>, now: i64) -> RunScope {
        let unlimited = RunScope::default();
        let caller = caller.unwrap_or(&unlimited);
        RunScope {
            deadline: self.deadline.map_or(caller.deadline, |deadline| deadline.at(now)),
            limited: self.deadline.map_or(caller.limited, |deadline| matches!(deadline, Deadline::After(_))),
            principal: self.principal.clone().or_else(|| caller.principal.clone()),
            labels: self.labels.clone(),
            deduplication_key: self.deduplication_key.clone(),
            ..RunScope::default()
        }
    }
}
