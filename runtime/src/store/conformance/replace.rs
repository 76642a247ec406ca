//! A run that replaces another.

use super::import::imported;
use super::outputs::{items, put};
use super::requests::{asked_by, request};
use super::rig::{Rig, appended, entry, item, new_run, number};
use crate::record::InboxKind;
use crate::store::{
    Append, Change, ImportedRun, NewInboxItem, NewRun, Outgoing, Rejected, RunKey, Status, Store, Write, Written,
};

fn taking_over(id: &str, replaces: i64) -> ImportedRun {
    ImportedRun { replaces: Some(replaces), items: Vec::new(), ..imported(id, None) }
}

fn import(run: ImportedRun) -> Write {
    Write::Import(Box::new(run))
}

fn release<S: Store>(rig: &Rig<S>, run: i64) {
    rig.write(rig.change(run, Change { release: true, ..Change::default() })).expect("released");
}

/// Sends something of a kind under a key.
fn send<S: Store>(rig: &Rig<S>, run: i64, kind: &str, key: &str) -> i64 {
    number(rig.write(Write::Send(NewInboxItem { kind: InboxKind::from_word(kind), ..item(run, Some(key)) })))
}

/// The new run gets the id, the first run and the deduplication key; the old one has ended under another id.
pub fn an_id_goes_to_another_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let labels = vec![("team".to_owned(), "red".to_owned())];
    let new = NewRun { dedup: Some("k".to_owned()), labels: labels.clone(), ..new_run("a", rig.lease) };
    let old = number(rig.write(Write::Start(new)));
    assert_eq!(rig.write(import(taking_over("a", old))), Err(Rejected::Fenced), "another lease owns it");
    let (status, parked) = (Some(Status::Parked), Some(Some("{}".to_owned())));
    let park = Change { status, parked, wake_at: Some(Some(5)), release: true, ..Change::default() };
    rig.write(rig.change(old, park)).expect("parked");

    let taking = ImportedRun { forked_from: Some(old), parent: Some(77), ..taking_over("a", old) };
    let run = number(rig.write(import(taking)));
    let (row, was) = (rig.row(run), rig.row(old));
    assert_eq!((row.id.as_str(), row.first_run, row.dedup.as_deref()), ("a", old, Some("k")));
    assert_eq!((row.forked_from, row.parent, row.successor), (Some(old), Some(77), None));
    assert_eq!((was.id, was.status, was.successor), (format!("a~{old}"), Status::Replaced, Some(run)));
    assert_eq!((was.dedup, was.parked, was.wake_at, was.first_run), (None, None, None, old));
    assert_eq!(rig.find(RunKey::Id("a")).map(|row| row.number), Some(run));
    assert_eq!(rig.find(RunKey::Id(&format!("a~{old}"))).map(|row| row.number), Some(old));
    let start = Write::Start(NewRun { dedup: Some("k".to_owned()), ..new_run("b", rig.lease) });
    assert_eq!(rig.write(start), Err(Rejected::Held(Box::new(row))));
    assert_eq!((rig.store.labels(old).expect("read"), rig.store.labels(run).expect("read")), (labels, vec![]));

    let third = number(rig.write(import(taking_over("a", run))));
    assert_eq!((rig.row(third).first_run, rig.row(run).successor), (old, Some(third)), "the lineage goes on");
}

/// A run that had ended keeps its status; a missing one, or one being deleted, is not replaced.
pub fn a_run_that_ended_keeps_its_status<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for status in [Status::Completed, Status::Moved, Status::Replaced] {
        let old = rig.start(status.as_str());
        rig.end(old, status);
        let run = number(rig.write(import(taking_over(status.as_str(), old))));
        assert_eq!((rig.row(old).status, rig.row(old).successor, rig.row(run).first_run), (status, Some(run), old));
    }
    assert_eq!(rig.write(import(taking_over("a", 999))), Err(Rejected::NoSuchRun));
    let going = rig.start("going");
    rig.write(rig.change(going, Change { status: Some(Status::Parked), release: true, ..Change::default() }))
        .expect("parked");
    assert_eq!(rig.write(Write::Delete { run: going, rows: 1 }), Ok(Written::Deleted(false)));
    assert_eq!(rig.write(import(taking_over("going", going))), Err(Rejected::Ended));
}

/// The id of a third run is not taken, and then nothing changes.
pub fn the_id_of_a_third_run_is_not_taken<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (old, third) = (rig.start("a"), rig.start("b"));
    release(&rig, old);
    let exists = |run| Err(Rejected::Exists(Box::new(rig.row(run))));
    assert_eq!(rig.write(import(taking_over("b", old))), exists(third));
    let lost = Some(crate::store::Lease { epoch: 9, ..rig.lease });
    let fenced = ImportedRun { lease: lost, status: Status::Running, ..taking_over("a", old) };
    assert_eq!(rig.write(import(fenced)), Err(Rejected::Fenced));
    let name = rig.start(&format!("a~{old}"));
    assert_eq!(rig.write(import(taking_over("a", old))), exists(name), "the name of what was replaced");
    let before = (rig.row(old).id, rig.row(old).status, rig.row(old).successor);
    assert_eq!(before, ("a".to_owned(), Status::Running, None));
}

/// Items sent to the old run move to the new one, with the keys of taken ones; the ends of its children do not.
pub fn the_inbox_goes_along<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (old, child) = (rig.start("a"), rig.start("child"));
    rig.outgoing(old, vec![Outgoing::Watch { id: "child".to_owned(), position: 1 }]);
    let taken = send(&rig, old, "message", "taken");
    let waiting = ["message", "answer", "cancel", "pause", "resume"].map(|kind| send(&rig, old, kind, kind));
    assert_eq!(rig.end(child, Status::Completed), [old]);
    rig.write(Write::from(Append { taken: vec![taken], ..rig.append(old, 2, vec![entry(3)]) })).expect("taken");
    release(&rig, old);
    let run = number(rig.write(import(taking_over("a", old))));
    let kept: Vec<_> = rig.inbox(run).into_iter().map(|item| (item.run, item.number)).collect();
    assert_eq!(kept, waiting.map(|number| (run, number)));
    assert_eq!(send(&rig, run, "message", "taken"), taken);
    assert_eq!(send(&rig, run, "cancel", "cancel"), waiting[2]);
    assert_eq!(rig.inbox(old).iter().map(|item| item.kind.as_str()).collect::<Vec<_>>(), ["ended"]);
    assert!(send(&rig, run, "ended", "ended:1") > waiting[4], "the end comes again");
}

/// A run continues as another in the append that ends it: its watchers wait on, and its requests stay open.
pub fn a_run_goes_on_as_another<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (old, watcher) = (rig.start("a"), rig.start("watcher"));
    rig.outgoing(watcher, vec![Outgoing::Watch { id: "a".to_owned(), position: 2 }]);
    rig.outgoing(old, vec![Outgoing::Ask(request("r", old)), put("x", None)]);
    let next = ImportedRun {
        lease: Some(rig.lease),
        status: Status::Running,
        wake_at: Some(0),
        forked_from: Some(old),
        ..taking_over("a", old)
    };
    let replace = || vec![Outgoing::Replace(Box::new(next.clone()))];
    assert_eq!(rig.outgoing(old, replace()).0, [Err(Rejected::Fenced)], "it goes on itself");
    let append = Append { outgoing: replace(), ..rig.ending(old, Status::Replaced) };
    let (outcomes, notified) = appended(rig.write(Write::from(append)));
    let run = rig.find(RunKey::Id("a")).expect("there").number;
    assert_eq!((outcomes, notified), (vec![Ok(run)], vec![]));
    let was = rig.row(old);
    assert_eq!((was.status, was.lease, was.successor, was.seq), (Status::Replaced, None, Some(run), 4));
    assert_eq!((asked_by(&rig, old), asked_by(&rig, run)), (vec![], vec!["r".to_owned()]));
    assert_eq!(rig.entries(run), next.entries);

    assert_eq!(rig.outgoing(run, vec![put("x", None)]).0, [Ok(2)], "what it shows is one");
    assert_eq!(rig.end(run, Status::Completed), [watcher]);
    assert_eq!(rig.inbox(watcher)[0].sender.as_deref(), Some("a"));
    assert_eq!(rig.write(Write::Delete { run: old, rows: 100 }), Ok(Written::Deleted(true)));
    assert_eq!(items(&rig, old, "x"), [1, 2]);
    assert_eq!(rig.write(Write::Delete { run, rows: 100 }), Ok(Written::Deleted(true)));
    assert!(items(&rig, old, "x").is_empty());
}

/// Only the run itself can continue as another, and it does not end if its successor cannot be written.
pub fn nobody_else_is_replaced_by_an_append<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b, c) = (rig.start("a"), rig.start("b"), rig.start("c"));
    release(&rig, b);
    for wrong in [taking_over("b", b), ImportedRun { replaces: None, ..taking_over("d", 0) }] {
        assert_eq!(rig.outgoing(a, vec![Outgoing::Replace(Box::new(wrong))]).0, [Err(Rejected::Fenced)]);
    }
    let outgoing = vec![Outgoing::Replace(Box::new(taking_over("c", a)))];
    let append = Append { outgoing, ..rig.ending(a, Status::Replaced) };
    super::rig::assert_refused(&rig.write(Write::from(append)));
    // Whatever rejects the successor: here a deduplication key that another run holds.
    rig.write(Write::Start(NewRun { dedup: Some("held".to_owned()), ..new_run("d", rig.lease) })).expect("started");
    let keyed = ImportedRun { dedup: Some("held".to_owned()), ..taking_over("a", a) };
    let append = Append { outgoing: vec![Outgoing::Replace(Box::new(keyed))], ..rig.ending(a, Status::Replaced) };
    super::rig::assert_refused(&rig.write(Write::from(append)));
    assert_eq!(
        (rig.row(a).status, rig.row(b).status, rig.row(c).status),
        (Status::Running, Status::Running, Status::Running)
    );
}

/// A run that has ended, and replaces one that others wait for, notifies them.
pub fn a_replacement_that_has_ended_is_told<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (old, watcher) = (rig.start("a"), rig.start("watcher"));
    rig.outgoing(watcher, vec![Outgoing::Watch { id: "a".to_owned(), position: 2 }]);
    release(&rig, old);
    number(rig.write(import(ImportedRun { status: Status::Failed, ..taking_over("a", old) })));
    assert_eq!(rig.inbox(watcher)[0].name.as_deref(), Some("failed"));
}
