//! What is next to be decided of a schedule at a time.

use super::Missed;
use super::spec::Spec;
use super::times::Times;
use crate::store::{FireSource, FiringOutcome, FiringRow, ScheduleRow};

/// A nominal time that was due for longer than this, in milliseconds, was missed: no engine was there.
const LATE: i64 = 60_000;

/// The most missed times that are counted.
const COUNTED: u64 = 100;

/// Reads what a schedule is.
///
/// # Errors
/// This version cannot read it, for this reason.
pub(crate) fn read(row: &ScheduleRow) -> Result<(Spec, Times), String> {
    if let Some(flaw) = &row.flaw {
        return Err(flaw.clone());
    }
    let spec: Spec = serde_json::from_str(&row.spec).map_err(|error| error.to_string())?;
    let times = spec.times(&row.name)?;
    Ok((spec, times))
}

/// The next decision on a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The nominal time that is fired, if one is.
    pub(crate) fire: Option<(i64, FireSource)>,
    /// The time up to which each nominal time is decided after this.
    pub(crate) decided: i64,
    /// The time at which the next one is due.
    pub(crate) due: Option<i64>,
    /// The times before that were missed.
    pub(crate) missed: Option<FiringRow>,
}

/// Plans what is due of a schedule.
pub(crate) fn plan(row: &ScheduleRow, spec: &Spec, times: &Times, now: i64) -> Plan {
    let decided = row.state.decided;
    let is_over = spec.is_over(row.state.fired);
    let next = times.after(decided).filter(|_| !is_over);
    let due = |after: i64| times.after(after).map(|nominal| times.due(nominal));
    let Some(nominal) = next.filter(|nominal| times.due(*nominal) <= now) else {
        let fire = row.state.waiting.first().map(|nominal| (*nominal, FireSource::Waiting));
        return Plan { fire, decided, due: next.map(|nominal| times.due(nominal)), missed: None };
    };
    // Those up to here, excluded, are too late for this policy.
    let late = now.saturating_sub(times.delay);
    let from = match spec.missed {
        _ if now.saturating_sub(times.due(nominal)) <= LATE => nominal,
        Missed::Latest => times.last_due(decided, now).unwrap_or(nominal),
        Missed::Skip => late.saturating_sub(LATE),
        Missed::Within(window) => {
            let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
            late.saturating_sub(window.max(LATE))
        }
    };
    let missed = (nominal < from).then(|| {
        let count = times.count(decided, from - 1, COUNTED);
        let until = times.last_due(decided, from - 1 + times.delay).unwrap_or(nominal);
        FiringRow { nominal, at: now, outcome: FiringOutcome::Missed { until, count } }
    });
    let fired = times.after(decided.max(from - 1)).filter(|fired| times.due(*fired) <= now);
    let decided = fired.unwrap_or_else(|| decided.max(from - 1));
    Plan { fire: fired.map(|nominal| (nominal, FireSource::Due)), decided, due: due(decided), missed }
}
