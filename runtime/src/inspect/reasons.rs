//! Why runs are parked or have failed, grouped by the reason.

use super::InspectError;
use super::inspector::{Inspector, Source};
use super::page::Count;
use crate::record::millis::moment;
use crate::record::{ParkCause, ParkReason};
use crate::store::{RunQuery, RunRow, Status, StoreError};
use crate::vault::redact;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// How many of the newest runs are looked at: of those that are parked, whose rows have the reason, and of those that
/// ended, whose last entries have it.
const PARKED: usize = 1_000;
const ENDED: usize = 300;

/// How many runs of a group are named.
const NAMED: usize = 5;

/// Runs of one workflow with the same reason.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReasonGroup {
    /// Their status.
    pub status: Status,
    /// The workflow's name.
    pub workflow: String,
    /// Its version.
    pub version: u32,
    /// The kind of obstacle, for parked runs.
    pub cause: Option<ParkCause>,
    /// The reason, as the newest of them has it: for parked runs with what to do, for others the text of their error. Runs
    /// whose reasons differ only in the run's own id are one group. Without secrets.
    pub message: String,
    /// How many runs have it, among the newest 1,000 that are parked or the newest 300 that have ended so.
    pub count: Count,
    /// The newest of them, by their ids; at most 5.
    pub examples: Vec<String>,
    /// The time of the newest.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub newest: SystemTime,
}

impl Source {
    fn reasons(&self, status: Status) -> Result<Vec<ReasonGroup>, StoreError> {
        let limit = if status == Status::Parked { PARKED } else { ENDED };
        let query = RunQuery { statuses: vec![status], newest_first: true, limit, ..RunQuery::default() };
        let page = self.store.runs(&query)?;
        let capped = page.next.is_some();
        let mut groups: BTreeMap<(String, u32, String), ReasonGroup> = BTreeMap::new();
        for row in page.runs {
            let (cause, message) = self.reason(&row)?;
            let at = moment(row.updated_at);
            // A reason may name its run, and is the same for others.
            let key = message.replace(&format!("`{}`", row.id), "`..`");
            let group = groups.entry((row.workflow.clone(), row.version, key)).or_insert(ReasonGroup {
                status,
                workflow: row.workflow,
                version: row.version,
                cause,
                message,
                count: Count { value: 0, capped },
                examples: Vec::new(),
                newest: at,
            });
            group.count.value += 1;
            group.newest = group.newest.max(at);
            if group.examples.len() < NAMED {
                group.examples.push(row.id);
            }
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse((group.count.value, group.newest)));
        Ok(groups)
    }

    fn reason(&self, row: &RunRow) -> Result<(Option<ParkCause>, String), StoreError> {
        if row.status == Status::Parked {
            let reason = ParkReason::of_row(row.parked.as_deref());
            return Ok((Some(reason.cause), redact(&reason.message).into_owned()));
        }
        let last = self.store.entries(row.number, row.seq.saturating_sub(1), 1)?.pop();
        let message = last.and_then(|entry| entry.value).map_or_else(String::new, |value| text(&value.bytes));
        Ok((None, message))
    }
}

/// Returns the text of an error that a run ended with: its message, or what it is as JSON.
fn text(error: &[u8]) -> String {
    const LONGEST: usize = 500;
    let whole = match serde_json::from_slice::<serde_json::Value>(error) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => match value.get("message").and_then(serde_json::Value::as_str) {
            Some(message) => message.to_owned(),
            None => value.to_string(),
        },
        Err(_) => format!("{} bytes", error.len()),
    };
    // Redacted before it is cut, so that no part of a token is left.
    redact(&whole).chars().take(LONGEST).collect()
}

impl Inspector {
    /// Returns why runs are in a status, grouped by workflow and reason, the largest group first. It is for
    /// [`Status::Parked`], and for those with which a run ends without a result: failed, cancelled, timed out, refused.
    ///
    /// # Errors
    /// Runs in this status have no reason, or the database cannot be read.
    pub async fn reasons(&self, status: Status) -> Result<Vec<ReasonGroup>, InspectError> {
        if !matches!(status, Status::Parked | Status::Failed | Status::Cancelled | Status::TimedOut | Status::Refused) {
            let why = format!(
                "runs that are {status} have no reason; ask for parked, failed, cancelled, timed_out or refused ones"
            );
            return Err(InspectError::BadQuery(why));
        }
        self.ask(move |source| Ok(source.reasons(status)?)).await
    }
}
