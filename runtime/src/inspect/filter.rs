//! The filter of a list of runs as a job keeps it.

use super::runs::RunsQuery;
use crate::context::FieldCondition;
use crate::store::{IndexedIn, RunQuery, Status};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The conditions of a list of runs, without order, limit and cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
// A condition that this version does not know must not be left out: the job would act on other runs.
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filter {
    // A status that this version does not know must not be left out either: none means all.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "statuses")]
    status: Vec<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_contains: Option<String>,
    /// The first run of the parent, by its number: another run may get the parent's id before the job is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<IndexedIn>,
    started: (Option<i64>, Option<i64>),
    changed: (Option<i64>, Option<i64>),
}

impl Filter {
    /// Returns the conditions of a list whose parent was [looked up](super::Inspector::with_parent).
    pub(crate) fn of(query: &RunsQuery) -> Self {
        // Each of a list's conditions is named, so that a new one is not forgotten.
        let RunsQuery { query, parent: _, fields, with_fields: _, cursor: _ } = query.clone();
        let RunQuery { statuses: status, workflow, labels, id_prefix, id_contains, created, updated, parent, .. } =
            query;
        Self {
            status,
            workflow,
            labels,
            id_prefix,
            id_contains,
            parent,
            // One that makes no sense was refused with the list.
            fields: fields.iter().filter_map(|condition| condition.indexed().ok()).collect(),
            started: created,
            changed: updated,
        }
    }

    /// Returns the list of these runs, in the order in which they came.
    pub(crate) fn query(&self) -> RunsQuery {
        let mut query = RunsQuery::all().oldest_first();
        query.query.statuses.clone_from(&self.status);
        query.query.workflow.clone_from(&self.workflow);
        query.query.labels.clone_from(&self.labels);
        query.query.id_prefix.clone_from(&self.id_prefix);
        query.query.id_contains.clone_from(&self.id_contains);
        (query.query.created, query.query.updated) = (self.started, self.changed);
        query.query.parent = self.parent;
        query.fields = self.fields.iter().cloned().map(FieldCondition::within).collect();
        query
    }

    /// Returns whether a run in this status is among those of the filter.
    pub(crate) fn has_status(&self, status: Status) -> bool {
        self.status.is_empty() || self.status.contains(&status)
    }
}

fn statuses<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Status>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    words.iter().map(|word| word.parse().map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::context::FieldCondition;
    use crate::inspect::RunsQuery;
    use crate::store::Status;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_job_keeps_each_condition_of_its_list() {
        let time = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let conditions: [fn(RunsQuery) -> RunsQuery; 6] = [
            |query| query.status(Status::Parked).status(Status::Failed),
            |query| query.workflow("order").of_first_run(7),
            |query| query.label("tenant", "red"),
            |query| query.id_prefix("a").id_contains("b"),
            |query| query.field(FieldCondition::parse("total>=100").expect("a condition")),
            |query| query.field(FieldCondition::parse("status!=paid").expect("a condition")),
        ];
        let mut all = RunsQuery::all().started_from(time(1)).started_before(time(2));
        all = all.changed_from(time(3)).changed_before(time(4));
        all = conditions.iter().fold(all, |query, add| add(query));
        let filter = Filter::of(&all);
        let text = serde_json::to_string(&filter).expect("JSON");
        let read: Filter = serde_json::from_str(&text).expect("a filter");
        assert_eq!(read, filter);
        assert_eq!(Filter::of(&read.query()), filter, "{text}");
        for add in conditions {
            assert_ne!(Filter::of(&add(RunsQuery::all())), Filter::of(&RunsQuery::all()));
        }
        assert!(serde_json::from_str::<Filter>(r#"{"color": "red"}"#).is_err(), "a condition is left out");
        let error = serde_json::from_str::<Filter>(r#"{"status": ["dancing"]}"#).expect_err("a status is left out");
        assert!(error.to_string().contains("dancing"), "{error}");
    }
}
