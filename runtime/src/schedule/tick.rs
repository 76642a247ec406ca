//! What a run knows of the time that has started it.

use super::spec::Takes;
use serde::{Deserialize, Deserializer, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time that has started a run: the input of a workflow, or a part of it.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::Tick;
///
/// #[workflow]
/// async fn report(_flow: &mut Flow, tick: Tick, team: String) -> Result<String> {
///     Ok(format!("{team}: {} at {:?}", tick.schedule, tick.nominal))
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The time for which the run was started, whenever it began.
    #[serde(serialize_with = "crate::record::millis::serialize", deserialize_with = "moment")]
    pub nominal: SystemTime,
    /// The latest nominal time of the schedule before this one that has started a run; `None` for the first. For a time
    /// of a [backfill](crate::ScheduleHandle::backfill) it is the schedule's nominal time before, whatever has started
    /// since. A run that was [triggered](crate::ScheduleHandle::trigger) is none of these.
    #[serde(serialize_with = "crate::record::millis::option::serialize", deserialize_with = "maybe_moment")]
    pub previous: Option<SystemTime>,
    /// The name of the schedule.
    pub schedule: String,
}

fn from_millis(millis: i64) -> SystemTime {
    let since = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since }
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    i64::deserialize(deserializer).map(from_millis)
}

fn maybe_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.map(from_millis))
}

impl Tick {
    pub(crate) fn new(schedule: &str, nominal: i64, previous: Option<i64>) -> Self {
        Self { nominal: from_millis(nominal), previous: previous.map(from_millis), schedule: schedule.to_owned() }
    }

    /// Returns it as it is recorded.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("times and a text are JSON")
    }
}

/// Inputs of workflows that a schedule can give: `V` is the value that is chosen once, when the schedule is created.
#[diagnostic::on_unimplemented(
    message = "a schedule with a value of type `{V}` cannot start a workflow whose input is `{Self}`",
    label = "the workflow takes `{Self}`",
    note = "a workflow of a schedule takes the value, or a `Tick` and the value, or a `Tick` alone with the value `()`"
)]
pub trait ScheduleInput<V> {
    /// Where the input has its `Tick`.
    #[doc(hidden)]
    const TAKES: Takes;

    /// Makes the input.
    #[doc(hidden)]
    fn with(tick: Tick, value: V) -> Self;
}

#[diagnostic::do_not_recommend]
impl<V> ScheduleInput<V> for V {
    const TAKES: Takes = Takes::Value;

    fn with(_: Tick, value: V) -> Self {
        value
    }
}

#[diagnostic::do_not_recommend]
impl ScheduleInput<()> for Tick {
    const TAKES: Takes = Takes::Tick;

    fn with(tick: Tick, (): ()) -> Self {
        tick
    }
}

#[diagnostic::do_not_recommend]
impl<V> ScheduleInput<V> for (Tick, V) {
    const TAKES: Takes = Takes::Both;

    fn with(tick: Tick, value: V) -> Self {
        (tick, value)
    }
}
