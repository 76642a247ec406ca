//! The queries of the core, for the test of their plans.

use super::find::ways;
use super::queries::{ALL, tasks};
use super::select::select_runs;
use crate::store::{IndexedIn, RunQuery, Status};
use std::ops::Bound;
use std::sync::Arc;

/// Returns name and text of every query.
pub(in crate::store) fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<_> =
        ALL.iter().chain(tasks::ALL).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let workflows = ["order", "refund"].map(str::to_owned);
    for query in lists().into_iter().chain(of_inspections()).chain(by_fields()) {
        for way in ways(&query, Some(&workflows)).expect("a list of users") {
            texts.push((format!("{query:?}"), way.text));
        }
    }
    for query in lists() {
        for after_id in [None, Some("b".to_owned())] {
            let query = RunQuery { by_id: true, after_id, ..query.clone() };
            texts.push((format!("{query:?}"), select_runs(&query).0));
        }
    }
    texts.extend(super::waiting::texts());
    texts.extend(super::schedules::texts());
    texts.extend(super::acts::texts());
    texts.extend(super::traces::texts());
    texts.extend(of_the_engine().into_iter().map(|query| (format!("{query:?}"), select_runs(&query).0)));
    texts
}

/// Returns the queries of `RunFilter`: each condition alone, and in combination.
fn lists() -> Vec<RunQuery> {
    let statuses = [vec![], vec![Status::Parked], vec![Status::Running, Status::Sleeping]];
    let workflows = [None, Some("order".to_owned())];
    let prefixes = [None, Some("a".to_owned()), Some("\u{10FFFF}".to_owned())];
    let label = |n: u8| (format!("label-{n}"), "value".to_owned());
    let mut lists = Vec::new();
    for statuses in statuses {
        for workflow in &workflows {
            for id_prefix in &prefixes {
                for labels in [vec![], vec![label(1)], vec![label(1), label(2)]] {
                    let (statuses, workflow, id_prefix) = (statuses.clone(), workflow.clone(), id_prefix.clone());
                    lists.push(RunQuery { statuses, workflow, id_prefix, labels, ..RunQuery::default() });
                }
            }
        }
    }
    lists
}

/// Returns searches for indexed fields, in both orders: of single values, of a range, and of several fields.
fn by_fields() -> Vec<RunQuery> {
    let key = |n: u8| Bound::Included(format!("\"{n}"));
    let one = IndexedIn { name: "status".to_owned(), ranges: vec![(key(1), key(1))] };
    let two = IndexedIn { name: "status".to_owned(), ranges: vec![(key(1), key(1)), (key(2), key(2))] };
    let range = IndexedIn { name: "total".to_owned(), ranges: vec![(key(1), Bound::Unbounded)] };
    let mut queries = Vec::new();
    for fields in [vec![one.clone()], vec![two], vec![range.clone()], vec![one, range]] {
        for newest_first in [true, false] {
            for statuses in [vec![], vec![Status::Parked]] {
                queries.push(RunQuery { fields: fields.clone(), newest_first, statuses, ..RunQuery::default() });
            }
        }
    }
    queries
}

/// Returns the queries of an inspection: newest first, by text and time, the children of a run.
fn of_inspections() -> Vec<RunQuery> {
    let mut queries = Vec::new();
    for query in lists() {
        for parent in [None, Some(1)] {
            let newest = RunQuery { newest_first: true, parent, after: Some(9), ..query.clone() };
            let (id_contains, created) = (Some("b".to_owned()), (Some(1), Some(2)));
            queries.push(RunQuery { id_contains, created, updated: (Some(3), None), ..newest.clone() });
            queries.push(newest);
        }
    }
    queries
}

/// Returns the engine's queries: due runs, the next page, children, copies.
fn of_the_engine() -> Vec<RunQuery> {
    let due = RunQuery { lease: Some(1), wake_at: Some((0, 9)), by_wake_at: true, ..RunQuery::default() };
    vec![
        RunQuery { after_due: Some((3, 4)), ..due.clone() },
        due,
        RunQuery { forked_from: Some(1), after: Some(2), ..RunQuery::default() },
        RunQuery {
            unowned: Some(Arc::new(vec![("order".to_owned(), 1), ("ship".to_owned(), 2)])),
            ..RunQuery::default()
        },
    ]
}
