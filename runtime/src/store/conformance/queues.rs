//! Queues: which tasks an engine claims, and in which order.

use super::rig::{AT, Rig, number};
use super::tasks::{HOUR, claimed, positions, task};
use crate::store::{Lease, Rejected, Store, TaskKey, TaskRow, TaskState};
use std::time::{Duration, Instant};

/// The lowest priority comes first, and then the first that has come, over all runs.
pub fn tasks_are_claimed_in_order<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b) = (rig.start("a"), rig.start("b"));
    let with = |priority, position| TaskRow { priority, ..task(position) };
    rig.enqueue(a, [with(0, 1), with(5, 2)]);
    rig.enqueue(b, [with(-1, 3), with(0, 4), with(i64::MAX, 5)]);
    rig.enqueue(a, [with(5, 6), with(i64::MIN, 7)]);
    let steps = ["embed".to_owned()];
    let seen = |limit| positions(&rig.tasks(TaskKey::Waiting { queue: "gpu", steps: &steps, limit }));
    assert_eq!((seen(9), seen(2), seen(0)), (vec![7, 3, 1, 4, 2, 6, 5], vec![7, 3], vec![]));
    assert_eq!(positions(&rig.claim(rig.lease, 3)), [7, 3, 1]);
    assert_eq!(positions(&rig.claim(rig.lease, 0)), [0; 0]);
    assert_eq!(seen(9), [4, 2, 6, 5]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [4, 2, 6, 5]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [0; 0]);
}

/// An engine gets only the steps and the queue that it names; other waiting tasks do not block it.
pub fn only_the_named_steps_of_a_queue_are_claimed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let of = |queue: &str, step: &str, position| TaskRow { queue: queue.into(), step: step.into(), ..task(position) };
    let all = [of("gpu", "resize", 1), of("cpu", "embed", 2), of("gpu", "embed", 3), of("gpu", "crop", 4)];
    rig.enqueue(run, all);
    let claim = |queue, steps: &[&str]| positions(&claimed(rig.claims(rig.lease, queue, steps, 9)));
    assert_eq!(claim("gpu", &[]), [0; 0]);
    assert_eq!(claim("GPU", &["embed"]), [0; 0]);
    assert_eq!(claim("gpu", &["emb", "other"]), [0; 0]);
    assert_eq!(claim("gpu", &["embed"]), [3]);
    assert_eq!(claim("gpu", &["crop", "embed", "resize"]), [1, 4]);
    let embed = ["embed".to_owned()];
    let seen = |steps| positions(&rig.tasks(TaskKey::Waiting { queue: "cpu", steps, limit: 9 }));
    assert_eq!((seen(&embed[..]), seen(&[])), (vec![2], vec![]));
    assert_eq!(claim("cpu", &["embed"]), [2]);
}

/// A task has one lease that runs it; a lease that is lost claims nothing.
pub fn a_task_is_claimed_by_one_lease<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    rig.enqueue(run, [task(1), task(2), task(3)]);
    let lost = Lease { epoch: 2, ..other };
    assert_eq!(rig.claims(lost, "gpu", &["embed"], 9), Err(Rejected::Fenced));
    assert_eq!(positions(&rig.claim(other, 2)), [1, 2]);
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [3]);
    assert_eq!(positions(&rig.claim(other, 9)), [0; 0]);
    let runs = |lease: Lease| positions(&rig.tasks(TaskKey::Lease(lease.number)));
    assert_eq!((runs(other), runs(rig.lease)), (vec![1, 2], vec![3]));
    // The engine that runs a step needs nothing of the run's owner.
    number(rig.finish(other, run, 1, 1));
    assert_eq!((runs(other), runs(rig.lease)), (vec![2], vec![3]));
}

/// No task is claimed before it is due by the clock of the database.
pub fn a_task_waits_until_it_is_due<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let due = |due, position| TaskRow { due, ..task(position) };
    rig.enqueue(run, [due(HOUR, 1), due(100, 2), due(0, 3)]);
    assert_eq!(rig.claim(rig.lease, 9).pop().map(|task| task.position), Some(3));
    let begun = Instant::now();
    while rig.states(run)[1].2.waits() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is due, and is not claimed");
        assert!(rig.claim(rig.lease, 9).iter().all(|task| task.position == 2));
    }
    assert_eq!(rig.states(run)[0], (1, 1, TaskState::Delayed, None));
}

/// Queues are listed by name: what waits in each, since when, and what runs.
pub fn queues_are_counted<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let queues = || -> Vec<_> {
        let rows = rig.store.queues().expect("the queues can be read").into_iter();
        rows.map(|row| (row.queue, row.waiting, row.running, row.oldest)).collect()
    };
    assert_eq!(queues(), []);
    let of = |queue: &str, position, at| TaskRow { queue: queue.into(), at, ..task(position) };
    rig.enqueue(
        run,
        [of("é", 1, AT), of("gpu", 2, AT + 9), of("gpu", 3, AT + 2), of("Z", 4, AT), of("gpu", 5, AT + 5)],
    );
    let row = |queue: &str, waiting, running, oldest| (queue.to_owned(), waiting, running, oldest);
    let (first, last) = (row("Z", 1, 0, Some(AT)), row("é", 1, 0, Some(AT)));
    assert_eq!(queues(), [first.clone(), row("gpu", 3, 0, Some(AT + 2)), last.clone()]);
    rig.claim(rig.lease, 2);
    assert_eq!(queues()[1], row("gpu", 1, 2, Some(AT + 9)), "those that came first are claimed first");
    rig.dequeue(run, 5);
    rig.dequeue(run, 2);
    assert_eq!(queues()[1], row("gpu", 0, 2, None), "one that is cancelled holds its slot");
    rig.finish(rig.lease, run, 5, 1).expect("finished");
    number(rig.finish(rig.lease, run, 3, 1));
    assert_eq!(queues(), [first, last]);
}
