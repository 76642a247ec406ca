//! Deleting runs.

use super::rig::{Rig, entry, field, number};
use crate::store::{Append, Change, Rejected, RunKey, Status, Store, Write, Written};
use crate::value::Value;

fn delete(run: i64, rows: usize) -> Write {
    Write::Delete { run, rows }
}

/// Starts a run of five entries, two fields and two inbox items, ended or not.
fn full_run<S: Store>(rig: &Rig<S>, id: &str, ended: bool) -> i64 {
    let run = rig.start(id);
    rig.send(run, None).expect("sent");
    rig.send(run, Some("k")).expect("sent");
    let fields = vec![field(2, "x", Value::json("1")), field(2, "y", Value::json("2"))];
    let change = Change {
        status: ended.then_some(Status::Completed),
        wake_at: ended.then_some(None),
        release: ended,
        ..Change::default()
    };
    let append = Append { fields, change, ..rig.append(run, 1, (2..=5).map(entry).collect()) };
    rig.write(Write::from(append)).expect("appended");
    run
}

fn rows<S: Store>(rig: &Rig<S>, run: i64) -> usize {
    rig.entries(run).len() + rig.fields(run).len() + rig.items(RunKey::Number(run)).len()
}

/// A run is deleted in slices of a limited number of rows: it is marked first, and its own row is removed last. The
/// entries of one append may be one row.
pub fn slices_end_with_the_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (full_run(&rig, "a", true), full_run(&rig, "b", false));
    let mut left = rows(&rig, run);
    assert_eq!(left, 9);
    loop {
        match rig.write(delete(run, 2)) {
            Ok(Written::Deleted(true)) => break,
            Ok(Written::Deleted(false)) => {}
            other => panic!("unexpected {other:?}"),
        }
        let row = rig.row(run);
        assert_eq!((row.status, row.lease, row.wake_at), (Status::Deleting, None, None));
        let now = rows(&rig, run);
        assert!(left - now <= 2 + 3 && now < left, "from {left} to {now}");
        left = now;
    }
    assert_eq!(rows(&rig, run), 0);
    assert_eq!(rig.find(RunKey::Id("a")), None);
    assert_eq!(rig.write(delete(run, 2)), Err(Rejected::NoSuchRun));
    assert_eq!(rows(&rig, other), 9, "nothing else is touched");
    assert_eq!(rig.write(delete(full_run(&rig, "c", true), 1_000)), Ok(Written::Deleted(true)), "in one slice");
}

/// Returns the change that parks a run.
fn parked(release: bool) -> Change {
    Change { status: Some(Status::Parked), release, ..Change::default() }
}

/// A run is deleted if it has ended, with or without an owner, or is parked without an owner. One that waits for an engine is not.
pub fn a_run_in_use_is_not_deleted<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = full_run(&rig, "a", false);
    assert_eq!(rig.write(delete(run, 100)), Err(Rejected::Fenced));
    assert_eq!((rig.row(run).status, rows(&rig, run)), (Status::Running, 9));
    rig.write(rig.change(run, parked(false))).expect("parked");
    assert_eq!(rig.write(delete(run, 100)), Err(Rejected::Fenced), "an engine tries it");
    rig.write(rig.change(run, parked(true))).expect("released");
    assert_eq!(rig.write(delete(run, 100)), Ok(Written::Deleted(true)));

    for status in Status::UNFINISHED.into_iter().filter(|status| *status != Status::Parked) {
        let waits = full_run(&rig, status.as_str(), false);
        let change = Change { status: Some(status), release: true, ..Change::default() };
        rig.write(rig.change(waits, change)).expect("released");
        assert_eq!(rig.write(delete(waits, 100)), Err(Rejected::Fenced), "{status} without an owner");
        assert_eq!((rig.row(waits).status, rows(&rig, waits)), (status, 9));
    }

    let owned = rig.start("b");
    rig.write(rig.change(owned, Change { status: Some(Status::Failed), ..Change::default() })).expect("ended");
    assert_eq!(rig.write(delete(owned, 100)), Ok(Written::Deleted(true)));
}

/// A run that is being deleted is not appended to, claimed, sent to, or found by its former lease; its id is taken.
pub fn a_run_being_deleted_does_nothing_more<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = full_run(&rig, "a", false);
    rig.write(rig.change(run, Change { status: Some(Status::Completed), ..Change::default() })).expect("ended");
    assert_eq!(rig.write(delete(run, 1)), Ok(Written::Deleted(false)));
    assert_eq!(rig.write(Write::from(rig.append(run, 5, vec![entry(6)]))), Err(Rejected::Fenced));
    assert_eq!(rig.write(Write::Claim { run, lease: rig.lease }), Err(Rejected::Fenced));
    assert_eq!(rig.send(run, None), Err(Rejected::Ended));
    assert!(rig.items(RunKey::Lease(rig.lease.number)).is_empty());
    let start = rig.write(Write::Start(super::rig::new_run("a", rig.lease)));
    assert_eq!(start, Err(Rejected::Exists(Box::new(rig.row(run)))));
    assert_eq!(rig.write(Write::CloseLease(rig.lease)), Ok(Written::Done), "it holds no lease");
}

/// Once a run is deleted its id may be used again, its number never.
pub fn numbers_are_not_used_again<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let first = full_run(&rig, "a", true);
    let again = rig.batch(&[delete(first, 100), Write::Start(super::rig::new_run("a", rig.lease))]);
    assert_eq!(again[0], Ok(Written::Deleted(true)));
    let second = number(again[1].clone());
    assert!(second > first);
    assert_eq!((rows(&rig, second), rows(&rig, first)), (1, 0));
    assert_eq!(rig.find(RunKey::Id("a")).map(|row| row.number), Some(second));
}
