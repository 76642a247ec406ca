//! Runs in queues: how they get room, give it back, and end.

use super::import::imported;
use super::rig::{AT, Answer, Rig, new_run, number};
use super::tasks::{HOUR, claimed};
use crate::record::InboxKind;
use crate::store::{
    Append, Change, Holder, ImportedRun, NewInboxItem, NewQueued, NewRun, Outgoing, PlaceChange, QueueChange,
    QueueLimits, Rejected, RunKey, Status, Store, TaskKey, TaskState, Write, Written,
};
use crate::value::Value;

impl<S: Store> Rig<S> {
    fn queue_run(&self, id: &str, queued: NewQueued) -> i64 {
        number(self.write(Write::Start(NewRun { queued: Some(queued), ..new_run(id, self.lease) })))
    }

    fn change_place(&self, run: i64, change: PlaceChange) -> Result<Written, Rejected> {
        self.write(Write::ChangePlace { lease: self.lease, run, change })
    }

    /// Claims runs, and returns their numbers and the numbers of their claims.
    fn claim_runs(&self, limit: usize) -> Vec<(i64, u32)> {
        let tasks = claimed(self.claims(self.lease, "gpu", &["order@1", "embed"], limit));
        tasks.into_iter().map(|task| (task.run, task.attempt)).collect()
    }

    /// Returns the status of a run, whether the lease owns it, and the state of its place.
    fn stands(&self, run: i64) -> (Status, bool, Option<TaskState>) {
        let (row, place) = (self.row(run), self.tasks(TaskKey::Run(run)).pop());
        (row.status, row.lease == Some(self.lease.number), place.map(|place| place.state))
    }
}

fn queued() -> NewQueued {
    NewQueued {
        queue: "gpu".to_owned(),
        key: None,
        priority: 0,
        delay: 0,
        expires: None,
        deadline: None,
        longest: None,
    }
}

fn cancellation(run: i64) -> Write {
    Write::Send(NewInboxItem { value: Some(Value::text("no")), ..NewInboxItem::new(run, InboxKind::Cancel, AT) })
}

/// A run waits without an owner, gets one with its room, gives both back, and leaves the queue at its end.
pub fn a_run_waits_for_room<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.queue_run("a", queued()), rig.queue_run("b", NewQueued { priority: -1, ..queued() }));
    assert_eq!(rig.stands(a), (Status::Queued, false, Some(TaskState::Waiting)));
    let row = rig.row(a);
    assert_eq!((row.queue.as_deref(), row.wake_at), (Some("gpu"), None));
    let [first, _] = &rig
        .store
        .tasks(TaskKey::Waiting { queue: "gpu", steps: &["order@1".to_owned()], limit: 9 })
        .expect("read")[..]
    else {
        panic!("both wait");
    };
    assert_eq!((first.run, first.is_run(), first.step.as_str()), (b, true, "order@1"));
    let adopted = rig.write(Write::Adopt(rig.lease));
    assert_eq!(adopted, Ok(Written::Number(0)), "only its queue gives it an owner");
    assert_eq!(claimed(rig.claims(rig.lease, "gpu", &["order@2"], 9)), []);
    assert_eq!(rig.claim_runs(1), [(b, 1)]);
    assert_eq!(rig.stands(b), (Status::Running, true, Some(TaskState::Claimed)));
    assert_eq!(rig.row(b).wake_at, Some(0));
    // It waits for something, and has something to do again.
    let sleeping = Change { status: Some(Status::Sleeping), wake_at: Some(None), ..Change::default() };
    assert_eq!(rig.write(rig.change(b, sleeping)), Ok(Written::Done));
    assert_eq!(rig.change_place(b, PlaceChange::Leave { attempt: 2 }), Err(Rejected::Fenced), "another claim");
    assert_eq!(rig.change_place(b, PlaceChange::Leave { attempt: 1 }), Ok(Written::Done));
    assert_eq!(rig.stands(b), (Status::Sleeping, true, Some(TaskState::Idle)));
    assert_eq!(rig.claim_runs(9), [(a, 1)]);
    assert_eq!(rig.change_place(b, PlaceChange::Wait { deadline: None }), Ok(Written::Done));
    assert_eq!(rig.stands(b), (Status::Queued, false, Some(TaskState::Waiting)));
    assert_eq!(rig.change_place(b, PlaceChange::Wait { deadline: None }), Err(Rejected::Fenced), "no lease owns it");
    assert_eq!(rig.claim_runs(9), [(b, 2)]);
    rig.end(b, Status::Completed);
    assert_eq!(rig.stands(b), (Status::Completed, false, None), "the place goes in the commit of the end");
    assert_eq!(rig.change_place(b, PlaceChange::Leave { attempt: 2 }), Err(Rejected::NoSuchQueue));
}

/// The limits of the queue count runs that have room, whatever they do.
pub fn room_is_counted<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let limits = QueueLimits { total: Some(2), per_key: Some(1), ..QueueLimits::default() };
    let declare = QueueChange::Declare { limits, has_keys: true };
    assert_eq!(rig.write(Write::ChangeQueue { queue: "gpu".into(), change: declare }), Ok(Written::Done));
    let of = |key: &str| NewQueued { key: Some(key.to_owned()), ..queued() };
    let [a, a2, b, c] = [("a", "x"), ("a2", "x"), ("b", "y"), ("c", "z")].map(|(id, key)| rig.queue_run(id, of(key)));
    let keyless = Write::Start(NewRun { queued: Some(queued()), ..new_run("keyless", rig.lease) });
    assert!(matches!(rig.write(keyless), Err(Rejected::Refused(why)) if why.contains("has no key in queue `gpu`")));
    assert_eq!(rig.claim_runs(9), [(a, 1), (b, 1)]);
    rig.end(a, Status::Failed);
    assert_eq!(rig.claim_runs(9), [(c, 1)]);
    assert_eq!(rig.change_place(c, PlaceChange::Leave { attempt: 1 }), Ok(Written::Done));
    assert_eq!(rig.claim_runs(9), [(a2, 1)]);
    assert_eq!(rig.store.queue("gpu").expect("read").expect("declared").running, 2);
}

/// A run that is cancelled, or whose time is over, needs no room to end.
pub fn a_run_ends_without_room<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let cancelled = rig.queue_run("cancelled", queued());
    number(rig.write(cancellation(cancelled)));
    let free = (Status::Running, false, Some(TaskState::Idle));
    assert_eq!(rig.stands(cancelled), free);
    let late = rig.queue_run("late", NewQueued { expires: Some(0), delay: HOUR, ..queued() });
    let due = rig.queue_run("due", NewQueued { deadline: Some(AT), ..queued() });
    let in_time = NewQueued { expires: Some(HOUR), deadline: Some(i64::MAX), delay: HOUR, ..queued() };
    let in_time = rig.queue_run("in time", in_time);
    let mut expired: Vec<i64> = rig.tasks(TaskKey::Expired { limit: 9 }).into_iter().map(|task| task.run).collect();
    expired.sort_unstable();
    assert_eq!(expired, [late, due]);
    assert_eq!(rig.write(Write::ExpireRuns { limit: 1 }), Ok(Written::Number(1)));
    assert_eq!(rig.write(Write::ExpireRuns { limit: 9 }), Ok(Written::Number(1)));
    assert_eq!(rig.write(Write::ExpireRuns { limit: 9 }), Ok(Written::Number(0)));
    assert_eq!(
        [late, due, in_time].map(|run| rig.stands(run)),
        [free, free, (Status::Queued, false, Some(TaskState::Delayed))]
    );
    let [item] = &rig.inbox(late)[..] else { panic!("one cancellation") };
    let why = item.value.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(item.kind == InboxKind::Cancel && why.contains("within its time to live in queue `gpu`"), "{why}");
    assert_eq!(rig.inbox(due), []);
    // One that has begun is not late, and one that is to be cancelled does not wait again.
    let begun = rig.queue_run("begun", NewQueued { expires: Some(HOUR), ..queued() });
    assert_eq!(rig.claim_runs(9), [(begun, 1)]);
    assert_eq!(rig.tasks(TaskKey::Run(begun))[0].expires, None);
    // Its end has changed since.
    let deadline = Some(i64::MAX - 1);
    assert_eq!(rig.change_place(begun, PlaceChange::Wait { deadline }), Ok(Written::Done));
    assert_eq!(rig.tasks(TaskKey::Run(begun))[0].deadline, deadline);
    assert_eq!(rig.claim_runs(9), [(begun, 2)]);
    number(rig.write(cancellation(begun)));
    assert_eq!(rig.change_place(begun, PlaceChange::Wait { deadline: None }), Ok(Written::Done));
    assert_eq!(rig.stands(begun), free);
    let paused = rig.queue_run("paused", queued());
    number(rig.write(Write::Send(NewInboxItem::new(paused, InboxKind::Pause, AT))));
    assert_eq!(rig.stands(paused), free, "a pause needs no room either");
}

/// A run that is given to a lease as it is waits no more, and its successor has what it had.
pub fn room_goes_with_the_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let limits = QueueLimits { held: true, ..QueueLimits::default() };
    let declare = QueueChange::Declare { limits, has_keys: false };
    assert_eq!(rig.write(Write::ChangeQueue { queue: "gpu".into(), change: declare }), Ok(Written::Done));
    let (moved, rewound) = (rig.queue_run("moved", queued()), rig.queue_run("rewound", queued()));
    // It is moved elsewhere while it waits: nothing of it is claimed any more.
    match rig.write(Write::Claim { run: moved, lease: rig.lease }) {
        Ok(Written::Claimed(row)) => assert_eq!((row.status, row.wake_at), (Status::Running, Some(0))),
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.stands(moved), (Status::Running, true, Some(TaskState::Idle)));
    rig.end(moved, Status::Moved);
    assert_eq!(rig.stands(moved), (Status::Moved, false, None));
    // It is parked, and another run takes its id.
    assert_eq!(rig.claim_runs(9), [(rewound, 1)]);
    let parked = Change { status: Some(Status::Parked), wake_at: Some(None), release: true, ..Change::default() };
    assert_eq!(rig.write(rig.change(rewound, parked)), Ok(Written::Done));
    let taking = |id: &str, old| {
        number(rig.write(Write::Import(Box::new(ImportedRun {
            replaces: Some(old),
            items: Vec::new(),
            ..imported(id, None)
        }))))
    };
    let next = taking("rewound", rewound);
    assert_eq!((rig.row(next).queue.as_deref(), rig.tasks(TaskKey::Run(rewound))), (Some("gpu"), vec![]));
    let place = rig.tasks(TaskKey::Run(next)).remove(0);
    assert_eq!(
        (place.state, place.attempt, rig.store.queue("gpu").expect("read").expect("declared").running),
        (TaskState::Claimed, 1, 1)
    );
    // It goes on as another run, in the commit that ends it.
    assert!(rig.write(Write::Claim { run: next, lease: rig.lease }).is_ok());
    let import = ImportedRun { replaces: Some(next), items: Vec::new(), ..imported("rewound", Some(rig.lease)) };
    let outgoing = vec![Outgoing::Replace(Box::new(import))];
    let append = Append { outgoing, ..rig.ending(next, Status::Replaced) };
    assert_eq!(rig.write(Write::from(append)).map(drop), Ok(()));
    let last = rig.store.run(RunKey::Id("rewound")).expect("read").expect("there");
    assert_eq!((last.queue.as_deref(), rig.tasks(TaskKey::Run(last.number)).len()), (Some("gpu"), 1));
    // The place of one that has ended is gone: its successor has no queue.
    let ended = rig.queue_run("ended", queued());
    assert_eq!(rig.claim_runs(9), [(ended, 1)]);
    rig.end(ended, Status::Failed);
    assert_eq!(rig.row(taking("ended", ended)).queue, None);
}

/// A run that is at work keeps its room when its lease is taken over; one that waits gives it back.
pub fn room_goes_with_the_lease<S: Store>(open: &dyn Fn() -> S) {
    let mut rig = Rig::new(open);
    let (works, sleeps, ended) =
        (rig.queue_run("a", queued()), rig.queue_run("b", queued()), rig.queue_run("c", queued()));
    assert_eq!(rig.claim_runs(9).len(), 3);
    let sleeping = Change { status: Some(Status::Sleeping), wake_at: Some(None), ..Change::default() };
    assert_eq!(rig.write(rig.change(sleeps, sleeping)), Ok(Written::Done));
    rig.end(ended, Status::Completed);
    assert_eq!(rig.write(Write::CloseLease(rig.lease)), Err(Rejected::Fenced));
    let taken = Write::TakeLease { seen: rig.lease, heartbeat: 0, owner: "taker".to_owned() };
    match rig.write(taken) {
        Ok(Written::Lease(lease)) => rig.lease = lease,
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.stands(works), (Status::Running, true, Some(TaskState::Claimed)));
    assert_eq!(rig.stands(sleeps), (Status::Sleeping, true, Some(TaskState::Idle)));
    assert_eq!(rig.stands(ended), (Status::Completed, false, None));
}

/// The holder of a deduplication key answers a start, and waits anew while it has not begun.
pub fn the_holder_answers_a_start<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let keyed = |id: &str, holder, queue: &str, delay| {
        let (dedup, queue) = (Some("k".to_owned()), queue.to_owned());
        let queued = Some(NewQueued { queue, delay, longest: Some(2 * HOUR), ..queued() });
        rig.write(Write::Start(NewRun { dedup, queued, holder, ..new_run(id, rig.lease) }))
    };
    let held = |answer: Answer| match answer {
        Ok(Written::Held(row)) => row.number,
        other => panic!("{other:?}"),
    };
    let first = number(keyed("a", Holder::Waits, "gpu", HOUR));
    let due = || rig.tasks(TaskKey::Run(first))[0].due;
    let began = due();
    assert_eq!(held(keyed("b", Holder::Answers, "gpu", 0)), first);
    assert_eq!(due(), began, "it waits as before");
    assert_eq!(held(keyed("b", Holder::Waits, "gpu", 3 * HOUR)), first);
    assert!((due() - began - HOUR).abs() < 60_000, "no longer than two hours: {}", due() - began);
    let other = NewRun { workflow: "other".to_owned(), dedup: Some("k".to_owned()), ..new_run("o", rig.lease) };
    let other = rig.write(Write::Start(NewRun { holder: Holder::Answers, ..other }));
    assert!(matches!(other, Err(Rejected::Held(row)) if row.number == first), "one of another workflow answers none");
    assert!(rig.store.run(RunKey::Id("b")).expect("read").is_none());
    // No other run answers the start of a child, and a rejected start changes nothing.
    let (parent, before) = (rig.start("parent"), due());
    let (dedup, queued) = (Some("k".to_owned()), Some(NewQueued { delay: 0, ..queued() }));
    let child = NewRun { dedup, queued, holder: Holder::Waits, lease: None, ..new_run("child", rig.lease) };
    let started = rig.outgoing(parent, vec![Outgoing::Start { run: Box::new(child), position: None }]).0;
    assert!(matches!(&started[..], [Err(Rejected::Held(row))] if row.number == first), "{started:?}");
    assert_eq!(due(), before);
    // One that has begun answers, or goes on without the key.
    assert_eq!(held(keyed("b", Holder::Waits, "gpu", 0)), first);
    assert_eq!(rig.claim_runs(9), [(first, 1)]);
    assert_eq!(held(keyed("b", Holder::Answers, "gpu", 0)), first);
    let second = number(keyed("b", Holder::Waits, "gpu", HOUR));
    assert_eq!((rig.row(first).dedup, rig.inbox(first).len()), (None, 0));
    // One in another queue is not the same wait.
    match keyed("c", Holder::Waits, "cpu", HOUR) {
        Ok(Written::Appended { notified, .. }) => assert_eq!(notified, [second]),
        other => panic!("{other:?}"),
    }
}

/// A deduplication key goes to the new run: one that waits is cancelled and gives its place, one that has begun goes on or
/// is cancelled.
pub fn a_key_is_taken_from_its_holder<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let keyed = |id: &str, holder, queued: NewQueued| {
        let dedup = Some("k".to_owned());
        rig.write(Write::Start(NewRun { dedup, holder, queued: Some(queued), ..new_run(id, rig.lease) }))
    };
    let waits = |delay| NewQueued { delay, longest: Some(2 * HOUR), ..queued() };
    let first = number(keyed("a", Holder::Yields, waits(HOUR)));
    assert!(matches!(keyed("x", Holder::Keeps, queued()), Err(Rejected::Held(row)) if row.number == first));
    let started = |answer: Answer| match answer {
        Ok(Written::Appended { outcomes, notified }) => (outcomes[0].clone().expect("a number"), notified),
        other => panic!("{other:?}"),
    };
    let (second, notified) = started(keyed("b", Holder::Yields, waits(3 * HOUR)));
    assert_eq!(notified, [first]);
    assert_eq!(rig.stands(first), (Status::Running, false, Some(TaskState::Idle)));
    assert_eq!((rig.inbox(first)[0].kind.clone(), rig.row(first).dedup), (InboxKind::Cancel, None));
    let [one, two] = [first, second].map(|run| rig.tasks(TaskKey::Run(run)).remove(0));
    assert_eq!(two.at, one.at, "it has the place of the first");
    assert!((two.due - one.due - HOUR).abs() < 60_000, "no longer than two hours: {}", two.due - one.due);
    // One that has begun goes on without the key.
    let now = rig.write(Write::Start(NewRun { queued: Some(queued()), ..new_run("c", rig.lease) }));
    number(now);
    let (other, _) = rig.claim_runs(9)[0];
    let (third, notified) = started(keyed("d", Holder::Ends, queued()));
    assert_eq!((notified, rig.row(second).dedup, rig.row(third).dedup.as_deref()), (vec![second], None, Some("k")));
    assert_eq!(rig.claim_runs(9), [(third, 1)]);
    let fourth = number(keyed("e", Holder::Yields, queued()));
    assert_eq!((rig.inbox(third).len(), rig.row(third).dedup, rig.row(fourth).dedup.as_deref()), (0, None, Some("k")));
    assert_eq!(rig.claim_runs(9), [(fourth, 1)]);
    let (fifth, notified) = started(keyed("f", Holder::Ends, queued()));
    assert_eq!((notified, rig.inbox(fourth).len(), rig.stands(fifth).0), (vec![fourth], 1, Status::Queued));
    assert_eq!(rig.stands(other).0, Status::Running);
}
