//! Inboxes.

use super::rig::{AT, Rig, entry, item, number};
use crate::record::InboxKind;
use crate::store::{Append, Change, InboxRow, NewInboxItem, Rejected, RunKey, Status, Store, Write, Written};
use crate::value::Value;

/// Items come back as they were sent, in order of arrival.
pub fn items_come_in_order<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let (name, sender) = (Some("orders".to_owned()), Some("b".to_owned()));
    let raw = NewInboxItem {
        kind: InboxKind::Message,
        name,
        sender,
        position: Some(7),
        value: Some(Value::raw(vec![0, 255])),
        ..item(a, Some("k"))
    };
    let sent = [item(a, None), item(b, None), raw, NewInboxItem { value: None, ..item(a, None) }];
    let numbers: Vec<_> = sent.iter().map(|item| number(rig.write(Write::Send(item.clone())))).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next));
    let expected: Vec<_> = sent
        .into_iter()
        .zip(numbers)
        .filter(|(item, _)| item.run == a)
        .map(|(NewInboxItem { run, kind, key, at, name, position, sender, value }, number)| InboxRow {
            number,
            run,
            kind,
            key,
            at,
            name,
            position,
            sender,
            value,
        })
        .collect();
    assert_eq!(rig.store.inbox(RunKey::Number(a), 0, 9).expect("read"), expected);
    assert_eq!(rig.store.inbox(RunKey::Id("a"), 0, 9).expect("read"), expected);
    for of in [RunKey::Number(a), RunKey::Id("a"), RunKey::Lease(rig.lease.number)] {
        let all = rig.items(of);
        let page = |after, limit| -> Vec<i64> {
            rig.store.inbox(of, after, limit).expect("read").into_iter().map(|item| item.number).collect()
        };
        assert_eq!(
            (page(0, 2), page(all[0], 1), page(all[0], 9)),
            (all[..2].to_vec(), vec![all[1]], all[1..].to_vec())
        );
        assert!(page(0, 0).is_empty() && page(i64::MAX, 9).is_empty());
    }
    assert_eq!(rig.send(b + 9, None), Err(Rejected::NoSuchRun));
}

/// An item with the key of an earlier one is the same item, taken or not; keys of different runs are independent.
pub fn a_key_arrives_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let first = number(rig.send(a, Some("k")));
    let again = NewInboxItem { kind: InboxKind::Unknown("other".to_owned()), value: None, ..item(a, Some("k")) };
    assert_eq!(rig.write(Write::Send(again)), Ok(Written::Number(first)));
    assert_eq!(
        rig.store.inbox(RunKey::Number(a), 0, 1).expect("read")[0].kind,
        InboxKind::Cancel,
        "the first one stays"
    );
    assert_ne!(number(rig.send(a, Some(""))), first, "the empty key is a key");
    assert_ne!(number(rig.send(a, Some("K"))), first);
    assert_ne!(number(rig.send(b, Some("k"))), first);
    assert_ne!(number(rig.send(a, None)), number(rig.send(a, None)), "without a key each is its own");
    assert_eq!((rig.items(RunKey::Number(a)).len(), rig.items(RunKey::Number(b)).len()), (5, 1));

    let take = Append { taken: vec![first], ..rig.append(a, 1, vec![entry(2)]) };
    rig.write(Write::from(take)).expect("taken");
    let left = rig.items(RunKey::Number(a));
    assert_eq!((left.len(), left.contains(&first)), (4, false));
    assert_eq!(rig.send(a, Some("k")), Ok(Written::Number(first)), "taken, it does not come again");
    assert_eq!(rig.items(RunKey::Number(a)), left);
    assert!(!rig.items(RunKey::Lease(rig.lease.number)).contains(&first));
}

/// A run that has ended accepts nothing; a parked one does.
pub fn a_run_that_ended_accepts_nothing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for status in
        [Status::Completed, Status::Failed, Status::Cancelled, Status::Moved, Status::Parked, Status::Sleeping]
    {
        let run = rig.start(status.as_str());
        rig.write(rig.change(run, Change { status: Some(status), ..Change::default() })).expect("changed");
        let answer = rig.send(run, Some("k"));
        assert_eq!(answer == Err(Rejected::Ended), status.is_final(), "{status}: {answer:?}");
    }
}

/// An item that arrived under a key stays accepted, even if the run has ended since or is being deleted.
pub fn a_key_is_looked_at_before_the_end<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for status in [Status::Completed, Status::Cancelled, Status::Moved] {
        let run = rig.start(status.as_str());
        let (waiting, taken) = (number(rig.send(run, Some("waiting"))), number(rig.send(run, Some("taken"))));
        let take = Append { taken: vec![taken], ..rig.append(run, 1, vec![entry(2)]) };
        rig.write(Write::from(take)).expect("taken");
        rig.end(run, status);
        assert_eq!(rig.send(run, Some("waiting")), Ok(Written::Number(waiting)), "{status}");
        assert_eq!(rig.send(run, Some("taken")), Ok(Written::Number(taken)), "{status}");
        assert_eq!(rig.send(run, Some("another")), Err(Rejected::Ended), "{status}");
        assert_eq!(rig.send(run, None), Err(Rejected::Ended), "{status}");
    }
}

/// An append removes the items it takes, of its own run only, and a rejected one none.
pub fn taken_items_are_gone<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let items: Vec<_> = (0..3).map(|_| number(rig.send(a, None))).collect();
    let foreign = number(rig.send(b, None));
    let late = Append { taken: items.clone(), ..rig.append(a, 5, vec![entry(6)]) };
    assert_eq!(rig.write(Write::from(late)), Err(Rejected::Fenced));
    assert_eq!(rig.items(RunKey::Number(a)), items);
    let take = Append { taken: vec![items[0], items[2], foreign], at: AT, ..rig.append(a, 1, vec![entry(2)]) };
    assert_eq!(rig.write(Write::from(take)), Ok(Written::Done));
    assert_eq!(rig.items(RunKey::Number(a)), [items[1]]);
    assert_eq!(rig.items(RunKey::Number(b)), [foreign]);
    let again = number(rig.send(a, None));
    assert!(again > foreign, "numbers are not used again");
}

/// A lease sees the items that wait for the runs that it owns now, in order of arrival.
pub fn a_lease_sees_the_items_of_its_runs<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let other = rig.open_lease("engine-2");
    let (a, b, c) = (rig.start("a"), rig.start("b"), rig.start("c"));
    let items = [b, c, a, b].map(|run| number(rig.send(run, None)));
    assert_eq!(rig.items(RunKey::Lease(rig.lease.number)), items);
    assert!(rig.items(RunKey::Lease(other.number)).is_empty());
    rig.write(rig.change(b, Change { release: true, ..Change::default() })).expect("released");
    assert_eq!(rig.items(RunKey::Lease(rig.lease.number)), [items[1], items[2]]);
    rig.write(Write::Claim { run: b, lease: other }).expect("claimed");
    assert_eq!(rig.items(RunKey::Lease(other.number)), [items[0], items[3]]);
}
