//! Labels, and the runs that are found by them or by their parent.

use super::rig::{Rig, assert_refused, new_run, number};
use crate::store::{ImportedRun, NewRun, Outgoing, RunKey, RunQuery, Status, Store, Write, Written};

fn pairs(labels: &[(&str, &str)]) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn found<S: Store>(rig: &Rig<S>, query: &RunQuery) -> Vec<String> {
    rig.store.runs(query).expect("runs can be read").runs.into_iter().map(|row| row.id).collect()
}

/// Labels come back in order of their names, byte by byte, and are deleted with the run.
pub fn labels_are_kept<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let labels = pairs(&[("team", "red"), ("Team", "blue"), ("ä", ""), ("", "x")]);
    let run = number(rig.write(Write::Start(NewRun { labels, ..new_run("a", rig.lease) })));
    let expected = pairs(&[("", "x"), ("Team", "blue"), ("team", "red"), ("ä", "")]);
    assert_eq!(rig.store.labels(run).expect("read"), expected);
    assert_eq!(rig.store.labels(run + 1).expect("read"), []);
    let twice = NewRun { labels: pairs(&[("a", "1"), ("a", "1")]), ..new_run("b", rig.lease) };
    assert_refused(&rig.write(Write::Start(twice)));
    assert_eq!(rig.find(RunKey::Id("b")), None);
    let imported = ImportedRun { labels: pairs(&[("x", "y")]), ..super::import::imported("c", None) };
    let other = number(rig.write(Write::Import(Box::new(imported))));
    assert_eq!(rig.store.labels(other).expect("read"), pairs(&[("x", "y")]));

    rig.end(run, Status::Completed);
    assert_eq!(rig.store.labels(run).expect("read"), expected);
    while rig.write(Write::Delete { run, rows: 1 }) == Ok(Written::Deleted(false)) {}
    assert_eq!(rig.store.labels(run).expect("read"), []);
    assert!(found(&rig, &RunQuery { labels: pairs(&[("team", "red")]), ..RunQuery::default() }).is_empty());
}

/// A label that the run sets replaces the one by that name, and a removed one is gone; both can be repeated.
pub fn labels_are_changed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let labels = pairs(&[("stage", "new"), ("team", "red")]);
    let run = number(rig.write(Write::Start(NewRun { labels, ..new_run("a", rig.lease) })));
    let other = rig.start("b");
    let label = |name: &str, value: Option<&str>| Outgoing::Label { name: name.into(), value: value.map(Into::into) };
    let changes = [label("stage", Some("sent")), label("team", None), label("none", None), label("ä", Some(""))];
    for _ in 0..2 {
        rig.outgoing(run, changes.to_vec());
        assert_eq!(rig.store.labels(run).expect("read"), pairs(&[("stage", "sent"), ("ä", "")]));
    }
    assert_eq!(rig.store.labels(other).expect("read"), []);
    let by = |value: &str| RunQuery { labels: pairs(&[("stage", value)]), ..RunQuery::default() };
    assert_eq!(found(&rig, &by("sent")), ["a"]);
    assert!(found(&rig, &by("new")).is_empty());
}

/// Runs are found by all labels of the query, together with every other condition.
pub fn runs_by_label<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for (id, labels) in [
        ("a", pairs(&[("team", "red"), ("size", "big")])),
        ("b", pairs(&[("team", "red"), ("size", "small")])),
        ("c", pairs(&[("team", "blue"), ("size", "big")])),
        ("d", pairs(&[])),
    ] {
        number(rig.write(Write::Start(NewRun { labels, ..new_run(id, rig.lease) })));
    }
    let by = |labels: &[(&str, &str)]| RunQuery { labels: pairs(labels), ..RunQuery::default() };
    assert_eq!(found(&rig, &by(&[("team", "red")])), ["a", "b"]);
    assert_eq!(found(&rig, &by(&[("size", "big")])), ["a", "c"]);
    assert_eq!(found(&rig, &by(&[("team", "red"), ("size", "big")])), ["a"]);
    assert!(found(&rig, &by(&[("team", "RED")])).is_empty());
    assert!(found(&rig, &by(&[("team", "red"), ("team", "blue")])).is_empty());
    assert_eq!(found(&rig, &RunQuery { limit: 1, ..by(&[("team", "red")]) }), ["a"]);
    assert_eq!(found(&rig, &RunQuery { after: Some(1), ..by(&[("team", "red")]) }), ["b"]);
    let b = rig.find(RunKey::Id("b")).expect("there").number;
    rig.end(b, Status::Failed);
    assert_eq!(found(&rig, &RunQuery { statuses: vec![Status::Failed], ..by(&[("team", "red")]) }), ["b"]);
    assert_eq!(found(&rig, &RunQuery { lease: Some(rig.lease.number), ..by(&[("team", "red")]) }), ["a"]);
}

/// Runs are found by their parent.
pub fn runs_by_parent<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (one, two) = (rig.start("one"), rig.start("two"));
    for (id, parent) in [("a", one), ("b", two), ("c", one), ("d", one)] {
        number(rig.write(Write::Start(NewRun { parent: Some(parent), ..new_run(id, rig.lease) })));
    }
    let of = |parent| RunQuery { parent: Some(parent), ..RunQuery::default() };
    assert_eq!((found(&rig, &of(one)).concat(), found(&rig, &of(two)).concat()), ("acd".to_owned(), "b".to_owned()));
    let c = rig.find(RunKey::Id("c")).expect("there").number;
    assert_eq!(found(&rig, &RunQuery { after: Some(c), ..of(one) }), ["d"]);
    rig.end(c, Status::Completed);
    assert_eq!(found(&rig, &RunQuery { statuses: vec![Status::Completed], ..of(one) }), ["c"]);
    assert_eq!(rig.write(Write::Delete { run: c, rows: 100 }), Ok(Written::Deleted(true)));
    assert_eq!(found(&rig, &RunQuery { lease: Some(rig.lease.number), ..of(one) }), ["a", "d"]);
    assert!(found(&rig, &of(c)).is_empty());
}
