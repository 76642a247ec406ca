//! Appending to a run.

use super::rig::{AT, Rig, assert_refused, bare_entry, entry, field};
use crate::store::{Append, Change, Lease, Rejected, RunRow, Status, Store, Write, Written};
use crate::value::Value;

/// Entries come back as they were appended, and the row follows.
pub fn entries_come_back_as_they_were<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let first = rig.entries(run).remove(0);
    let append = rig.append(run, 1, vec![entry(2), bare_entry(3)]);
    assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
    assert_eq!(rig.entries(run), [first, entry(2), bare_entry(3)]);
    let row = rig.row(run);
    assert_eq!((row.seq, row.updated_at, row.created_at), (3, AT, AT), "an append changes the log alone");
}

/// Entries are read in pages after a number.
pub fn entries_are_read_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    rig.write(Write::from(rig.append(other, 1, (2..=5).map(entry).collect()))).expect("appended");
    rig.write(Write::from(rig.append(run, 1, (2..=250).map(entry).collect()))).expect("appended");
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = rig.store.entries(run, after, 100).expect("read");
        assert!(page.len() <= 100);
        let Some(last) = page.last() else { break };
        after = last.seq;
        seen.extend(page.into_iter().map(|entry| entry.seq));
    }
    assert_eq!(seen, (1..=250).collect::<Vec<u64>>());
    assert!(rig.store.entries(run, 0, 0).expect("read").is_empty());
    assert!(rig.store.entries(run, u64::MAX, 10).expect("read").is_empty());
    assert_eq!(rig.entries(other).len(), 5);
}

/// An append that does not name the last entry is rejected.
pub fn an_old_tail_is_fenced<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let once = Write::from(rig.append(run, 1, vec![entry(2)]));
    assert_eq!(rig.write(once.clone()), Ok(Written::Done));
    assert_eq!(rig.write(once), Err(Rejected::Fenced), "the same append again");
    assert_eq!(rig.write(Write::from(rig.append(run, 3, vec![entry(4)]))), Err(Rejected::Fenced), "ahead of it");
    assert_eq!(rig.write(Write::from(rig.append(run + 9, 1, vec![entry(2)]))), Err(Rejected::Fenced), "no run");
    assert_eq!(rig.row(run).seq, 2);
    assert_eq!(rig.entries(run).len(), 2);
}

/// Only the holder of the run's lease, in its epoch, appends.
pub fn a_foreign_or_lost_lease_is_fenced<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let row = rig.row(run);
    let leases = [rig.open_lease("engine-2"), Lease { epoch: 2, ..rig.lease }, Lease { number: 99, epoch: 1 }];
    for lease in leases {
        let append = Append { lease, ..rig.append(run, 1, vec![entry(2)]) };
        assert_eq!(rig.write(Write::from(append)), Err(Rejected::Fenced));
    }
    assert_eq!(rig.row(run), row);
    assert_eq!(rig.entries(run).len(), 1);
}

/// Entries out of order are refused from any engine.
pub fn a_gap_is_refused<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    for entries in [vec![entry(3)], vec![entry(2), entry(2)], vec![entry(2), entry(4)], vec![entry(1)]] {
        assert_refused(&rig.write(Write::from(rig.append(run, 1, entries))));
    }
    assert_eq!(rig.row(run).seq, 1);
    assert_eq!(rig.entries(run).len(), 1);
}

/// One write of a batch is rejected; those before and after it are done.
pub fn a_rejected_write_leaves_the_others<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let runs = ["a", "b", "c", "d"].map(|id| rig.start(id));
    let answers = rig.batch(&[
        Write::from(rig.append(runs[0], 1, vec![entry(2)])),
        Write::from(rig.append(runs[1], 7, vec![entry(8)])),
        Write::from(rig.append(runs[2], 1, vec![entry(5)])),
        Write::from(rig.append(runs[3], 1, vec![entry(2)])),
    ]);
    assert_eq!(answers[0], Ok(Written::Done));
    assert_eq!(answers[1], Err(Rejected::Fenced));
    assert_refused(&answers[2]);
    assert_eq!(answers[3], Ok(Written::Done));
    assert_eq!(runs.map(|run| rig.entries(run).len()), [2, 1, 1, 2]);
    assert_eq!(runs.map(|run| rig.row(run).seq), [2, 1, 1, 2]);
}

/// Writes are applied in order: one sees the effects of those before it.
pub fn writes_of_a_batch_see_each_other<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let two = Write::from(rig.append(run, 1, vec![entry(2)]));
    let three = Write::from(rig.append(run, 2, vec![entry(3)]));
    assert_eq!(rig.batch(&[two.clone(), three, two]), [Ok(Written::Done), Ok(Written::Done), Err(Rejected::Fenced)]);
    assert_eq!(rig.row(run).seq, 3);
}

/// An append without entries changes the row alone, and still has to name the last entry.
pub fn a_change_without_entries<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let change = Change { loads: Some(3), wake_at: Some(Some(AT)), ..Change::default() };
    assert_eq!(rig.write(rig.change(run, change.clone())), Ok(Written::Done));
    let row = rig.row(run);
    assert_eq!((row.seq, row.loads, row.wake_at, row.updated_at), (1, 3, Some(AT), AT + 1));
    let late = Append { change, ..rig.append(run, 2, Vec::new()) };
    assert_eq!(rig.write(Write::from(late)), Err(Rejected::Fenced));
}

/// Every part of a change is applied if given and left alone if not, in any combination.
pub fn what_does_not_change_stays<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    for n in 0..16_u32 {
        let before = rig.row(run);
        let given = |bit: u32| n & (1 << bit) != 0;
        let change = Change {
            status: given(0).then_some(if n % 4 == 1 { Status::Sleeping } else { Status::Running }),
            wake_at: given(1).then_some((n % 3 != 0).then_some(i64::from(n))),
            loads: given(2).then_some(n),
            parked: given(3).then_some((n % 2 == 0).then(|| format!("{{\"reason\":{n}}}"))),
            release: false,
            traced: false,
        };
        assert_eq!(rig.write(rig.change(run, change.clone())), Ok(Written::Done));
        let expected = RunRow {
            status: change.status.unwrap_or(before.status),
            wake_at: change.wake_at.unwrap_or(before.wake_at),
            loads: change.loads.unwrap_or(before.loads),
            parked: change.parked.unwrap_or(before.parked.clone()),
            ..before.clone()
        };
        let updated_at = if expected == before { before.updated_at } else { AT + 1 };
        let expected = RunRow { updated_at, ..expected };
        assert_eq!(rig.row(run), expected, "change {n}");
    }
}

/// A parked run has its reason and no owner; its former owner appends no more.
pub fn parking_and_releasing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let reason = Some(r#"{"position":3}"#.to_owned());
    let (status, parked) = (Some(Status::Parked), Some(reason.clone()));
    let change = Change { status, wake_at: Some(None), parked, release: true, ..Change::default() };
    assert_eq!(rig.write(rig.change(run, change)), Ok(Written::Done));
    let row = rig.row(run);
    assert_eq!((row.status, row.lease, row.wake_at, row.parked), (Status::Parked, None, None, reason));
    assert_eq!(rig.write(Write::from(rig.append(run, 1, vec![entry(2)]))), Err(Rejected::Fenced));
}

/// Field rows are read by a range of sequence numbers, ordered by number and name.
pub fn fields_are_read_by_range<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    let json = |n: u64| Value::json(n.to_string());
    for run in [run, other] {
        let fields =
            vec![field(3, "b", json(1)), field(2, "z", json(2)), field(3, "a", json(3)), field(3, "B", json(4))];
        let append = Append { fields, ..rig.append(run, 1, vec![entry(2), entry(3)]) };
        assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
    }
    let append = Append { fields: vec![field(4, "a", json(5))], ..rig.append(run, 3, vec![entry(4)]) };
    assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));

    let named = |from, to| -> Vec<(u64, String)> {
        let rows = rig.store.fields(run, from, to).expect("read");
        rows.into_iter().map(|row| (row.seq, row.name)).collect()
    };
    let expected = |rows: &[(u64, &str)]| -> Vec<(u64, String)> {
        rows.iter().map(|(seq, name)| (*seq, (*name).to_owned())).collect()
    };
    assert_eq!(named(0, u64::MAX), expected(&[(2, "z"), (3, "B"), (3, "a"), (3, "b"), (4, "a")]));
    assert_eq!(named(3, 3), expected(&[(3, "B"), (3, "a"), (3, "b")]));
    assert_eq!(named(4, 9), expected(&[(4, "a")]));
    assert_eq!(named(5, 9), expected(&[]));
    assert_eq!(named(3, 2), expected(&[]));
    assert_eq!(rig.fields(run).last(), Some(&field(4, "a", json(5))));
    assert_eq!(rig.fields(other).len(), 4);
}

/// A field row belongs to one of the entries that it is written with, and no entry writes a field twice.
pub fn fields_name_one_of_the_entries<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let value = || Value::json("1");
    let wrong = [
        vec![field(1, "x", value())],
        vec![field(3, "x", value())],
        vec![field(2, "x", value()), field(2, "y", value()), field(2, "x", value())],
    ];
    for fields in wrong {
        assert_refused(&rig.write(Write::from(Append { fields, ..rig.append(run, 1, vec![entry(2)]) })));
    }
    assert_eq!((rig.row(run).seq, rig.fields(run).len(), rig.entries(run).len()), (1, 0, 1));
}
