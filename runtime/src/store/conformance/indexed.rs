//! Indexed fields, and the runs that are found by them.

use super::rig::{Rig, assert_refused, new_run, number};
use crate::store::{
    ImportedRun, IndexedIn, KeyRange, NewRun, Outgoing, Rejected, RunKey, RunQuery, Status, Store, Write, Written,
};
use std::ops::Bound;

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn index(workflow: &str, name: &str, value: Option<&str>) -> Outgoing {
    Outgoing::Index { workflow: workflow.into(), name: name.into(), value: value.map(Into::into) }
}

fn at(key: &str) -> KeyRange {
    (Bound::Included(key.to_owned()), Bound::Included(key.to_owned()))
}

fn within(name: &str, ranges: Vec<KeyRange>) -> RunQuery {
    RunQuery { fields: vec![IndexedIn { name: name.to_owned(), ranges }], ..RunQuery::default() }
}

fn found<S: Store>(rig: &Rig<S>, query: &RunQuery) -> Vec<String> {
    rig.store.runs(query).expect("runs can be read").runs.into_iter().map(|row| row.id).collect()
}

fn start<S: Store>(rig: &Rig<S>, id: &str, workflow: &str, fields: &[(&str, &str)]) -> i64 {
    let run = number(rig.write(Write::Start(NewRun { workflow: workflow.to_owned(), ..new_run(id, rig.lease) })));
    if !fields.is_empty() {
        rig.outgoing(run, fields.iter().map(|(name, value)| index(workflow, name, Some(value))).collect());
    }
    run
}

/// A field has the key that was written last, which can be repeated, and goes with its run.
pub fn indexed_fields_are_kept<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (start(&rig, "a", "order", &[("status", "\"new")]), start(&rig, "b", "order", &[]));
    let changes =
        [index("order", "status", Some("\"paid")), index("order", "ä", Some("")), index("order", "none", None)];
    for _ in 0..2 {
        rig.outgoing(run, changes.to_vec());
        assert_eq!(rig.store.indexed(run).expect("read"), pairs(&[("status", "\"paid"), ("ä", "")]));
    }
    rig.outgoing(run, vec![index("order", "ä", Some("x")), index("order", "ä", None)]);
    let of_both = rig.store.indexed_of(&[other, run, 999]).expect("read");
    assert_eq!(of_both, [vec![], pairs(&[("status", "\"paid")]), vec![]]);
    assert_eq!(found(&rig, &within("status", vec![at("\"paid")])), ["a"]);
    assert!(found(&rig, &within("status", vec![at("\"new")])).is_empty());

    rig.end(run, Status::Completed);
    while rig.write(Write::Delete { run, rows: 1 }) == Ok(Written::Deleted(false)) {}
    assert_eq!(rig.store.indexed(run).expect("read"), []);
    assert!(found(&rig, &within("status", vec![(Bound::Unbounded, Bound::Unbounded)])).is_empty());
}

/// A run that is imported brings its keys, each once.
pub fn indexed_fields_are_imported<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let import = |id: &str, fields: &[(&str, &str)]| {
        let run = ImportedRun { indexed: pairs(fields), ..super::import::imported(id, None) };
        Write::Import(Box::new(run))
    };
    let run = number(rig.write(import("c", &[("total", "i015")])));
    assert_eq!(rig.store.indexed(run).expect("read"), pairs(&[("total", "i015")]));
    assert_eq!(found(&rig, &within("total", vec![at("i015")])), ["c"]);
    assert_refused(&rig.write(import("d", &[("total", "i015"), ("total", "i016")])));
    assert_eq!(rig.find(RunKey::Id("d")), None);
}

/// The fields of a run are replaced as a whole if nothing was appended meanwhile.
pub fn indexed_fields_are_replaced<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = start(&rig, "a", "order", &[("old", "\"x"), ("status", "\"new")]);
    let seq = rig.find(RunKey::Id("a")).expect("there").seq;
    let fields = pairs(&[("status", "\"paid"), ("total", "i015")]);
    let write = |run: i64, seq: u64| Write::Index { run, seq, fields: fields.clone() };
    assert_eq!(rig.write(write(run, seq + 1)), Err(Rejected::Fenced));
    assert_eq!(rig.write(write(run + 1, seq)), Err(Rejected::NoSuchRun));
    assert_eq!(rig.store.indexed(run).expect("read"), pairs(&[("old", "\"x"), ("status", "\"new")]));
    assert_eq!(rig.write(write(run, seq)), Ok(Written::Done));
    assert_eq!(rig.store.indexed(run).expect("read"), fields);
}

/// Runs are found by ranges of keys, compared byte by byte, in one workflow or in all, with every other condition.
pub fn runs_by_field<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for (id, workflow, fields) in [
        ("a", "order", &[("status", "\"paid"), ("total", "i011")][..]),
        ("b", "order", &[("status", "\"new"), ("total", "i0210")]),
        ("c", "refund", &[("status", "\"paid"), ("total", "i0250")]),
        ("d", "order", &[]),
        ("e", "order", &[("status", "null"), ("total", "i0270")]),
        ("f", "order", &[("status", "\"paid"), ("total", "i0290")]),
    ] {
        start(&rig, id, workflow, fields);
    }
    let from = |key: &str| (Bound::Included(key.to_owned()), Bound::Unbounded);
    let paid = within("status", vec![at("\"paid")]);
    assert_eq!(found(&rig, &paid), ["a", "c", "f"]);
    assert_eq!(found(&rig, &RunQuery { newest_first: true, ..paid.clone() }), ["f", "c", "a"]);
    assert_eq!(found(&rig, &within("status", vec![at("\"new"), at("\"paid"), at("null")])), ["a", "b", "c", "e", "f"]);
    let total = within("total", vec![from("i0210")]);
    assert_eq!(found(&rig, &total), ["b", "c", "e", "f"]);
    assert_eq!(
        found(&rig, &within("total", vec![(Bound::Excluded("i0210".into()), Bound::Excluded("i0290".into()))])),
        ["c", "e"]
    );
    let order = RunQuery { workflow: Some("order".to_owned()), ..total.clone() };
    assert_eq!(found(&rig, &order), ["b", "e", "f"]);
    let both = RunQuery { fields: [paid.fields.clone(), total.fields.clone()].concat(), ..order.clone() };
    assert_eq!(found(&rig, &both), ["f"]);
    assert!(found(&rig, &within("status", vec![])).is_empty());
    assert!(found(&rig, &within("none", vec![from("")])).is_empty());
    assert!(found(&rig, &RunQuery { workflow: Some("none".to_owned()), ..paid.clone() }).is_empty());

    for query in [&paid, &total] {
        let all = found(&rig, query);
        let (mut page, mut seen) = (RunQuery { limit: 1, ..query.clone() }, Vec::new());
        loop {
            let read = rig.store.runs(&page).expect("read");
            seen.extend(read.runs.into_iter().map(|row| row.id));
            match read.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, all, "each page goes on where the one before ended");
        assert_eq!(
            rig.store.count(&RunQuery { limit: 100, ..query.clone() }).expect("counted"),
            (all.len() as u64, false)
        );
    }
    let c = rig.find(RunKey::Id("c")).expect("there").number;
    rig.end(c, Status::Failed);
    assert_eq!(found(&rig, &RunQuery { statuses: vec![Status::Failed], ..total }), ["c"]);
    assert_eq!(found(&rig, &RunQuery { id_prefix: Some("f".to_owned()), ..paid }), ["f"]);
}
