//! Waiting for the end of a run.

use super::rig::{Rig, appended, new_run};
use crate::record::InboxKind;
use crate::store::{Append, Change, NewInboxItem, Outgoing, Rejected, RunKey, Status, Store, Write, Written};
use crate::value::Value;

fn watch(id: &str, position: u64) -> Outgoing {
    Outgoing::Watch { id: id.to_owned(), position }
}

/// The end of a run is delivered to its starter and its watchers, with the value of its last entry.
pub fn an_end_is_told<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (parent, other) = (rig.start("parent"), rig.start("other"));
    let child = Outgoing::Start { run: Box::new(new_run("child", rig.lease)), position: Some(3) };
    let (outcomes, _) = rig.outgoing(parent, vec![child]);
    let child = *outcomes[0].as_ref().expect("started");
    assert_eq!(
        rig.outgoing(other, vec![watch("child", 8), watch("child", 9), watch("nobody", 1)]),
        (vec![Ok(0), Ok(0), Err(Rejected::NoSuchRun)], vec![])
    );
    assert_eq!(rig.outgoing(other, vec![watch("child", 8)]), (vec![Ok(0)], vec![]), "it watches already");
    rig.write(rig.change(child, Change { status: Some(Status::Sleeping), ..Change::default() })).expect("no end");
    assert!(rig.inbox(parent).is_empty());

    let mut end = rig.ending(child, Status::TimedOut);
    end.entries[0].value = Some(Value::json("\"too late\""));
    assert_eq!(appended(rig.write(Write::from(end))), (vec![], vec![parent, other]));
    let items = rig.inbox(parent);
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!((item.kind.as_str(), item.key.as_deref(), item.position), ("ended", Some("ended:3"), Some(3)));
    assert_eq!((item.name.as_deref(), item.sender.as_deref()), (Some("timed_out"), Some("child")));
    assert_eq!(item.value, Some(Value::json("\"too late\"")));
    let positions: Vec<_> = rig.inbox(other).iter().map(|item| item.position).collect();
    assert_eq!(positions, [Some(8), Some(9)]);
}

/// The end of a run that has ended is delivered at once, and once for each position, taken or not.
pub fn an_end_that_was_is_told_at_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    rig.end(b, Status::Failed);
    let (outcomes, notified) = rig.outgoing(a, vec![watch("b", 5)]);
    let item = rig.inbox(a).remove(0);
    assert_eq!((outcomes, notified), (vec![Ok(item.number)], vec![a]));
    let last = rig.entries(b).pop().and_then(|entry| entry.value);
    assert_eq!((item.name.as_deref(), item.position, item.value), (Some("failed"), Some(5), last));
    assert_eq!(rig.outgoing(a, vec![watch("b", 5)]), (vec![Ok(item.number)], vec![]));
    let take = Append { taken: vec![item.number], ..rig.append(a, rig.row(a).seq, Vec::new()) };
    assert_eq!(rig.write(Write::from(take)), Ok(Written::Done));
    assert_eq!(rig.outgoing(a, vec![watch("b", 5)]), (vec![Ok(item.number)], vec![]));
    assert!(rig.inbox(a).is_empty());
}

/// A watcher that has ended gets no more items, and an end is delivered once only.
pub fn who_has_ended_is_not_told<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b, c) = (rig.start("a"), rig.start("b"), rig.start("c"));
    rig.outgoing(a, vec![watch("c", 1)]);
    rig.outgoing(b, vec![watch("c", 1)]);
    assert!(rig.end(a, Status::Cancelled).is_empty());
    let change = Change { status: Some(Status::Completed), ..Change::default() };
    assert_eq!(appended(rig.write(rig.change(c, change.clone()))), (vec![], vec![b]));
    assert_eq!(rig.write(rig.change(c, change)), Ok(Written::Done), "it has ended before");
    assert_eq!((rig.inbox(a).len(), rig.inbox(b).len()), (0, 1));
}

/// The deletion of a run that has not ended is notified when it is marked, once, and removes nothing yet.
pub fn a_deletion_is_told<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b, c) = (rig.start("a"), rig.start("b"), rig.start("c"));
    rig.outgoing(a, vec![watch("c", 5), watch("c", 6)]);
    rig.outgoing(b, vec![watch("c", 1)]);
    rig.end(b, Status::Failed);
    assert_eq!(rig.write(Write::Delete { run: c, rows: 9 }), Err(Rejected::Fenced), "it belongs to a lease");
    assert!(rig.inbox(a).is_empty());
    rig.write(rig.change(c, Change { status: Some(Status::Parked), release: true, ..Change::default() }))
        .expect("parked");
    let marked = rig.write(Write::Delete { run: c, rows: 9 });
    assert!(matches!(&marked, Ok(Written::Marked(notified)) if notified.iter().all(|run| *run == a)), "{marked:?}");
    assert_eq!((rig.row(c).status, rig.entries(c).len()), (Status::Deleting, 1));
    let items = rig.inbox(a);
    let said: Vec<_> = items.iter().map(|item| (item.kind.as_str(), item.position, item.name.as_deref())).collect();
    assert_eq!(said, [("ended", Some(5), Some("deleting")), ("ended", Some(6), Some("deleting"))]);
    assert!(items.iter().all(|item| item.sender.as_deref() == Some("c") && item.value.is_none()));
    assert_eq!(rig.write(Write::Delete { run: c, rows: 9 }), Ok(Written::Deleted(true)));
    assert_eq!((rig.inbox(a).len(), rig.find(RunKey::Id("c"))), (2, None));

    // A watcher that got the end of a run is not notified of its deletion.
    let d = rig.start("d");
    rig.outgoing(a, vec![watch("d", 7)]);
    rig.end(d, Status::Completed);
    assert_eq!(rig.write(Write::Delete { run: d, rows: 9 }), Ok(Written::Deleted(true)));
    assert_eq!(rig.inbox(a).len(), 3);
}

/// A deleted run watches no other, and no run can watch it.
pub fn a_deleted_run_is_not_watched<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b, c) = (rig.start("a"), rig.start("b"), rig.start("c"));
    rig.outgoing(a, vec![watch("b", 1)]);
    rig.outgoing(b, vec![watch("c", 2)]);
    rig.write(rig.change(b, Change { status: Some(Status::Parked), release: true, ..Change::default() }))
        .expect("parked");
    assert_eq!(rig.write(Write::Delete { run: b, rows: 1 }), Ok(Written::Marked(vec![a])));
    assert_eq!(rig.outgoing(a, vec![watch("b", 2)]), (vec![Err(Rejected::NoSuchRun)], vec![]));
    while rig.write(Write::Delete { run: b, rows: 2 }) == Ok(Written::Deleted(false)) {}
    assert_eq!(rig.find(RunKey::Id("b")), None);
    assert!(rig.end(c, Status::Completed).is_empty());
    assert_eq!(rig.inbox(a).len(), 1, "only that it was deleted");
}

/// An item for a watched run reaches the run that this call waits for, and no other that has the id.
pub fn only_a_watched_run_is_reached<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (parent, stranger) = (rig.start("parent"), rig.start("stranger"));
    let child = Outgoing::Start { run: Box::new(new_run("child", rig.lease)), position: Some(3) };
    let reach = |id: &str, position: u64| {
        let item = NewInboxItem { key: Some("cancel".to_owned()), ..NewInboxItem::new(0, InboxKind::Cancel, 1) };
        Outgoing::DeliverToWatched { to: id.to_owned(), position, item }
    };
    let (outcomes, notified) =
        rig.outgoing(parent, vec![child, reach("child", 3), reach("stranger", 3), reach("child", 4)]);
    let child = *outcomes[0].as_ref().expect("started");
    let items = rig.inbox(child);
    assert_eq!(items.len(), 1);
    assert_eq!(outcomes[1..], [Ok(items[0].number), Err(Rejected::NoSuchRun), Err(Rejected::NoSuchRun)]);
    assert_eq!(notified, [child]);
    let again = rig.outgoing(parent, vec![reach("child", 3)]);
    assert_eq!(again, (vec![Ok(items[0].number)], vec![]), "it arrives once");
    assert_eq!(rig.outgoing(stranger, vec![reach("child", 3)]), (vec![Err(Rejected::NoSuchRun)], vec![]));
    assert!(rig.inbox(stranger).is_empty());
}
