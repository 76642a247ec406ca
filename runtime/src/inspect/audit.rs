//! What operators have done: records of their actions.

use super::InspectError;
use super::inspector::Inspector;
use super::page::{Page, Paging};
use crate::record::millis::moment;
use crate::store;
use serde::Serialize;
use std::time::SystemTime;

/// The record of an action, as an [`Operator`](crate::operate::Operator) writes it in the commit of its effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number, in the order of the actions.
    pub number: i64,
    /// The time of the action, by the clock of the database.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The name of the actor.
    pub who: String,
    /// The reason that the actor gave; empty if none.
    pub why: String,
    /// The action: `cancel`, `pause`, `queue_total`, ..
    pub action: String,
    /// What it is about: the id of a run, `queue NAME`, `schedule NAME` or `job N`.
    pub subject: String,
    /// More about it. Inputs, messages and answers are not in it, only their sizes.
    pub details: serde_json::Value,
    /// How it went.
    pub outcome: AuditOutcome,
}

/// How an action went. One that was refused has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It takes several commits, and has not ended, or its process died: it may have had a part of its effect.
    Begun,
    /// It is done.
    Done,
    /// It has failed; the details say why.
    Failed,
}

/// Which records of actions: all, unless restricted.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AuditQuery {
    subject: Option<String>,
    who: Option<String>,
}

impl AuditQuery {
    /// Selects every record.
    pub fn all() -> Self {
        Self::default()
    }

    /// Selects only records about this: the id of a run, `queue NAME`, `schedule NAME` or `job N`.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Selects only records of this actor.
    pub fn who(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }
}

impl AuditOutcome {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl AuditEntry {
    fn of(row: store::AuditRow) -> Self {
        Self {
            number: row.number,
            at: moment(row.at),
            who: row.who,
            why: row.why,
            action: row.action,
            subject: row.subject,
            details: serde_json::from_str(&row.details).unwrap_or(serde_json::Value::String(row.details)),
            outcome: match row.outcome {
                store::ActOutcome::Begun => AuditOutcome::Begun,
                store::ActOutcome::Done => AuditOutcome::Done,
                store::ActOutcome::Failed => AuditOutcome::Failed,
            },
        }
    }
}

impl Inspector {
    /// Returns a page of the records of actions, the newest first.
    ///
    /// # Errors
    /// The cursor is none of this list, or the database cannot be read.
    pub async fn audit(&self, query: &AuditQuery, paging: &Paging) -> Result<Page<AuditEntry>, InspectError> {
        let (AuditQuery { subject, who }, paging) = (query.clone(), paging.clone());
        self.ask(move |source| {
            let (limit, before) = (paging.checked()?, paging.number::<i64>()?);
            let before = Some(before).filter(|before| *before > 0);
            let rows = source.store.audit(&store::AuditQuery { subject, who, before, limit: limit + 1, key: None })?;
            Ok(Page::of_one_more(rows, limit, |row| row.number.to_string()).map(AuditEntry::of))
        })
        .await
    }
}
