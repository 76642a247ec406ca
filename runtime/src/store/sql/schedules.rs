//! Schedules, and which of them are due.

use super::read::{Reader, clamped};
use super::{Cell, Session, queries};
use crate::store::{NextSchedule, ScheduleRow, StoreError, StoreErrorKind};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// The columns of a schedule, in the order in which they are read.
macro_rules! columns {
    () => {
        "name, workflow, version, spec, revision, due, state, form, body"
    };
}

/// Name.
const SCHEDULE: &str = concat!("SELECT ", columns!(), " FROM steadfast_schedules WHERE name = ?1");

/// After, limit.
const SCHEDULES: &str =
    concat!("SELECT ", columns!(), " FROM steadfast_schedules WHERE name > ?1 ORDER BY name LIMIT ?2");

/// The columns.
pub(super) const PUT_SCHEDULE: &str = concat!(
    "INSERT INTO steadfast_schedules (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (name) DO UPDATE SET workflow = excluded.workflow, version = excluded.version, spec = excluded.spec,
            revision = excluded.revision, due = excluded.due, state = excluded.state, form = excluded.form,
            body = excluded.body"
);

/// Name.
pub(in crate::store) const REMOVE_SCHEDULE: &str = "DELETE FROM steadfast_schedules WHERE name = ?1";

/// Returns the condition that the workflow of a schedule is among these, whose values are added.
fn served<'a>(served: &'a [(String, u32)], values: &mut Vec<Cell<'a>>) -> String {
    let one_of = served.iter().map(|(workflow, version)| {
        values.extend([Cell::Text(workflow.as_bytes()), Cell::Int((*version).into())]);
        format!("workflow = ?{} AND version = ?{}", values.len() - 1, values.len())
    });
    let one_of: Vec<String> = one_of.collect();
    format!("({})", one_of.join(" OR "))
}

/// Returns the condition, after others, that the name of a schedule is none of these, whose values are added.
fn not_of<'a>(except: &'a BTreeSet<String>, values: &mut Vec<Cell<'a>>) -> String {
    if except.is_empty() {
        return String::new();
    }
    let names = except.iter().map(|name| {
        values.push(Cell::Text(name.as_bytes()));
        format!("?{}", values.len())
    });
    let names: Vec<String> = names.collect();
    format!(" AND name NOT IN ({})", names.join(", "))
}

fn next<'a>(of: &'a [(String, u32)], except: &'a BTreeSet<String>) -> (String, Vec<Cell<'a>>) {
    let mut values = Vec::new();
    let of = served(of, &mut values);
    let except = not_of(except, &mut values);
    let text = format!(
        "SELECT due, {} FROM steadfast_schedules WHERE due IS NOT NULL AND {of}{except} ORDER BY due, name LIMIT 1",
        queries::NOW
    );
    (text, values)
}

fn due<'a>(
    of: Option<&'a [(String, u32)]>,
    except: &'a BTreeSet<String>,
    until: i64,
    limit: usize,
) -> (String, Vec<Cell<'a>>) {
    let mut values = vec![Cell::Int(until), clamped(limit)];
    let of = of.map_or_else(String::new, |of| format!(" AND {}", served(of, &mut values)));
    let except = not_of(except, &mut values);
    let text = format!(
        "SELECT {} FROM steadfast_schedules WHERE due <= ?1{of}{except} ORDER BY due, name LIMIT ?2",
        columns!()
    );
    (text, values)
}

impl<S: Session> Reader<'_, S> {
    pub(in crate::store) fn clock(&self) -> Result<i64, StoreError> {
        let mut now = None;
        self.session.select(queries::tasks::CLOCK, &[], &mut |row| {
            if let Cell::Int(found) = row.cell(0) {
                now = Some(found);
            }
            ControlFlow::Break(())
        })?;
        now.ok_or_else(|| StoreError::new(StoreErrorKind::Refused, "the database has no clock"))
    }

    pub(in crate::store) fn schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        Ok(self.rows(None, SCHEDULE, &[Cell::Text(name.as_bytes())])?.pop())
    }

    pub(in crate::store) fn schedules(&self, after: &str, limit: usize) -> Result<Vec<ScheduleRow>, StoreError> {
        self.rows(None, SCHEDULES, &[Cell::Text(after.as_bytes()), clamped(limit)])
    }

    pub(in crate::store) fn next_schedule(
        &self,
        of: &[(String, u32)],
        except: &BTreeSet<String>,
    ) -> Result<Option<NextSchedule>, StoreError> {
        if of.is_empty() {
            return Ok(None);
        }
        let mut found = None;
        let (text, values) = next(of, except);
        self.session.select(&text, &values, &mut |row| {
            if let (Cell::Int(due), Cell::Int(now)) = (row.cell(0), row.cell(1)) {
                found = Some(NextSchedule { due, now });
            }
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    pub(in crate::store) fn due_schedules(
        &self,
        of: Option<&[(String, u32)]>,
        except: &BTreeSet<String>,
        until: i64,
        limit: usize,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        if of.is_some_and(<[_]>::is_empty) {
            return Ok(Vec::new());
        }
        let (text, values) = due(of, except, until, limit);
        self.rows(None, &text, &values)
    }
}

/// Returns the queries of this module, for the test of their plans.
#[cfg(all(test, feature = "sqlite"))]
pub(super) fn texts() -> Vec<(String, String)> {
    let of = [("report".to_owned(), 1), ("sync".to_owned(), 2)];
    let (none, some) = (BTreeSet::new(), BTreeSet::from(["nightly".to_owned(), "weekly".to_owned()]));
    vec![
        ("SCHEDULE".to_owned(), SCHEDULE.to_owned()),
        ("SCHEDULES".to_owned(), SCHEDULES.to_owned()),
        ("PUT_SCHEDULE".to_owned(), PUT_SCHEDULE.to_owned()),
        ("REMOVE_SCHEDULE".to_owned(), REMOVE_SCHEDULE.to_owned()),
        ("next schedule".to_owned(), next(&of, &none).0),
        ("next schedule but some".to_owned(), next(&of, &some).0),
        ("due schedules".to_owned(), due(Some(&of), &none, 9, 2).0),
        ("due schedules but some".to_owned(), due(Some(&of), &some, 9, 2).0),
        ("due schedules of any workflow".to_owned(), due(None, &none, 9, 2).0),
    ]
}
