//! Two connections to one database, at the same time.

use super::rig::{AT, Rig, entry, item, new_run, number};
use super::schedules::{fire, row};
use super::tasks::task;
use crate::record::InboxKind;
use crate::store::{Append, Fired, Lease, NewInboxItem, Outgoing, Rejected, RequestRow, RunKey, Store, Write, Written};
use crate::value::Value;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

/// Opens another connection to the database of a store.
type Again<'a, S> = &'a (dyn Fn(&S) -> S + Sync);

const ROUNDS: u64 = 60;

/// Returns the connection of a rig, and another one under the same lease.
fn pair<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) -> (Rig<S>, Rig<S>) {
    let one = Rig::new(open);
    let two = Rig { store: again(&one.store), lease: one.lease };
    (one, two)
}

/// A reader that follows numbers misses none: one that becomes visible later is greater than all before it.
pub fn numbers_become_visible_in_order<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let run = one.start("a");
    let ended = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (store, mut seen) = (again(&one.store), Vec::new());
            loop {
                let last = ended.load(Ordering::Acquire);
                let after = seen.last().copied().unwrap_or(0);
                let items = store.inbox(RunKey::Number(run), after, usize::MAX).expect("the inbox can be read");
                seen.extend(items.iter().map(|item| item.number));
                if last {
                    return seen;
                }
            }
        });
        let senders = [&one, &two]
            .map(|rig| scope.spawn(move || (0..ROUNDS).map(|_| number(rig.send(run, None))).collect::<Vec<_>>()));
        let mut sent: Vec<_> = senders.into_iter().flat_map(|sender| sender.join().expect("sent")).collect();
        ended.store(true, Ordering::Release);
        sent.sort_unstable();
        let seen = reader.join().expect("read");
        assert_eq!(seen.len(), sent.len(), "items that a reader missed");
        assert_eq!(seen, sent);
        seen
    });
    assert_eq!(one.items(RunKey::Number(run)), seen);
}

/// The items of a channel are numbered without gaps by two connections, and become visible in that order.
pub fn outputs_are_numbered_by_both<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let (a, b) = (one.start("a"), two.start("b"));
    let put = |rig: &Rig<S>, run: i64| {
        for seq in 2..ROUNDS {
            let outgoing = vec![Outgoing::Put { channel: "news".to_owned(), seq, value: None }];
            let append = Append { outgoing, ..rig.append(run, seq - 1, vec![entry(seq)]) };
            assert!(matches!(rig.write(Write::from(append)), Ok(Written::Appended { .. })));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| put(&one, a));
        scope.spawn(|| put(&two, b));
    });
    for run in [a, b] {
        let shown = one.store.outputs(run, "news", 0, usize::MAX, false).expect("the outputs can be read");
        assert_eq!(shown.iter().map(|output| output.item).collect::<Vec<_>>(), (1..ROUNDS - 1).collect::<Vec<_>>());
    }
}

/// After a takeover has been answered, nothing more is written under the former epoch, whatever was on its way.
pub fn a_takeover_fences_appends_on_their_way<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    for round in 0..6 {
        let lease = one.open_lease("owner");
        let run = number(one.write(Write::Start(new_run(&format!("run-{round}"), lease))));
        let begun = Barrier::new(2);
        let (written, at_takeover) = std::thread::scope(|scope| {
            let owner = scope.spawn(|| {
                begun.wait();
                let mut seq = 1;
                loop {
                    let append = Append { lease, ..one.append(run, seq, vec![entry(seq + 1)]) };
                    match one.write(Write::from(append)) {
                        Ok(Written::Done) => seq += 1,
                        Err(Rejected::Fenced) => return seq,
                        other => panic!("unexpected {other:?}"),
                    }
                }
            });
            begun.wait();
            let taken = Write::TakeLease { seen: lease, heartbeat: 0, owner: "other".to_owned() };
            assert_eq!(two.write(taken), Ok(Written::Lease(Lease { epoch: 2, ..lease })));
            let at_takeover = two.row(run).seq;
            (owner.join().expect("written"), at_takeover)
        });
        assert_eq!((written, two.row(run).seq), (at_takeover, at_takeover), "round {round}");
    }
}

/// An item that two senders send under one key arrives once, and both are told its number.
pub fn two_senders_of_one_key<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let run = one.start("a");
    for round in 0..ROUNDS / 4 {
        let (key, begun) = (format!("key-{round}"), Barrier::new(2));
        let send = |rig: &Rig<S>| {
            begun.wait();
            number(rig.write(Write::Send(item(run, Some(&key)))))
        };
        let [first, second] = std::thread::scope(|scope| {
            let senders = [&one, &two].map(|rig| scope.spawn(|| send(rig)));
            senders.map(|sender| sender.join().expect("sent"))
        });
        assert_eq!(first, second, "round {round}");
    }
    assert_eq!(one.items(RunKey::Number(run)).len() as u64, ROUNDS / 4);
}

/// Of two starts of one id, one starts the run, and the other gets it as the answer.
pub fn two_starts_of_one_id<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    for round in 0..ROUNDS / 4 {
        let (id, begun) = (format!("run-{round}"), Barrier::new(2));
        let start = |rig: &Rig<S>| {
            begun.wait();
            rig.write(Write::Start(new_run(&id, rig.lease)))
        };
        let answers = std::thread::scope(|scope| {
            let starters = [&one, &two].map(|rig| scope.spawn(|| start(rig)));
            starters.map(|starter| starter.join().expect("started"))
        });
        let ([Ok(Written::Number(run)), Err(Rejected::Exists(row))]
        | [Err(Rejected::Exists(row)), Ok(Written::Number(run))]) = answers
        else {
            panic!("round {round}: {answers:?}");
        };
        assert_eq!(row.number, run, "round {round}");
    }
}

/// A request that two people answer has one answer.
pub fn two_answers_to_one_request<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let run = one.start("a");
    for round in 0..ROUNDS / 4 {
        let id = format!("{round:032x}");
        let (name, answer, value) = ("Approval".to_owned(), "Decision".to_owned(), Value::json("{}"));
        let (at, due, answered) = (AT, None, None);
        let request = RequestRow { id: id.clone(), run, position: round, name, answer, at, due, answered, value };
        one.outgoing(run, vec![Outgoing::Ask(request)]);
        let begun = Barrier::new(2);
        let answer = |rig: &Rig<S>, hash: &str| {
            begun.wait();
            let item = NewInboxItem::new(run, InboxKind::Answer, AT);
            rig.write(Write::Answer { request: id.clone(), hash: hash.to_owned(), item })
        };
        let mut answers = std::thread::scope(|scope| {
            let people = [(&one, "yes"), (&two, "no")].map(|(rig, hash)| scope.spawn(move || answer(rig, hash)));
            people.map(|person| person.join().expect("answered"))
        });
        answers.sort_unstable_by_key(Result::is_err);
        assert!(matches!(answers, [Ok(Written::Number(_)), Err(Rejected::Answered)]), "round {round}: {answers:?}");
    }
}

/// Batches that write to the same runs in opposite orders are all committed: neither waits for the other for ever.
pub fn opposite_orders_end<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let (a, b) = (one.start("a"), two.start("b"));
    let talk = |rig: &Rig<S>, from: i64, to: i64, name: &str| {
        for seq in 2..ROUNDS {
            let outgoing = vec![Outgoing::Deliver { to: name.to_owned(), item: item(to, None) }];
            let append = Append { outgoing, ..rig.append(from, seq - 1, vec![entry(seq)]) };
            let answers = rig.batch(&[Write::Send(item(to, None)), Write::from(append), Write::Send(item(from, None))]);
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| talk(&one, a, b, "b"));
        scope.spawn(|| talk(&two, b, a, "a"));
    });
    for run in [a, b] {
        assert_eq!(one.row(run).seq, ROUNDS - 1);
        assert_eq!(one.items(RunKey::Number(run)).len() as u64, (ROUNDS - 2) * 3);
    }
}

/// A task is claimed by one of two engines that claim at the same time, and each is claimed.
pub fn tasks_are_claimed_once_by_both<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let (run, other) = (one.start("a"), two.open_lease("engine-2"));
    one.enqueue(run, (1..=ROUNDS).map(task));
    let claim = |rig: &Rig<S>, lease| {
        let mut claimed = Vec::new();
        loop {
            let tasks = rig.claim(lease, 3);
            if tasks.is_empty() {
                return claimed;
            }
            claimed.extend(tasks.iter().map(|task| task.position));
        }
    };
    let claimed = std::thread::scope(|scope| {
        let claiming = scope.spawn(|| claim(&two, other));
        [claim(&one, one.lease), claiming.join().expect("claimed")]
    });
    let mut all = claimed.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=ROUNDS).collect::<Vec<_>>(), "{claimed:?}");
}

/// Two connections that create the same schedule and decide the same times: each is decided by one of them.
pub fn times_are_decided_once_by_both<S: Store>(open: &dyn Fn() -> S, again: Again<'_, S>) {
    let (one, two) = pair(open, again);
    let created = Barrier::new(2);
    let decided = |rig: &Rig<S>| {
        created.wait();
        let is_new = rig.write(Write::PutSchedule(Box::new(row("nightly")))).is_ok();
        created.wait();
        let now = |rig: &Rig<S>| rig.store.schedule("nightly").expect("read").expect("there").revision;
        let first = now(rig);
        created.wait();
        let mut started = Vec::new();
        for time in 0..i64::try_from(ROUNDS).expect("a number") {
            let revision = first + time;
            let decided = fire(rig.lease, "nightly", revision, time);
            // Both at once, and in an order that differs.
            if let Ok(Written::Fired(Fired::Started(run))) = rig.write(decided) {
                started.push((time, run));
            }
            assert!(now(rig) > revision, "the other one, or this one, has decided it");
        }
        (is_new, started)
    };
    let [(new, ours), (also_new, theirs)] = std::thread::scope(|scope| {
        let threads = [&one, &two].map(|rig| scope.spawn(move || decided(rig)));
        threads.map(|thread| thread.join().expect("decided"))
    });
    assert!(new != also_new, "one of them has created it");
    let mut times: Vec<i64> = ours.iter().chain(&theirs).map(|(time, _)| *time).collect();
    times.sort_unstable();
    assert_eq!(times, (0..i64::try_from(ROUNDS).expect("a number")).collect::<Vec<_>>());
}
