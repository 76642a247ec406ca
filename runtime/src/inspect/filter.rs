//! The filter of a list of runs as a job keeps it.

use super::runs::RunsQuery;
use crate::context::FieldCondition;
use crate::store::{IndexedIn, RunQuery, Status};
use serde::{Deserialize, Serialize};

/// The conditions of a list of runs, without order, limit and cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
// A condition that this version does not know must not be left out: the job would act on other runs.
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<IndexedIn>,
    started: (Option<i64>, Option<i64>),
    changed: (Option<i64>, Option<i64>),
}

impl Filter {
    pub(crate) fn of(query: &RunsQuery) -> Self {
        // Each of a list's conditions is named, so that a new one is not forgotten.
        let RunsQuery { query, parent, fields, with_fields: _, cursor: _ } = query.clone();
        let RunQuery { statuses, workflow, labels, id_prefix, id_contains, created, updated, .. } = query;
        Self {
            status: statuses.iter().map(|status| status.as_str().to_owned()).collect(),
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
        let statuses = Status::ALL.into_iter().filter(|status| self.status.iter().any(|word| word == status.as_str()));
        query.query.statuses = statuses.collect();
        query.query.workflow.clone_from(&self.workflow);
        query.query.labels.clone_from(&self.labels);
        query.query.id_prefix.clone_from(&self.id_prefix);
        query.query.id_contains.clone_from(&self.id_contains);
        (query.query.created, query.query.updated) = (self.started, self.changed);
        query.parent.clone_from(&self.parent);
        query.fields = self.fields.iter().cloned().map(FieldCondition::within).collect();
        query
    }
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
            |query| query.workflow("order").parent("parent-1"),
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
    }
}
