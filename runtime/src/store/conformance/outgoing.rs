//! The writes of an append beyond the rows of its run: messages and new runs.

use super::rig::{AT, Rig, appended, assert_refused, entry, field, item, new_run};
use crate::record::InboxKind;
use crate::store::{
    Append, Change, EntryRow, Lease, NewInboxItem, NewRun, Outgoing, Rejected, RequestRow, RunKey, Status, Store,
    Write, Written,
};
use crate::value::Value;

fn tell(to: &str, key: Option<&str>) -> Outgoing {
    Outgoing::Deliver { to: to.to_owned(), item: item(0, key) }
}

fn start(run: NewRun, position: Option<u64>) -> Outgoing {
    Outgoing::Start { run: Box::new(run), position }
}

/// A message arrives in the inbox of the other run with the append that sends it, once for each key.
pub fn a_run_tells_another<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let said = NewInboxItem {
        kind: InboxKind::Message,
        name: Some("orders".to_owned()),
        position: Some(4),
        sender: Some("a".to_owned()),
        ..item(0, Some("a:4"))
    };
    let message = Outgoing::Deliver { to: "b".to_owned(), item: said.clone() };
    let (outcomes, notified) = rig.outgoing(a, vec![message.clone(), tell("nobody", None), tell("b", None)]);
    let waiting = rig.inbox(b);
    let first = &waiting[0];
    assert_eq!(outcomes, [Ok(first.number), Err(Rejected::NoSuchRun), Ok(waiting[1].number)]);
    assert_eq!(notified, [b]);
    assert_eq!((&first.kind, &first.name, &first.sender), (&said.kind, &said.name, &said.sender));
    assert_eq!((first.run, first.position, &first.key, &first.value), (b, Some(4), &said.key, &said.value));

    assert_eq!(rig.outgoing(a, vec![message.clone()]), (vec![Ok(first.number)], vec![]), "it is there already");
    let take = Append { taken: vec![first.number], ..rig.append(b, 1, vec![entry(2)]) };
    assert_eq!(rig.write(Write::from(take)), Ok(Written::Done));
    assert_eq!(rig.outgoing(a, vec![message.clone()]), (vec![Ok(first.number)], vec![]), "it was taken");
    rig.end(b, Status::Completed);
    let (outcomes, notified) = rig.outgoing(a, vec![message, tell("b", Some("new")), tell("b", None), tell("a", None)]);
    let own = rig.inbox(a)[0].number;
    assert_eq!(outcomes, [Ok(first.number), Err(Rejected::Ended), Err(Rejected::Ended), Ok(own)]);
    assert_eq!(notified, [a], "a run may tell itself");
}

/// A fenced append sends no message.
pub fn a_fenced_append_sends_nothing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let outgoing = vec![tell("b", None), start(new_run("c", rig.lease), Some(1))];
    let late = Append { outgoing, ..rig.append(a, 7, vec![entry(8)]) };
    assert_eq!(rig.write(Write::from(late)), Err(Rejected::Fenced));
    assert!(rig.items(RunKey::Number(b)).is_empty() && rig.find(RunKey::Id("c")).is_none());
}

/// Every child that has not ended gets the item, once for each key, and no other run.
pub fn children_are_told<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let parent = rig.start("parent");
    let child = |id: &str| NewRun { parent: Some(parent), ..new_run(id, rig.lease) };
    let children: Vec<_> = ["a", "b", "c", "d"].map(|id| start(child(id), None)).into();
    let (outcomes, notified) = rig.outgoing(parent, children);
    assert!(notified.is_empty());
    let numbers: Vec<i64> = outcomes.into_iter().map(|outcome| outcome.expect("started")).collect();
    let grandchild = NewRun { parent: Some(numbers[0]), ..new_run("grandchild", rig.lease) };
    rig.outgoing(numbers[0], vec![start(grandchild, None)]);
    rig.end(numbers[1], Status::Completed);
    rig.write(rig.change(numbers[2], Change { status: Some(Status::Parked), release: true, ..Change::default() }))
        .expect("parked");
    rig.end(numbers[3], Status::Completed);
    assert_eq!(rig.write(Write::Delete { run: numbers[3], rows: 1 }), Ok(Written::Deleted(false)));

    let cancel = || vec![Outgoing::NotifyChildren(item(0, Some("cancel")))];
    let (outcomes, notified) = rig.outgoing(parent, cancel());
    assert!(matches!(outcomes[..], [Ok(0)]), "{outcomes:?}");
    assert_eq!(notified, [numbers[0], numbers[2]]);
    for (run, count) in [(parent, 0), (numbers[0], 1), (numbers[1], 0), (numbers[2], 1)] {
        assert_eq!(rig.items(RunKey::Number(run)).len(), count);
    }
    assert!(rig.outgoing(parent, cancel()).1.is_empty(), "they know");
}

/// A run starts others with its append; each start is answered by itself.
pub fn a_run_starts_others<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let parent = rig.start("parent");
    let keyed = NewRun { dedup: Some("k".to_owned()), ..new_run("keyed", rig.lease) };
    let child = NewRun {
        parent: Some(parent),
        version: 4,
        labels: vec![("team".to_owned(), "red".to_owned())],
        ..new_run("child", rig.lease)
    };
    let outgoing = vec![
        start(child.clone(), Some(3)),
        start(new_run("parent", rig.lease), Some(4)),
        start(keyed.clone(), None),
        start(NewRun { id: "other".to_owned(), ..keyed }, Some(5)),
        start(new_run("lost", Lease { epoch: 2, ..rig.lease }), Some(6)),
        tell("child", None),
    ];
    let (outcomes, notified) = rig.outgoing(parent, outgoing);
    let row = rig.find(RunKey::Id("child")).expect("started");
    let keyed = rig.find(RunKey::Id("keyed")).expect("started");
    assert_eq!(
        (row.parent, row.version, row.first_run, row.lease),
        (Some(parent), 4, row.number, Some(rig.lease.number))
    );
    assert_eq!(rig.entries(row.number), child.entries);
    assert_eq!(rig.store.labels(row.number).expect("read"), child.labels);
    assert_eq!(outcomes[..3], [Ok(row.number), Err(Rejected::Exists(Box::new(rig.row(parent)))), Ok(keyed.number)]);
    assert_eq!(outcomes[3..5], [Err(Rejected::Held(Box::new(keyed.clone()))), Err(Rejected::Fenced)]);
    assert_eq!((outcomes[5].is_ok(), notified), (true, vec![row.number]), "one after the other");
    assert_eq!(rig.row(parent).seq, 2, "the append is done all the same");
    assert!(rig.end(keyed.number, Status::Completed).is_empty(), "nobody waits for it");
}

/// A write that every database refuses has the whole append refused, of which no row is written.
pub fn what_cannot_be_written_refuses_the_append<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let bad = || Value::json(vec![b'"', 0xFF, b'"']);
    let said = NewInboxItem { value: Some(bad()), ..item(0, None) };
    let request = RequestRow {
        id: "r".to_owned(),
        run: a,
        position: 1,
        name: "Q".to_owned(),
        answer: "A".to_owned(),
        at: AT,
        due: None,
        answered: None,
        value: bad(),
    };
    let twice = vec![("team".to_owned(), "red".to_owned()), ("team".to_owned(), "blue".to_owned())];
    let without = NewRun { entries: Vec::new(), ..new_run("c", rig.lease) };
    let first = EntryRow { value: Some(bad()), ..entry(1) };
    let imported = super::import::imported("a", Some(rig.lease));
    let wrong = [
        Outgoing::Deliver { to: "b".to_owned(), item: said.clone() },
        Outgoing::NotifyChildren(said),
        start(without, None),
        start(NewRun { entries: vec![first], ..new_run("c", rig.lease) }, None),
        start(NewRun { labels: twice, ..new_run("c", rig.lease) }, None),
        Outgoing::Ask(request),
        Outgoing::Put { channel: "c".to_owned(), seq: 2, value: Some(bad()) },
        Outgoing::Replace(Box::new(crate::store::ImportedRun {
            replaces: Some(a),
            fields: vec![field(9, "x", Value::json("1"))],
            ..imported
        })),
    ];
    for wrong in wrong {
        let outgoing = vec![tell("b", None), wrong];
        assert_refused(&rig.write(Write::from(Append { outgoing, ..rig.append(a, 1, vec![entry(2)]) })));
        assert_eq!((rig.row(a).seq, rig.items(RunKey::Number(b)).len()), (1, 0));
    }
    assert_eq!(rig.find(RunKey::Id("c")), None);
}

/// An append that changes only rows beyond its run is an append too, and one that writes nothing more is just done.
pub fn an_append_without_entries_sends<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let outgoing = vec![tell("b", None)];
    let (outcomes, notified) = appended(rig.write(Write::from(Append { outgoing, ..rig.append(a, 1, Vec::new()) })));
    assert_eq!((outcomes, notified), (vec![Ok(rig.items(RunKey::Number(b))[0])], vec![b]));
    assert_eq!(rig.write(Write::from(rig.ending(a, Status::Failed))), Ok(Written::Done), "nobody watches");
}
