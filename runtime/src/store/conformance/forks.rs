//! Runs that begin with the history of another, and those that replace it in doing so.

use super::import::imported;
use super::outputs::{items, put};
use super::requests::{asked_by, request};
use super::rig::{AT, Rig, item, number};
use crate::record::InboxKind;
use crate::store::{ImportedRun, NewInboxItem, Outgoing, OutputRow, Rejected, RunQuery, Status, Store, Write};
use crate::value::Value;

fn fork<S: Store>(rig: &Rig<S>, id: &str, change: impl FnOnce(&mut ImportedRun)) -> i64 {
    let mut run = imported(id, Some(rig.lease));
    run.items = Vec::new();
    change(&mut run);
    number(rig.write(Write::Import(Box::new(run))))
}

/// Outputs of a run are copied under the new first run, numbered from 1; the original's stay.
pub fn what_was_shown_comes_along<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let old = rig.start("a");
    rig.outgoing(old, vec![put("x", Some(Value::json("1"))), put("x", None), put("y", None)]);
    let shown = |item, value| OutputRow { item, run: old, seq: 2, at: AT, value };
    let (one, two) = (Value::json("1"), Value::raw(vec![0, 255]));
    let run = fork(&rig, "b", |run| {
        let (first, second) = (shown(7, Some(one.clone())), shown(9, Some(two.clone())));
        run.outputs = vec![("x".to_owned(), first), ("x".to_owned(), second), ("z".to_owned(), shown(1, None))];
    });
    let expected = [(1, Some(one)), (2, Some(two))].map(|(item, value)| OutputRow { run, ..shown(item, value) });
    assert_eq!(rig.store.outputs(run, "x", 0, 9, false).expect("read"), expected);
    assert_eq!((items(&rig, run, "z"), items(&rig, run, "y"), items(&rig, old, "x")), (vec![1], vec![], vec![1, 2]));
    assert_eq!(rig.outgoing(run, vec![put("x", None)]).0, [Ok(3)], "and goes on from there");
}

/// Runs are found by the run that they were forked from or replaced.
pub fn runs_by_origin<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let old = rig.start("a");
    let forks = ["b", "c", "d"].map(|id| fork(&rig, id, |run| run.forked_from = Some(old)));
    let of = |forked_from| RunQuery { forked_from: Some(forked_from), ..RunQuery::default() };
    let found = |query: &RunQuery| -> Vec<i64> {
        rig.store.runs(query).expect("read").runs.into_iter().map(|row| row.number).collect()
    };
    assert_eq!(found(&of(old)), forks);
    assert_eq!(found(&RunQuery { after: Some(forks[0]), limit: 1, ..of(old) }), [forks[1]]);
    assert!(found(&of(forks[0])).is_empty());
}

/// A run may replace one of the same lease, which has no owner afterwards.
pub fn a_run_of_the_same_lease_is_replaced<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let old = rig.start("a");
    let other = rig.open_lease("engine-2");
    let foreign = ImportedRun { replaces: Some(old), ..imported("a", Some(other)) };
    assert_eq!(rig.write(Write::Import(Box::new(foreign))), Err(Rejected::Fenced), "it belongs to another lease");
    let run = fork(&rig, "a", |run| run.replaces = Some(old));
    let (was, row) = (rig.row(old), rig.row(run));
    assert_eq!((was.status, was.lease, was.wake_at), (Status::Replaced, None, None));
    assert_eq!((row.lease, row.first_run), (Some(rig.lease.number), old));
    let owned = RunQuery { lease: Some(rig.lease.number), ..RunQuery::default() };
    assert_eq!(rig.store.runs(&owned).expect("read").runs, [row]);
}

/// Items that a run brings come before those of the run that it replaces; the keys of both count.
pub fn what_is_brought_comes_first<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let old = rig.start("a");
    let message = |key: &str| NewInboxItem { kind: InboxKind::Message, ..item(old, Some(key)) };
    let waiting = ["one", "two"].map(|key| number(rig.write(Write::Send(message(key)))));
    let run = fork(&rig, "a", |run| {
        run.replaces = Some(old);
        run.items = vec![NewInboxItem { key: None, ..message("") }, message("three")];
    });
    let keys: Vec<_> = rig.inbox(run).into_iter().map(|item| item.key).collect();
    assert_eq!(keys, [None, Some("three".to_owned()), Some("one".to_owned()), Some("two".to_owned())]);
    assert!(rig.inbox(run).iter().all(|item| item.number > waiting[1] && item.run == run));
    assert!(rig.inbox(old).is_empty());
    let again = NewInboxItem { run, ..message("one") };
    assert_eq!(number(rig.write(Write::Send(again))), rig.inbox(run)[2].number);
}

/// Waiting pauses and resumptions go to a successor that continues from there, not to one that begins earlier.
pub fn pauses_move_on_or_not<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for (goes_on, brought) in [(true, false), (true, true), (false, false), (false, true)] {
        let id = format!("{goes_on} {brought}");
        let old = rig.start(&id);
        let sent = [InboxKind::Pause, InboxKind::Resume, InboxKind::Message];
        for kind in &sent {
            rig.write(Write::Send(NewInboxItem { kind: kind.clone(), ..item(old, None) })).expect("sent");
        }
        let run = fork(&rig, &id, |run| {
            (run.replaces, run.goes_on) = (Some(old), goes_on);
            run.items = if brought { vec![item(old, None)] } else { Vec::new() };
        });
        let kinds: Vec<_> = rig.inbox(run).into_iter().skip(usize::from(brought)).map(|item| item.kind).collect();
        assert_eq!(kinds, sent[if goes_on { 0 } else { 2 }..], "{id}");
        assert!(rig.inbox(old).is_empty());
    }
}

/// Requests of a run are withdrawn when it is replaced, unless the successor keeps them.
pub fn questions_are_withdrawn_or_kept<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for keeps in [true, false] {
        let id = keeps.to_string();
        let old = rig.start(&id);
        rig.outgoing(old, vec![Outgoing::Ask(request(&id, old))]);
        let run = fork(&rig, &id, |run| (run.replaces, run.goes_on) = (Some(old), keeps));
        assert_eq!(asked_by(&rig, run).len(), usize::from(keeps));
        assert!(asked_by(&rig, old).is_empty());
    }
}
