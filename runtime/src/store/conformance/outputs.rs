//! Outputs of runs.

use super::rig::{AT, Rig};
use crate::store::{Outgoing, OutputRow, Status, Store, Write, Written};
use crate::value::Value;

pub(super) fn put(channel: &str, value: Option<Value>) -> Outgoing {
    Outgoing::Put { channel: channel.to_owned(), seq: 2, value }
}

pub(super) fn items<S: Store>(rig: &Rig<S>, first_run: i64, channel: &str) -> Vec<u64> {
    let rows = rig.store.outputs(first_run, channel, 0, usize::MAX, false).expect("read");
    rows.into_iter().map(|row| row.item).collect()
}

/// Items are numbered in each channel of each first run, from 1 without gaps, and come back as they were written.
pub fn items_are_numbered_by_channel<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let (json, raw) = (Value::json("1"), Value::raw(vec![0, 255]));
    let outgoing = vec![put("x", Some(json.clone())), put("y", Some(raw.clone())), put("x", Some(raw.clone()))];
    assert_eq!(rig.outgoing(a, outgoing), (vec![Ok(1), Ok(1), Ok(2)], vec![]));
    assert_eq!(rig.outgoing(a, vec![put("x", None)]).0, [Ok(3)]);
    assert_eq!(rig.outgoing(b, vec![put("x", Some(json.clone()))]).0, [Ok(1)]);
    let row = |item, value| OutputRow { item, run: a, seq: 2, at: AT + 1, value };
    let expected = [row(1, Some(json)), row(2, Some(raw)), row(3, None)];
    assert_eq!(rig.store.outputs(a, "x", 0, 9, false).expect("read"), expected);
    assert_eq!((items(&rig, a, "y"), items(&rig, b, "x"), items(&rig, b, "y")), (vec![1], vec![1], vec![]));
}

/// Items are read in pages after a number, or the newest of them, always in order.
pub fn items_are_read_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.outgoing(run, (0..10).map(|n| put("x", Some(Value::json(n.to_string())))).collect());
    let page = |after, limit, newest| -> Vec<u64> {
        let rows = rig.store.outputs(run, "x", after, limit, newest).expect("read");
        rows.into_iter().map(|row| row.item).collect()
    };
    assert_eq!((page(0, 3, false), page(3, 2, false), page(9, 5, false)), (vec![1, 2, 3], vec![4, 5], vec![10]));
    assert_eq!((page(0, 3, true), page(8, 5, true), page(0, 1, true)), (vec![8, 9, 10], vec![9, 10], vec![10]));
    assert!(page(10, 5, false).is_empty() && page(u64::MAX, 5, true).is_empty() && page(0, 0, true).is_empty());
}

/// Outputs of a run stay after its end, and are deleted with it.
pub fn items_go_with_the_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    for run in [run, other] {
        rig.outgoing(run, (0..5).map(|_| put("x", None)).collect());
    }
    rig.end(run, Status::Completed);
    assert_eq!(items(&rig, run, "x").len(), 5);
    while rig.write(Write::Delete { run, rows: 2 }) == Ok(Written::Deleted(false)) {}
    assert_eq!((items(&rig, run, "x").len(), items(&rig, other, "x").len()), (0, 5));
}
