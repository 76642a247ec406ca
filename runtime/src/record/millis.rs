//! Serializes moments as milliseconds since 1970.

use serde::{Serialize as _, Serializer};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Converts milliseconds since 1970.
pub(crate) fn moment(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

pub(crate) fn millis(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    }
}

pub(crate) fn serialize<S: Serializer>(moment: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    millis(*moment).serialize(serializer)
}

pub(crate) mod option {
    use super::millis;
    use serde::{Serialize as _, Serializer};
    use std::time::SystemTime;

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(crate) fn serialize<S: Serializer>(moment: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
        moment.map(millis).serialize(serializer)
    }
}
