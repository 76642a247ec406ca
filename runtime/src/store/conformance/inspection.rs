//! What people look for: lists in either order, counts, the channels and requests of a run, sizes.

use super::outputs::put;
use super::requests::{answer, request};
use super::rig::{AT, Rig, new_run, number};
use crate::store::{Change, NewRun, Outgoing, RequestKey, RunQuery, Status, Store, Write};
use crate::value::Value;

/// Returns the ids of all pages of a query, and how many pages there were.
fn pages<S: Store>(rig: &Rig<S>, query: &RunQuery) -> (Vec<String>, usize) {
    let (mut query, mut ids, mut pages) = (query.clone(), Vec::new(), 0);
    loop {
        let page = rig.store.runs(&query).expect("runs can be read");
        assert!(page.runs.len() <= query.limit && page.damaged.is_empty());
        pages += 1;
        ids.extend(page.runs.into_iter().map(|row| row.id));
        let Some(next) = page.next else { return (ids, pages) };
        assert_ne!(query.after, Some(next), "a page goes on");
        query.after = Some(next);
    }
}

/// Runs come in descending order of their number on request, page by page, with every condition.
pub fn runs_newest_first<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let parent = rig.start("parent");
    for n in 0..10 {
        let new = NewRun {
            parent: (n % 2 == 0).then_some(parent),
            workflow: if n < 7 { "order" } else { "refund" }.to_owned(),
            labels: vec![("tenant".to_owned(), format!("t{}", n % 3))],
            ..new_run(&format!("a-{n}"), rig.lease)
        };
        let run = number(rig.write(Write::Start(new)));
        if n % 4 == 0 {
            rig.write(rig.change(run, Change { status: Some(Status::Parked), ..Change::default() })).expect("changed");
        }
    }
    let all = RunQuery { newest_first: true, limit: 3, ..RunQuery::default() };
    let ids = |query: &RunQuery| {
        pages(&rig, query).0.iter().map(|id| id.trim_start_matches("a-").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&all), ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0", "parent"]);
    let parked = RunQuery { statuses: vec![Status::Parked], ..all.clone() };
    assert_eq!(ids(&parked), ["8", "4", "0"]);
    assert_eq!(ids(&RunQuery { statuses: vec![Status::Parked, Status::Running], limit: 4, ..all.clone() }).len(), 11);
    assert_eq!(ids(&RunQuery { workflow: Some("refund".to_owned()), ..all.clone() }), ["9", "8", "7"]);
    let tenant = RunQuery { labels: vec![("tenant".to_owned(), "t0".to_owned())], ..all.clone() };
    assert_eq!(ids(&tenant), ["9", "6", "3", "0"]);
    assert_eq!(ids(&RunQuery { statuses: vec![Status::Parked], ..tenant }), ["0"]);
    assert_eq!(ids(&RunQuery { parent: Some(parent), limit: 2, ..all.clone() }), ["8", "6", "4", "2", "0"]);
    assert_eq!(ids(&RunQuery { parent: Some(parent), ..parked }), ["8", "4", "0"]);
    assert_eq!(ids(&RunQuery { id_prefix: Some("a-".to_owned()), limit: 4, ..all.clone() }).len(), 10);
    assert!(ids(&RunQuery { workflow: Some("none".to_owned()), ..all }).is_empty());
}

/// Runs are found by a text in their id, and by the times of their start and of their last change.
pub fn runs_by_text_and_time<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for (n, id) in (0..).zip(["order-1", "Order-2", "re%order", "\u{e9}-order", "x"]) {
        let at = AT + 10 * n;
        let run = number(rig.write(Write::Start(NewRun { at, ..new_run(id, rig.lease) })));
        let change = Change { status: Some(Status::Sleeping), ..Change::default() };
        let append = crate::store::Append { change, at: at + 100, ..rig.append(run, 1, Vec::new()) };
        rig.write(Write::from(append)).expect("changed");
    }
    for newest_first in [false, true] {
        let all = RunQuery { newest_first, limit: 2, ..RunQuery::default() };
        let ids = |query: RunQuery| {
            let mut ids = pages(&rig, &query).0;
            if newest_first {
                ids.reverse();
            }
            ids
        };
        let text = |text: &str| RunQuery { id_contains: Some(text.to_owned()), ..all.clone() };
        assert_eq!(ids(text("order")), ["order-1", "re%order", "\u{e9}-order"]);
        assert_eq!(
            (ids(text("%")), ids(text("\u{e9}"))),
            (vec!["re%order".to_owned()], vec!["\u{e9}-order".to_owned()])
        );
        assert_eq!((ids(text("")).len(), ids(text("_")).len()), (5, 0));
        let created = |from, to| RunQuery { created: (from, to), ..all.clone() };
        assert_eq!(ids(created(Some(AT + 10), Some(AT + 30))), ["Order-2", "re%order"]);
        assert_eq!((ids(created(Some(AT + 40), None)), ids(created(None, Some(AT))).len()), (vec!["x".to_owned()], 0));
        let updated = RunQuery { updated: (Some(AT + 110), Some(AT + 130)), ..text("order") };
        assert_eq!(ids(updated), ["re%order"]);
    }
}

/// A search among many rows for few ends after some rows, and the next page goes on from there: nothing is left out.
pub fn a_search_ends_after_so_many_rows<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for n in 0..60 {
        rig.start(&format!("{}-{n}", if n % 20 == 7 { "needle" } else { "straw" }));
    }
    for newest_first in [false, true] {
        for (limit, most_rows) in [(1, 5), (2, 10), (10, 7), (10, 1_000)] {
            let text = Some("needle".to_owned());
            let query = RunQuery { id_contains: text, newest_first, most_rows, limit, ..RunQuery::default() };
            let (mut ids, count) = pages(&rig, &query);
            if newest_first {
                ids.reverse();
            }
            assert_eq!(ids, ["needle-7", "needle-27", "needle-47"]);
            assert!(count <= 15, "{count} pages of {most_rows} rows");
        }
    }
}

/// Runs are counted up to a limit.
pub fn runs_are_counted<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for n in 0..12 {
        let run = rig.start(&format!("{}-{n}", if n < 4 { "a" } else { "b" }));
        if n % 3 == 0 {
            rig.write(rig.change(run, Change { status: Some(Status::Parked), ..Change::default() })).expect("changed");
        }
    }
    let count = |query: RunQuery| rig.store.count(&query).expect("counted");
    let all = |limit| RunQuery { limit, ..RunQuery::default() };
    assert_eq!((count(all(100)), count(all(12)), count(all(11))), ((12, false), (12, false), (11, true)));
    let parked = |limit| RunQuery { statuses: vec![Status::Parked], ..all(limit) };
    assert_eq!((count(parked(100)), count(parked(3))), ((4, false), (3, true)));
    let text = RunQuery { id_contains: Some("a-".to_owned()), ..parked(100) };
    assert_eq!((count(text.clone()), count(RunQuery { newest_first: true, ..text })), ((2, false), (2, false)));
    assert_eq!(count(RunQuery { id_prefix: Some("b".to_owned()), ..all(5) }), (5, true));
}

/// The channels of a first run come in pages, each once, however many items it has.
pub fn channels_come_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    let names = ["stream:x", "value:b", "stream:y", "value:a", "value:b", "stream:x"];
    rig.outgoing(run, names.map(|name| put(name, Some(Value::json("1")))).to_vec());
    rig.outgoing(other, vec![put("value:z", None)]);
    let channels = |run, after: &str, limit| rig.store.channels(run, after, limit).expect("read");
    assert_eq!(channels(run, "", 9), ["stream:x", "stream:y", "value:a", "value:b"]);
    assert_eq!((channels(run, "stream:y", 1), channels(run, "value:b", 9)), (vec!["value:a".to_owned()], vec![]));
    assert_eq!((channels(other, "", 9), channels(99, "", 9)), (vec!["value:z".to_owned()], vec![]));
}

/// The requests of a run come in pages, answered or not.
pub fn requests_of_a_run_come_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    rig.outgoing(run, ["r3", "r1", "r2"].map(|id| Outgoing::Ask(request(id, run))).to_vec());
    rig.outgoing(other, vec![Outgoing::Ask(request("r0", other))]);
    rig.write(answer("r2", "h1")).expect("answered");
    let ids = |after, limit| {
        let rows = rig.store.requests(RequestKey::OfRun { run, after, limit }).expect("read");
        rows.into_iter().map(|row| (row.id, row.answered.is_some())).collect::<Vec<_>>()
    };
    let row = |id: &str, answered| (id.to_owned(), answered);
    assert_eq!(ids("", 9), [row("r1", false), row("r2", true), row("r3", false)]);
    assert_eq!((ids("r1", 1), ids("r3", 9)), (vec![row("r2", true)], vec![]));
}

/// A database has sizes, each table once, and to measure changes nothing.
pub fn a_database_is_measured<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    rig.start("a");
    let before = rig.store.run(crate::store::RunKey::Id("a")).expect("read");
    for thoroughly in [false, true] {
        let measured = rig.store.measure(thoroughly).expect("measured");
        let names: Vec<_> = measured.tables.iter().map(|table| table.name.clone()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        assert!(!thoroughly || names.iter().any(|name| name == "steadfast_runs"), "{names:?}");
    }
    assert_eq!(rig.store.run(crate::store::RunKey::Id("a")).expect("read"), before);
}
