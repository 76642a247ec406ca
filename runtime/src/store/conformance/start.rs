//! Starting runs.

use super::rig::{AT, Rig, assert_refused, bare_entry, entry, new_run, number};
use crate::store::{Change, Lease, NewRun, Rejected, RunKey, RunRow, Status, Store, Write, Written};

/// A new run is running, due now, owned by its lease, and has its first entry.
pub fn a_run_begins_running_and_due<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let new = NewRun { version: 3, ..new_run("order-42", rig.lease) };
    let run = number(rig.write(Write::Start(new.clone())));
    let expected = RunRow {
        queue: None,
        number: run,
        id: "order-42".to_owned(),
        workflow: "order".to_owned(),
        status: Status::Running,
        seq: 1,
        lease: Some(rig.lease.number),
        wake_at: Some(0),
        loads: 0,
        execution: [0xAB; 16],
        seed: [0xAB; 16],
        created_at: AT,
        updated_at: AT,
        parked: None,
        version: 3,
        parent: None,
        first_run: run,
        forked_from: None,
        successor: None,
        dedup: None,
    };
    assert_eq!(rig.row(run), expected);
    assert_eq!(rig.find(RunKey::Id("order-42")), Some(expected));
    assert_eq!(rig.entries(run), new.entries);
}

/// Starting under an id that is taken answers with the run that has it and changes nothing, for any caller.
pub fn an_id_that_is_taken_answers_with_its_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let first = rig.start("order-42");
    let row = rig.row(first);
    let again = NewRun { workflow: "other".to_owned(), execution: [1; 16], ..new_run("order-42", rig.lease) };
    let exists = Err(Rejected::Exists(Box::new(row.clone())));
    assert_eq!(rig.write(Write::Start(again.clone())), exists);
    let fenced = Lease { epoch: 9, ..rig.lease };
    assert_eq!(rig.write(Write::Start(NewRun { lease: Some(fenced), ..again })), exists);
    assert_eq!(rig.row(first), row);
    assert_eq!(rig.entries(first).len(), 1);

    let twice = [Write::Start(new_run("twice", rig.lease)), Write::Start(new_run("twice", rig.lease))];
    let answers = rig.batch(&twice);
    let number = number(answers[0].clone());
    assert_eq!(answers[1], Err(Rejected::Exists(Box::new(rig.row(number)))), "within one batch too");
}

/// A lease that is not held, in that epoch, starts nothing.
pub fn a_lost_lease_starts_nothing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for lease in [Lease { epoch: 2, ..rig.lease }, Lease { number: 77, epoch: 1 }] {
        assert_eq!(rig.write(Write::Start(new_run("a", lease))), Err(Rejected::Fenced));
    }
    assert_eq!(rig.find(RunKey::Id("a")), None);
}

/// The first entry has number 1, or the start is refused.
pub fn the_first_entry_is_number_one<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let wrong = [vec![], vec![entry(2)], vec![entry(1), entry(3)], vec![entry(1), entry(1)]];
    for entries in wrong {
        assert_refused(&rig.write(Write::Start(NewRun { entries, ..new_run("a", rig.lease) })));
    }
    assert_eq!(rig.find(RunKey::Id("a")), None);
}

/// A run may begin with several entries.
pub fn several_entries_begin_a_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let new = NewRun { entries: vec![entry(1), bare_entry(2), entry(3)], ..new_run("a", rig.lease) };
    let run = number(rig.write(Write::Start(new.clone())));
    assert_eq!((rig.row(run).seq, rig.entries(run)), (3, new.entries));
    assert_eq!(rig.write(Write::from(rig.append(run, 3, vec![entry(4)]))), Ok(Written::Done));
}

/// While a run that holds a deduplication key has not ended, no other gets it.
pub fn a_deduplication_key_is_held_until_the_end<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let keyed = |id: &str, key: &str| NewRun { dedup: Some(key.to_owned()), ..new_run(id, rig.lease) };
    let run = number(rig.write(Write::Start(keyed("a", "k"))));
    assert_eq!(rig.row(run).dedup.as_deref(), Some("k"));
    let held = || Err(Rejected::Held(Box::new(rig.row(run))));
    assert_eq!(rig.write(Write::Start(keyed("b", "k"))), held());
    assert_eq!(rig.find(RunKey::Id("b")), None);
    let exists = rig.write(Write::Start(keyed("a", "k")));
    assert_eq!(exists, Err(Rejected::Exists(Box::new(rig.row(run)))), "the id comes first");
    let lost = Lease { epoch: 9, ..rig.lease };
    assert_eq!(rig.write(Write::Start(NewRun { lease: Some(lost), ..keyed("b", "k") })), Err(Rejected::Fenced));
    number(rig.write(Write::Start(keyed("c", "K"))));
    for status in [Status::Sleeping, Status::Parked] {
        rig.write(rig.change(run, Change { status: Some(status), ..Change::default() })).expect("changed");
        assert_eq!(rig.write(Write::Start(keyed("b", "k"))), held());
    }
    assert!(rig.end(run, Status::Failed).is_empty());
    assert_eq!(rig.row(run).dedup, None);
    let next = number(rig.write(Write::Start(keyed("b", "k"))));
    rig.write(rig.change(next, Change { status: Some(Status::Parked), release: true, ..Change::default() }))
        .expect("parked");
    assert_eq!(rig.write(Write::Delete { run: next, rows: 1 }), Ok(Written::Deleted(false)));
    number(rig.write(Write::Start(keyed("d", "k"))));
}

/// Ids and names are texts of any kind, compared byte by byte.
pub fn ids_of_any_kind_are_exact<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let long = "x".repeat(5_000);
    let ids = [
        "",
        " ",
        "a",
        "A",
        "a ",
        "a.b/c:d",
        "'; DROP TABLE runs; --",
        "\"quoted\"",
        "`b`",
        "back\\slash",
        "%",
        "_",
        "?1",
        "$1",
        "NULL",
        "0",
        "00",
        "1e3",
        "0x10",
        "line\nbreak\ttab",
        "ä",
        "a\u{308}",
        "日本語",
        "🦀",
        "\u{10FFFF}",
        &long,
    ];
    let numbers: Vec<_> = ids
        .iter()
        .map(|id| {
            let new = NewRun { workflow: (*id).to_owned(), ..new_run(id, rig.lease) };
            number(rig.write(Write::Start(new)))
        })
        .collect();
    for (id, number) in ids.iter().zip(numbers) {
        let row = rig.find(RunKey::Id(id)).expect("found by its id");
        assert_eq!((row.number, row.id.as_str(), row.workflow.as_str()), (number, *id, *id));
    }
}
