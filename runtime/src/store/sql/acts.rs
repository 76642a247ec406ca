//! Records of actions, and jobs.

use super::columns::{Columns, Flaw, wrong};
use super::read::{Reader, clamped};
use super::rows::FromRow;
use super::tables::Tables;
use super::{Cell, Session};
use crate::store::StoreError;
use crate::store::audit::{ActOutcome, AuditQuery, AuditRow, JobRow};
use std::ops::ControlFlow;

/// The columns of a record, in the order in which they are read.
macro_rules! columns {
    () => {
        "number, key, at, who, why, action, subject, details, outcome"
    };
}

/// Before, limit.
const AUDIT: &str =
    concat!("SELECT ", columns!(), " FROM steadfast_audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2");

/// Before, limit, subject.
const AUDIT_OF_SUBJECT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM steadfast_audit WHERE subject = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2"
);

/// Before, limit, who.
const AUDIT_OF_ACTOR: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM steadfast_audit WHERE who = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2"
);

/// Before, limit, subject, who. A subject has few records and an actor may have most of them: by the index of actors, all of
/// theirs would be read. An expression has no index.
const AUDIT_OF_BOTH: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM steadfast_audit WHERE subject = ?3 AND who || '' = ?4 AND number < ?1 ORDER BY number DESC LIMIT ?2"
);

/// Key.
const AUDIT_OF_KEY: &str = concat!("SELECT ", columns!(), " FROM steadfast_audit WHERE key = ?1");

/// Key.
const OUTCOME: &str = "SELECT outcome FROM steadfast_audit WHERE key = ?1";

/// The columns but the number.
const RECORD: &str = "INSERT INTO steadfast_audit (key, at, who, why, action, subject, details, outcome)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// Key, outcome, details. Apart from the insertion, because one that meets a row draws a number all the same.
const END: &str = "UPDATE steadfast_audit SET outcome = ?2, details = ?3 WHERE key = ?1";

/// Before, limit.
const JOBS: &str = "SELECT number, revision, state FROM steadfast_jobs WHERE number < ?1 ORDER BY number DESC LIMIT ?2";

/// Number.
const JOB: &str = "SELECT number, revision, state FROM steadfast_jobs WHERE number = ?1";

/// Revision, state.
const INSERT_JOB: &str = "INSERT INTO steadfast_jobs (revision, state) VALUES (?1, ?2) RETURNING number";

/// Number, revision, state.
const CHANGE_JOB: &str = "UPDATE steadfast_jobs SET revision = ?2, state = ?3 WHERE number = ?1";

impl FromRow for AuditRow {
    const COLUMNS: &'static [&'static str] =
        &["number", "key", "at", "who", "why", "action", "subject", "details", "outcome"];
    const CALLED: (&'static str, &'static str) = ("record of an action", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        let text = |column| row.text(column).map(str::to_owned);
        let word = row.text("outcome")?;
        let outcome = ActOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
        Ok(Self {
            number: row.int("number")?,
            key: text("key")?,
            at: row.int("at")?,
            who: text("who")?,
            why: text("why")?,
            action: text("action")?,
            subject: text("subject")?,
            details: text("details")?,
            outcome: outcome.ok_or_else(|| wrong("outcome", "an outcome", word))?,
        })
    }
}

impl FromRow for JobRow {
    const COLUMNS: &'static [&'static str] = &["number", "revision", "state"];
    const CALLED: (&'static str, &'static str) = ("job", "number");

    fn from_row(row: &Columns<'_>) -> Result<Self, Flaw> {
        let state = row.text("state")?.to_owned();
        Ok(Self { number: row.int("number")?, revision: row.int("revision")?, state })
    }
}

impl<S: Session> Reader<'_, S> {
    pub(in crate::store) fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        if let Some(key) = &query.key {
            return self.rows(None, AUDIT_OF_KEY, &[Cell::Text(key.as_bytes())]);
        }
        let mut values = vec![Cell::Int(query.before.unwrap_or(i64::MAX)), clamped(query.limit)];
        let texts = [&query.subject, &query.who].into_iter().flatten();
        values.extend(texts.map(|text| Cell::Text(text.as_bytes())));
        let text = match (&query.subject, &query.who) {
            (None, None) => AUDIT,
            (Some(_), None) => AUDIT_OF_SUBJECT,
            (None, Some(_)) => AUDIT_OF_ACTOR,
            (Some(_), Some(_)) => AUDIT_OF_BOTH,
        };
        self.rows(None, text, &values)
    }

    pub(in crate::store) fn jobs(&self, before: i64, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        self.rows(None, JOBS, &[Cell::Int(before), clamped(limit)])
    }

    pub(super) fn job(&self, number: i64) -> Result<Option<JobRow>, StoreError> {
        Ok(self.rows(None, JOB, &[Cell::Int(number)])?.pop())
    }
}

impl<S: Session> Tables<'_, S> {
    pub(super) fn outcome_of(&self, key: &str) -> Result<Option<ActOutcome>, StoreError> {
        let mut found = None;
        self.session.select(OUTCOME, &[Cell::Text(key.as_bytes())], &mut |row| {
            if let Cell::Text(word) = row.cell(0) {
                found = ActOutcome::ALL.into_iter().find(|outcome| outcome.as_str().as_bytes() == word);
            }
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    pub(super) fn put_record(&self, row: &AuditRow) -> Result<(), StoreError> {
        let AuditRow { key, at, who, why, action, subject, details, outcome, .. } = row;
        let end = [key, outcome.as_str(), details].map(|text| Cell::Text(text.as_bytes()));
        if self.session.execute(END, &end)? > 0 {
            return Ok(());
        }
        let values = [
            Cell::Text(key.as_bytes()),
            Cell::Int(*at),
            Cell::Text(who.as_bytes()),
            Cell::Text(why.as_bytes()),
            Cell::Text(action.as_bytes()),
            Cell::Text(subject.as_bytes()),
            Cell::Text(details.as_bytes()),
            Cell::Text(outcome.as_str().as_bytes()),
        ];
        self.execute(RECORD, &values)
    }

    pub(super) fn insert_job_row(&self, row: &JobRow) -> Result<i64, StoreError> {
        self.drawn(INSERT_JOB, &[Cell::Int(row.revision), Cell::Text(row.state.as_bytes())])
    }

    pub(super) fn change_job_row(&self, row: &JobRow) -> Result<(), StoreError> {
        let values = [Cell::Int(row.number), Cell::Int(row.revision), Cell::Text(row.state.as_bytes())];
        self.execute(CHANGE_JOB, &values)
    }
}

/// Returns the queries of this module, for the test of their plans.
#[cfg(all(test, feature = "sqlite"))]
pub(super) fn texts() -> Vec<(String, String)> {
    let texts = [
        ("AUDIT", AUDIT),
        ("AUDIT_OF_SUBJECT", AUDIT_OF_SUBJECT),
        ("AUDIT_OF_ACTOR", AUDIT_OF_ACTOR),
        ("AUDIT_OF_BOTH", AUDIT_OF_BOTH),
        ("AUDIT_OF_KEY", AUDIT_OF_KEY),
        ("OUTCOME", OUTCOME),
        ("RECORD", RECORD),
        ("END", END),
        ("JOBS", JOBS),
        ("JOB", JOB),
        ("INSERT_JOB", INSERT_JOB),
        ("CHANGE_JOB", CHANGE_JOB),
    ];
    texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}
