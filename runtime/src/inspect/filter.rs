//! The filter of a list of runs as a job keeps it.

use super::runs::RunsQuery;
use crate::store::{RunQuery, Status};
use serde::{Deserialize, Serialize};

/// The conditions of a list of runs, without order, limit and cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    started: (Option<i64>, Option<i64>),
    changed: (Option<i64>, Option<i64>),
}

impl Filter {
    pub(crate) fn of(query: &RunsQuery) -> Self {
        let RunQuery { statuses, workflow, labels, id_prefix, id_contains, created, updated, .. } = query.query.clone();
        Self {
            status: statuses.iter().map(|status| status.as_str().to_owned()).collect(),
            workflow,
            labels,
            id_prefix,
            id_contains,
            parent: query.parent.clone(),
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
        query
    }
}
