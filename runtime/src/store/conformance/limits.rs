//! Limits of queues: how many tasks start, of which keys, and when.

use super::rig::{Rig, number};
use super::tasks::{HOUR, positions, task};
use crate::store::{Outgoing, QueueChange, QueueLimits, QueueState, Rate, Rejected, Store, TaskRow, Write, Written};

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

/// More keys than a page that begin at once all come to their turn, whatever the first ones wait for.
pub fn many_keys_begin_at_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.declare(per_key(1), true);
    rig.enqueue(run, (1..=150).map(|position| of(&format!("{position:03}"), position)));
    let late = |position| TaskRow { due: HOUR, ..of(&format!(" {position:03}"), position) };
    rig.enqueue(run, (201..=500).map(late));
    let mut all = Vec::new();
    for _ in 0..4 {
        all.extend(positions(&rig.claim(rig.lease, 100)));
    }
    assert_eq!(all, (1..=150).collect::<Vec<u64>>());
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
