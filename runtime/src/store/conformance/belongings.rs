//! The rows of a run beside its journal, and the bonds that keep it in its database.

use super::import::imported;
use super::outputs::put;
use super::requests::{answer, request};
use super::rig::{AT, Rig, assert_refused, entry, item, new_run, number};
use crate::record::InboxKind;
use crate::store::{
    Append, Bond, Change, ImportedRun, NewInboxItem, NewRun, Outgoing, Rejected, RequestKey, RequestRow, RunKey,
    Status, Store, TakenItem, Write, Written,
};
use crate::value::Value;

/// Channels, taken keys and requests are listed; items that wait in the inbox are not among the keys.
pub fn a_run_has_what_belongs_to_it<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    assert_eq!(rig.store.belongings(run + 9).expect("read"), None);
    let nothing = rig.store.belongings(other).expect("read").expect("the store tells");
    assert!(nothing.channels.is_empty() && nothing.taken.is_empty() && nothing.requests.is_empty());
    assert!(nothing.bonds.is_empty());

    rig.outgoing(run, vec![put("y", None), put("x", None), put("y", None)]);
    rig.outgoing(run, vec![Outgoing::Ask(request("r2", run)), Outgoing::Ask(request("r1", run))]);
    rig.write(answer("r2", "h")).expect("answered");
    let taken = ["k2", "k1"].map(|key| number(rig.send(run, Some(key))));
    rig.send(run, Some("waits")).expect("sent");
    rig.send(run, None).expect("sent");
    let seq = rig.row(run).seq;
    let take = Append { taken: taken.to_vec(), ..rig.append(run, seq, vec![entry(seq + 1)]) };
    rig.write(Write::from(take)).expect("taken");
    let has = rig.store.belongings(run).expect("read").expect("the store tells");
    assert_eq!(has.channels, ["x", "y"]);
    let mark = |key: &str| TakenItem { kind: InboxKind::Cancel, key: key.to_owned(), at: AT };
    assert_eq!(has.taken, [mark("k1"), mark("k2")]);
    let ids: Vec<_> = has.requests.iter().map(|row| (row.id.as_str(), row.answered.as_deref())).collect();
    assert_eq!(ids, [("r1", None), ("r2", Some("h"))]);
}

/// A run is not moved while its parent, its child, or one that waits for it or for which it waits has not ended.
pub fn a_bound_run_is_not_moved<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let parent = rig.start("parent");
    let child = Outgoing::Start {
        run: Box::new(NewRun { parent: Some(parent), ..new_run("child", rig.lease) }),
        position: None,
    };
    let child = *rig.outgoing(parent, vec![child]).0[0].as_ref().expect("started");
    let (waits, watched) = (rig.start("waits"), rig.start("watched"));
    rig.outgoing(waits, vec![Outgoing::Watch { id: "watched".to_owned(), position: 1 }]);
    let bonds = |run: i64| rig.store.belongings(run).expect("read").expect("the store tells").bonds;
    assert_eq!((bonds(parent), bonds(child)), (vec![Bond::Child(child)], vec![Bond::Parent(parent)]));
    assert_eq!((bonds(waits), bonds(watched)), (vec![Bond::Awaited(watched)], vec![Bond::Waiting(waits)]));
    for run in [parent, child, waits, watched] {
        let before = rig.row(run);
        assert_eq!(rig.write(Write::from(rig.ending(run, Status::Moved))), Err(Rejected::Fenced));
        assert_eq!(rig.row(run), before);
    }
    rig.end(child, Status::Completed);
    rig.end(watched, Status::Failed);
    assert!(bonds(parent).is_empty() && bonds(waits).is_empty());
    // A watcher that got the end waits no longer, not even for a run that replaces the ended one.
    let mut again = imported("watched", Some(rig.lease));
    again.replaces = Some(watched);
    let again = number(rig.write(Write::Import(Box::new(again))));
    assert!(bonds(again).is_empty());
    rig.end(again, Status::Moved);
    rig.end(parent, Status::Moved);
    rig.end(waits, Status::Moved);

    // The successor of the parent is the parent now.
    let old = rig.start("old");
    let run = Box::new(NewRun { parent: Some(old), ..new_run("its child", rig.lease) });
    let child = rig.outgoing(old, vec![Outgoing::Start { run, position: None }]).0.remove(0).expect("started");
    let mut new = imported("old", Some(rig.lease));
    new.replaces = Some(old);
    let new = number(rig.write(Write::Import(Box::new(new))));
    assert_eq!((bonds(child), bonds(new)), (vec![Bond::Parent(new)], vec![Bond::Child(child)]));
    rig.end(new, Status::Completed);
    assert!(bonds(child).is_empty());
    rig.end(child, Status::Moved);
}

/// The open requests of a moved run can no longer be answered here, and are recognizable.
pub fn the_questions_of_a_moved_run_go_with_it<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.outgoing(run, vec![Outgoing::Ask(request("r1", run)), Outgoing::Ask(request("r2", run))]);
    rig.write(answer("r2", "h")).expect("answered");
    rig.end(run, Status::Moved);
    let open = RequestKey::Open { after: "", limit: 9 };
    assert!(rig.store.requests(open).expect("read").is_empty());
    assert!(rig.store.requests(RequestKey::Run(run)).expect("read").is_empty());
    assert_eq!(rig.write(answer("r1", "h")), Err(Rejected::Ended));
    assert_eq!(
        (rig.write(answer("r2", "h")), rig.write(answer("r2", "x"))),
        (Ok(Written::Done), Err(Rejected::Answered))
    );
    let has = rig.store.belongings(run).expect("read").expect("the store tells");
    let ids: Vec<_> = has.requests.iter().map(|row| (row.id.as_str(), row.answered.as_deref())).collect();
    assert_eq!(ids, [("r1", Some(RequestRow::MOVED)), ("r2", Some("h"))]);
}

/// A run may bring its deduplication key, its requests, and the keys of taken items.
pub fn an_imported_run_brings_what_belongs_to_it<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let mark = TakenItem { kind: InboxKind::Message, key: "k".to_owned(), at: AT };
    let answered = RequestRow { answered: Some("h".to_owned()), ..request("r2", 0) };
    let bring = |id: &str| ImportedRun {
        items: Vec::new(),
        taken: vec![mark.clone()],
        requests: vec![request("r1", 0), answered.clone()],
        dedup: Some("one".to_owned()),
        ..imported(id, Some(rig.lease))
    };
    let run = number(rig.write(Write::Import(Box::new(bring("a")))));
    assert_eq!(rig.row(run).dedup.as_deref(), Some("one"));
    let has = rig.store.belongings(run).expect("read").expect("the store tells");
    assert_eq!(has.taken, std::slice::from_ref(&mark));
    assert_eq!(has.requests, [RequestRow { run, ..request("r1", 0) }, RequestRow { run, ..answered.clone() }]);
    assert!(rig.store.inbox(RunKey::Number(run), 0, 9).expect("read").is_empty());
    let again = NewInboxItem { kind: InboxKind::Message, ..item(run, Some("k")) };
    number(rig.write(Write::Send(again)));
    assert!(rig.store.inbox(RunKey::Number(run), 0, 9).expect("read").is_empty(), "it was taken");
    assert_eq!(
        (rig.write(answer("r2", "h")), rig.write(answer("r2", "x"))),
        (Ok(Written::Done), Err(Rejected::Answered))
    );
    number(rig.write(answer("r1", "h")));
    assert_eq!(rig.store.inbox(RunKey::Number(run), 0, 9).expect("read").len(), 1);

    let held = rig.write(Write::Import(Box::new(bring("b"))));
    assert_eq!(held, Err(Rejected::Held(Box::new(rig.row(run)))));
    assert_eq!(rig.find(RunKey::Id("b")), None, "nothing of it is written");
    // A run that replaces it may have the key, and its open requests get another value.
    rig.outgoing(run, vec![Outgoing::Ask(request("r3", run))]);
    let other = Value::json("\"sealed anew\"");
    let mut next = bring("a");
    next.replaces = Some(run);
    next.requests = ["r2", "r3"].map(|id| RequestRow { value: other.clone(), ..request(id, 0) }).into();
    let new = number(rig.write(Write::Import(Box::new(next))));
    assert_eq!((rig.row(new).dedup.as_deref(), rig.row(run).dedup.as_deref()), (Some("one"), None));
    let [r2, r3] = ["r2", "r3"].map(|id| rig.store.requests(RequestKey::Id(id)).expect("read").remove(0));
    assert_eq!((r2.run, r2.value), (run, answered.value.clone()), "it is answered");
    assert_eq!((r3.run, r3.value), (new, other));
    // A run that has ended holds no key.
    rig.write(rig.change(new, Change { status: Some(Status::Completed), ..Change::default() })).expect("ended");
    let ended = ImportedRun { status: Status::Completed, lease: None, requests: Vec::new(), ..bring("c") };
    let ended = number(rig.write(Write::Import(Box::new(ended))));
    assert_eq!(rig.row(ended).dedup, None);
    let mut not_text = bring("d");
    not_text.dedup = None;
    not_text.requests = vec![RequestRow { value: Value::json(vec![255]), ..request("r9", 0) }];
    assert_refused(&rig.write(Write::Import(Box::new(not_text))));
}
