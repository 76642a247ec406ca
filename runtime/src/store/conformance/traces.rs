//! How far spans were exported, and who owes the rest.

use super::rig::{Rig, entry, new_run, number};
use crate::store::{
    Append, Change, Lease, NewRun, Rejected, Status, Store, TraceKey, TraceMark, TracedRow, Write, Written,
};

fn owed<S: Store>(rig: &Rig<S>, which: TraceKey) -> Vec<i64> {
    rig.store.owed_traces(which, 0, 9).expect("read")
}

fn traced<S: Store>(rig: &Rig<S>, run: i64) -> Option<TracedRow> {
    rig.store.traced(run).expect("read")
}

fn mark<S: Store>(rig: &Rig<S>, run: i64, seq: Option<u64>) {
    assert_eq!(rig.write(Write::MarkTraces(vec![TraceMark { run, seq }])), Ok(Written::Done));
}

/// Returns the end of a run whose spans are owed.
fn end<S: Store>(rig: &Rig<S>, run: i64, lease: Lease) -> Write {
    let ending = rig.ending(run, Status::Completed);
    Write::from(Append { lease, change: Change { traced: true, ..ending.change.clone() }, ..ending })
}

/// A mark advances, and never goes back.
pub fn marks_never_go_back<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    assert_eq!(traced(&rig, run), None);
    for (seq, expected) in [(3, 3), (7, 7), (5, 7)] {
        mark(&rig, run, Some(seq));
        assert_eq!(traced(&rig, run), Some(TracedRow { seq: expected, lease: None }));
    }
    let both = vec![TraceMark { run, seq: Some(9) }, TraceMark { run, seq: Some(8) }];
    assert_eq!(rig.write(Write::MarkTraces(both)), Ok(Written::Done));
    assert_eq!(traced(&rig, run), Some(TracedRow { seq: 9, lease: None }));
    assert_eq!(owed(&rig, TraceKey::Lease(rig.lease.number)), Vec::<i64>::new());
    mark(&rig, run + 1, Some(3));
    assert_eq!(traced(&rig, run + 1), None, "there is no such run");
}

/// The spans of a run that ends are owed by the holder of its lease, until they are marked as exported.
pub fn the_end_of_a_run_is_owed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let runs = [rig.start("a"), rig.start("b"), rig.start("c")];
    mark(&rig, runs[0], Some(1));
    let ends: Vec<Write> = runs[..2].iter().map(|run| end(&rig, *run, rig.lease)).collect();
    assert_eq!(rig.batch(&ends), [Ok(Written::Done), Ok(Written::Done)]);
    rig.end(runs[2], Status::Completed);
    let lease = rig.lease.number;
    assert_eq!(owed(&rig, TraceKey::Lease(lease)), runs[..2]);
    assert_eq!(rig.store.owed_traces(TraceKey::Lease(lease), runs[0], 9).expect("read"), [runs[1]]);
    assert_eq!(rig.store.owed_traces(TraceKey::Lease(lease), 0, 1).expect("read"), [runs[0]]);
    assert_eq!((traced(&rig, runs[0]), traced(&rig, runs[2])), (Some(TracedRow { seq: 1, lease: Some(lease) }), None));
    mark(&rig, runs[0], None);
    mark(&rig, runs[1], Some(9));
    assert_eq!(owed(&rig, TraceKey::Lease(lease)), [runs[1]]);
    mark(&rig, runs[0], Some(9));
    assert_eq!(traced(&rig, runs[0]), None, "a run that has ended gets no new mark");
}

/// What an append that is rejected would owe is not owed.
pub fn a_rejected_end_owes_nothing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let lost = Lease { epoch: rig.lease.epoch + 1, ..rig.lease };
    assert_eq!(rig.write(end(&rig, run, lost)), Err(Rejected::Fenced));
    let late = Append { after: 7, entries: vec![entry(8)], ..rig.ending(run, Status::Completed) };
    let late = Append { change: Change { traced: true, ..late.change.clone() }, ..late };
    assert_eq!(rig.write(Write::from(late)), Err(Rejected::Fenced));
    assert_eq!(traced(&rig, run), None);
}

/// What the holder of a lease owed that is gone is claimed by another.
pub fn what_a_closed_lease_owed_is_claimed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let other = rig.open_lease("engine-2");
    let run = number(rig.write(Write::Start(NewRun { id: "b".to_owned(), ..new_run("b", other) })));
    rig.write(end(&rig, run, other)).expect("ended");
    assert_eq!((owed(&rig, TraceKey::Nobody), owed(&rig, TraceKey::Lease(other.number))), (vec![], vec![run]));
    assert_eq!(rig.write(Write::ClaimTraces(rig.lease)), Ok(Written::Number(0)), "its holder may live");
    rig.write(Write::CloseLease(other)).expect("closed");
    assert_eq!(owed(&rig, TraceKey::Nobody), [run]);
    let lost = Lease { epoch: rig.lease.epoch + 1, ..rig.lease };
    assert_eq!(rig.write(Write::ClaimTraces(lost)), Err(Rejected::Fenced));
    assert_eq!(rig.write(Write::ClaimTraces(rig.lease)), Ok(Written::Number(1)));
    assert_eq!((owed(&rig, TraceKey::Nobody), owed(&rig, TraceKey::Lease(rig.lease.number))), (vec![], vec![run]));
}

/// The mark of a run is deleted with it.
pub fn marks_go_with_the_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.write(end(&rig, run, rig.lease)).expect("ended");
    assert_eq!(rig.write(Write::Delete { run, rows: 100 }), Ok(Written::Deleted(true)));
    assert_eq!((traced(&rig, run), owed(&rig, TraceKey::Lease(rig.lease.number))), (None, vec![]));
}
