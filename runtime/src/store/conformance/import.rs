//! Runs that are imported with their history.

use super::rig::{AT, Rig, assert_refused, bare_entry, entry, field, item, number};
use crate::record::Kind;
use crate::store::{EntryRow, ImportedRun, Lease, Rejected, RunKey, RunRow, Status, Store, Write, Written};
use crate::value::Value;

pub(super) fn imported(id: &str, lease: Option<Lease>) -> ImportedRun {
    let first = EntryRow { kind: Kind::RunStarted, ..entry(1) };
    ImportedRun {
        id: id.to_owned(),
        workflow: "order".to_owned(),
        status: if lease.is_some() { Status::Sleeping } else { Status::Parked },
        lease,
        wake_at: lease.map(|_| AT + 50),
        execution: [0xCD; 16],
        unique: None,
        seed: [0xEF; 16],
        created_at: AT,
        parked: None,
        at: AT + 7,
        entries: vec![first, entry(2), bare_entry(3)],
        fields: vec![
            field(3, "b", Value::json("1")),
            field(2, "a", Value::raw(vec![0, 255])),
            field(3, "a", Value::json("2")),
        ],
        items: vec![item(0, Some("cancel")), item(0, None)],
        outputs: Vec::new(),
        taken: Vec::new(),
        requests: Vec::new(),
        version: 2,
        parent: None,
        forked_from: None,
        dedup: None,
        labels: Vec::new(),
        indexed: Vec::new(),
        replaces: None,
        goes_on: true,
        traced: false,
    }
}

/// Row, entries, fields and inbox exist at once, as they were given.
pub fn a_run_comes_with_all_its_history<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let new = imported("order-42", Some(rig.lease));
    let run = number(rig.write(Write::Import(Box::new(new.clone()))));
    let expected = RunRow {
        queue: None,
        number: run,
        id: "order-42".to_owned(),
        workflow: "order".to_owned(),
        status: Status::Sleeping,
        seq: 3,
        lease: Some(rig.lease.number),
        wake_at: Some(AT + 50),
        loads: 0,
        execution: [0xCD; 16],
        seed: [0xEF; 16],
        created_at: AT,
        updated_at: AT + 7,
        parked: None,
        version: 2,
        parent: None,
        first_run: run,
        forked_from: None,
        successor: None,
        dedup: None,
    };
    assert_eq!(rig.row(run), expected);
    assert_eq!(rig.entries(run), new.entries);
    assert_eq!(rig.fields(run), [new.fields[1].clone(), new.fields[2].clone(), new.fields[0].clone()]);
    let items = rig.store.inbox(RunKey::Lease(rig.lease.number), 0, 9).expect("the inbox can be read");
    let kept: Vec<_> = items.iter().map(|item| (item.run, item.kind.as_str(), item.key.as_deref(), item.at)).collect();
    assert_eq!(kept, [(run, "cancel", Some("cancel"), AT), (run, "cancel", None, AT)]);

    let parked = ImportedRun { parked: Some("{}".to_owned()), ..imported("parked", None) };
    let run = number(rig.write(Write::Import(Box::new(parked))));
    let row = rig.row(run);
    assert_eq!((row.status, row.lease, row.wake_at, row.parked.as_deref()), (Status::Parked, None, None, Some("{}")));
    let ended = ImportedRun { status: Status::Moved, seed: [0xCD; 16], items: Vec::new(), ..imported("ended", None) };
    let run = number(rig.write(Write::Import(Box::new(ended))));
    assert_eq!((rig.row(run).status, rig.row(run).seed), (Status::Moved, [0xCD; 16]));
}

/// An id that is taken is answered with its run, and so is an execution that must be unique.
pub fn an_id_or_an_incarnation_that_is_taken_is_not_imported<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let first = number(rig.write(Write::Import(Box::new(imported("a", Some(rig.lease))))));
    let row = rig.row(first);
    let exists = Err(Rejected::Exists(Box::new(row.clone())));
    let lost = Some(Lease { epoch: 9, ..rig.lease });
    for lease in [Some(rig.lease), lost, None] {
        assert_eq!(rig.write(Write::Import(Box::new(imported("a", lease)))), exists);
        for unique in [0, first - 1] {
            let unique = ImportedRun { unique: Some(unique), ..imported("b", lease) };
            assert_eq!(rig.write(Write::Import(Box::new(unique))), exists);
        }
    }
    assert_eq!(rig.row(first), row);
    assert_eq!((rig.entries(first).len(), rig.fields(first).len(), rig.items(RunKey::Number(first)).len()), (3, 3, 2));
    let copy = rig.write(Write::Import(Box::new(imported("b", Some(rig.lease)))));
    assert_ne!(number(copy), first, "a copy need not be the only one");
    let newest = number(rig.write(Write::Import(Box::new(imported("c", Some(rig.lease))))));
    let looked_at = ImportedRun { unique: Some(newest), ..imported("d", Some(rig.lease)) };
    assert!(number(rig.write(Write::Import(Box::new(looked_at)))) > newest, "who imports has looked at those before");
}

/// A lease that is not held, in that epoch, gets no run.
pub fn a_lost_lease_imports_nothing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for lease in [Lease { epoch: 2, ..rig.lease }, Lease { number: 77, epoch: 1 }] {
        assert_eq!(rig.write(Write::Import(Box::new(imported("a", Some(lease))))), Err(Rejected::Fenced));
    }
    assert_eq!(rig.find(RunKey::Id("a")), None);
}

/// A history with a gap, a field of no entry, or a run that no engine could drive is refused and leaves no row.
pub fn what_makes_no_run_is_refused<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let good = || imported("a", Some(rig.lease));
    let wrong = [
        ImportedRun { entries: Vec::new(), fields: Vec::new(), ..good() },
        ImportedRun { entries: vec![entry(1), entry(3)], ..good() },
        ImportedRun { fields: vec![field(4, "a", Value::json("1"))], ..good() },
        ImportedRun { fields: vec![field(1, "a", Value::json("1")), field(1, "a", Value::json("2"))], ..good() },
        ImportedRun { fields: vec![field(1, "a", Value::json(vec![0xFF]))], ..good() },
        ImportedRun { status: Status::Completed, ..good() },
        ImportedRun { status: Status::Deleting, lease: None, ..good() },
    ];
    for wrong in wrong {
        assert_refused(&rig.write(Write::Import(Box::new(wrong))));
        assert_eq!(rig.find(RunKey::Id("a")), None);
    }
}

/// A client imports a run without a lease: an engine claims it.
pub fn an_imported_run_is_claimed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = ImportedRun { status: Status::Running, ..imported("a", None) };
    let run = number(rig.write(Write::Import(Box::new(run))));
    assert_eq!((rig.row(run).lease, rig.row(run).status), (None, Status::Running));
    assert!(matches!(rig.write(Write::Claim { run, lease: rig.lease }), Ok(Written::Claimed(_))));
}

/// An imported run is owned, due, appended to and deleted as any other.
pub fn an_imported_run_goes_on<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = number(rig.write(Write::Import(Box::new(imported("a", Some(rig.lease))))));
    assert_eq!(rig.write(Write::CloseLease(rig.lease)), Err(Rejected::Fenced), "the lease owns it");
    let items = rig.items(RunKey::Number(run));
    let mut append = rig.append(run, 3, vec![entry(4)]);
    append.taken.clone_from(&items);
    append.change.status = Some(Status::Completed);
    append.change.release = true;
    assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
    assert_eq!((rig.entries(run).len(), rig.items(RunKey::Number(run))), (4, Vec::new()));
    assert_eq!(rig.write(Write::Delete { run, rows: 100 }), Ok(Written::Deleted(true)));
    assert_eq!(rig.find(RunKey::Id("a")), None);
}
