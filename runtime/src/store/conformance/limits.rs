//! Limits of queues: how many tasks start, of which keys, and when.

use super::rig::{Rig, number};
use super::tasks::{HOUR, positions, task};
use crate::store::{
    Append, Outgoing, QueueChange, QueueLimits, QueueState, Rate, Rejected, Store, TaskKey, TaskRow, TaskState, Write,
    Written,
};
use std::time::{Duration, Instant};

impl<S: Store> Rig<S> {
    fn change_queue(&self, change: QueueChange) -> Result<Written, Rejected> {
        self.write(Write::ChangeQueue { queue: "gpu".into(), change })
    }

    fn declare(&self, limits: QueueLimits, has_keys: bool) {
        assert_eq!(self.change_queue(QueueChange::Declare { limits, has_keys }), Ok(Written::Done));
    }

    fn queue(&self) -> QueueState {
        self.store.queue("gpu").expect("the queue can be read").expect("the queue is declared")
    }
}

fn of(key: &str, position: u64) -> TaskRow {
    TaskRow { key: Some(key.to_owned()), ..task(position) }
}

fn total(total: u32) -> QueueLimits {
    QueueLimits { total: Some(total), ..QueueLimits::default() }
}

fn per_key(per_key: u32) -> QueueLimits {
    QueueLimits { per_key: Some(per_key), ..QueueLimits::default() }
}

/// A limit of all tasks counts those of every engine; it may be changed, and a pause lets none start.
pub fn a_limit_of_all_tasks_holds<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    rig.enqueue(run, (1..=8).map(task));
    assert_eq!(rig.change_queue(QueueChange::Total(Some(1))), Err(Rejected::NoSuchQueue));
    assert_eq!(positions(&rig.claim(rig.lease, 1)), [1], "without limits");
    rig.declare(total(3), false);
    assert_eq!(rig.queue().running, 1, "what runs already counts");
    assert_eq!(positions(&rig.claim(other, 9)), [2, 3]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
    number(rig.finish(other, run, 2, 1));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [4]);
    assert_eq!(rig.change_queue(QueueChange::Total(Some(5))), Ok(Written::Done));
    assert_eq!(rig.change_queue(QueueChange::Pause(Some("repairs".to_owned()))), Ok(Written::Done));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
    assert_eq!(rig.change_queue(QueueChange::Pause(None)), Ok(Written::Done));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [5, 6]);
    assert_eq!(rig.change_queue(QueueChange::Reset), Ok(Written::Done));
    assert_eq!((rig.queue().limits().total, rig.queue().running), (Some(3), 5));
}

/// Keys take turns, each up to its limit.
pub fn keys_take_turns<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.declare(per_key(2), true);
    rig.enqueue(run, (1..=5).map(|position| of("a", position)));
    rig.enqueue(run, [of("b", 6), of("c", 7), of("c", 8), of("c", 9)]);
    assert_eq!(positions(&rig.claim(rig.lease, 4)), [1, 6, 7, 2], "a round, and the next one begins");
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [8], "two of each at most");
    number(rig.finish(rig.lease, run, 1, 1));
    number(rig.finish(rig.lease, run, 7, 1));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [3, 9]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
}

/// A key with a weight starts as many in its turn, also if each claim has room for one; a new key has its turn after those
/// that wait.
pub fn keys_have_weights<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let weight = |key: &str, weight| QueueChange::Weight { key: key.to_owned(), weight };
    rig.declare(QueueLimits::default(), false);
    let refused = rig.change_queue(weight("b", Some(3)));
    assert!(matches!(&refused, Err(Rejected::Refused(why)) if why.contains("has no key")), "{refused:?}");
    rig.declare(QueueLimits::default(), true);
    assert_eq!(rig.change_queue(weight("b", Some(3))), Ok(Written::Done));
    rig.enqueue(run, (1..=9).map(|position| of("a", position)));
    rig.enqueue(run, (11..=29).map(|position| of("b", position)));
    let one = || positions(&rig.claim(rig.lease, 1))[0];
    let ones: Vec<u64> = (0..5).map(|_| one()).collect();
    assert_eq!(ones, [1, 11, 12, 13, 2], "one claim after the other");
    assert_eq!(positions(&rig.claim(rig.lease, 8)), [14, 15, 16, 17, 18, 19, 3, 4], "two rounds in one");
    // It came before their next turns.
    rig.enqueue(run, [of("c", 31)]);
    assert_eq!([one(), one(), one(), one()], [20, 21, 22, 5]);
    let keys = |after| rig.store.queue_keys("gpu", after, 2).expect("the keys can be read");
    let counts: Vec<_> = keys(None).iter().map(|row| (row.key.clone(), row.waiting, row.running)).collect();
    assert_eq!(counts, [("a".to_owned(), 4, 5), ("b".to_owned(), 7, 12)]);
    assert_eq!(keys(Some("b")).len(), 1);
    assert_eq!([one(), one()], [31, 23]);
    assert_eq!(rig.change_queue(weight("b", None)), Ok(Written::Done));
    assert_eq!([one(), one()], [24, 6]);
}

/// Keys that come anew without end do not hold up one that waits.
pub fn new_keys_wait_for_their_turn<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.declare(QueueLimits::default(), true);
    rig.enqueue(run, [of("z", 1), of("z", 2), of("z", 3)]);
    let mut all = Vec::new();
    for position in 11..=20 {
        rig.enqueue(run, [of(&format!("{position}"), position)]);
        all.extend(positions(&rig.claim(rig.lease, 1)));
        number(rig.finish(rig.lease, run, *all.last().expect("one was claimed"), 1));
    }
    assert!([1, 2, 3].iter().all(|old| all.contains(old)), "{all:?}");
}

/// More keys than a page that begin at once all come to their turn, whatever the first ones wait for.
pub fn many_keys_begin_at_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.declare(per_key(1), true);
    rig.enqueue(run, (1..=150).map(|position| of(&format!("{position:03}"), position)));
    let late = |position| TaskRow { due: HOUR, ..of(&format!(" {position:03}"), position) };
    rig.enqueue(run, (201..=300).map(late));
    let other = |position| TaskRow { step: "resize".to_owned(), ..of(&format!(" {position:03}"), position) };
    rig.enqueue(run, (301..=600).map(other));
    let mut all = Vec::new();
    for _ in 0..4 {
        all.extend(positions(&rig.claim(rig.lease, 100)));
    }
    assert_eq!(all, (1..=150).collect::<Vec<u64>>());
}

/// A task that waits for its time has the place in its queue of one that came as early, and counts as one that waits.
pub fn a_delayed_task_keeps_its_place<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.declare(per_key(9), true);
    rig.enqueue(run, [TaskRow { due: 200, ..of("a", 1) }, TaskRow { due: HOUR, ..of("b", 2) }, of("a", 3), of("a", 4)]);
    let counts = || -> Vec<_> {
        let keys = rig.store.queue_keys("gpu", None, 9).expect("the keys can be read");
        keys.into_iter().map(|row| (row.key, row.waiting, row.running)).collect()
    };
    let row = |key: &str, waiting, running| (key.to_owned(), waiting, running);
    assert_eq!(rig.states(run).into_iter().map(|task| task.2).filter(|state| *state == TaskState::Delayed).count(), 2);
    assert_eq!(counts(), [row("a", 3, 0), row("b", 1, 0)]);
    assert_eq!(rig.store.queues().expect("the queues can be read")[0].waiting, 4);
    let steps = ["embed".to_owned()];
    let seen = || positions(&rig.tasks(TaskKey::Waiting { queue: "gpu", steps: &steps, limit: 9 }));
    let begun = Instant::now();
    while !seen().contains(&1) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is due, and nothing sees it");
    }
    assert_eq!(seen(), [1, 3, 4], "before a claim has found it");
    assert_eq!(positions(&rig.claim(rig.lease, 2)), [1, 3]);
    assert_eq!(counts(), [row("a", 1, 2), row("b", 1, 0)]);
    rig.dequeue(run, 2);
    assert_eq!(rig.outgoing(run, vec![Outgoing::Withhold { position: 4 }]), (vec![Ok(0)], vec![]));
    assert_eq!(counts(), [row("a", 0, 2)]);
    rig.enqueue(run, [of("a", 4)]);
    let refused = "no room".to_owned();
    let back = Write::ReturnTask { lease: rig.lease, run, position: 1, attempt: 1, refused, wait: HOUR };
    assert_eq!(rig.write(back), Ok(Written::Done));
    assert_eq!(counts(), [row("a", 2, 1)]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [4]);
    number(rig.finish(rig.lease, run, 3, 1));
    number(rig.finish(rig.lease, run, 4, 1));
    rig.dequeue(run, 1);
    assert_eq!(counts(), []);
}

/// A task without a key counts for the empty one, if it came before the queue had keys too.
pub fn a_task_without_a_key_has_a_turn<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.enqueue(run, [task(1), task(2), task(3)]);
    assert_eq!(positions(&rig.claim(rig.lease, 1)), [1]);
    rig.declare(per_key(2), true);
    rig.enqueue(run, [task(4), of("a", 5)]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [2, 5], "one without a key runs already");
    number(rig.finish(rig.lease, run, 1, 1));
    number(rig.finish(rig.lease, run, 2, 1));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [3, 4]);
}

/// So does one that was kept back while the queue had no keys.
pub fn a_task_that_was_kept_back_has_a_turn<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.enqueue(run, [task(1)]);
    assert_eq!(rig.outgoing(run, vec![Outgoing::Withhold { position: 1 }]), (vec![Ok(0)], vec![]));
    rig.declare(per_key(1), true);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
    rig.enqueue(run, [task(1)]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [1]);
}

/// What one commit does to a task is as if each write had a commit of its own.
pub fn writes_to_a_task_share_a_commit<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.declare(per_key(1), true);
    rig.enqueue(run, [of("a", 1)]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [1]);
    // It is returned to its queue, and its run is paused.
    let refused = "no room".to_owned();
    let back = Write::ReturnTask { lease: rig.lease, run, position: 1, attempt: 1, refused, wait: 0 };
    let append = |outgoing| Write::from(Append { outgoing, ..rig.append(run, rig.row(run).seq, vec![]) });
    let paused = append(vec![Outgoing::Withhold { position: 1 }]);
    let answers = rig.store.commit(&[back, paused]).expect("committed");
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(rig.states(run), [(1, 1, TaskState::Idle, None)]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
    rig.enqueue(run, [of("a", 1)]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [1]);
    // A call comes and is dropped.
    let call = Outgoing::Enqueue(Box::new(of("b", 2)));
    assert!(rig.write(append(vec![call, Outgoing::Dequeue { position: 2 }])).is_ok());
    let keys = rig.store.queue_keys("gpu", None, 9).expect("the keys can be read");
    assert_eq!(keys.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["a"]);
}

/// A declaration without keys, by an engine of another version, does not lose count of those that are there.
pub fn keys_stay_counted<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    // It comes before the declaration, as with an import.
    rig.enqueue(run, [of("a", 1), of("a", 2)]);
    assert_eq!(positions(&rig.claim(rig.lease, 1)), [1]);
    rig.declare(per_key(2), true);
    rig.declare(QueueLimits::default(), false);
    rig.enqueue(run, [of("a", 3), of("a", 4), of("a", 5)]);
    assert_eq!(positions(&rig.claim(rig.lease, 1)), [2]);
    rig.declare(per_key(2), true);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
    number(rig.finish(rig.lease, run, 1, 1));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [3]);
}

/// A rate starts as many as were saved up, and the next ones later. A task that is returned gives its start back.
pub fn a_rate_lets_start<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.enqueue(run, (1..=9).map(task));
    let rate = |starts, millis| QueueLimits { rate: Some(Rate { starts, millis }), ..QueueLimits::default() };
    rig.declare(rate(20, 3_600_000), false);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [1, 2], "a tenth of an hour's");
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
    let refused = "no driver".to_owned();
    let back = Write::ReturnTask { lease: rig.lease, run, position: 1, attempt: 1, refused, wait: HOUR };
    assert_eq!(rig.write(back), Ok(Written::Done));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [3]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
}
