//! Tasks: how they come to a queue, and how they end.

use super::rig::{AT, Answer, Rig, entry, number};
use crate::record::{InboxKind, RemoteEnd};
use crate::store::{
    Append, InboxRow, Lease, NewInboxItem, Outgoing, Rejected, Status, Store, TaskKey, TaskRow, TaskState, Write,
    Written,
};
use crate::value::Value;
use std::sync::Arc;

/// A wait that is longer than any case.
pub(super) const HOUR: i64 = 3_600_000;

/// Returns a task of the queue `gpu`, with a value in every column that its run writes.
pub(super) fn task(position: u64) -> TaskRow {
    TaskRow {
        number: 0,
        queue: "gpu".to_owned(),
        step: "embed".to_owned(),
        run: 0,
        position,
        attempt: 1,
        context: Some(1),
        timeout: Some(30_000),
        priority: 0,
        key: None,
        at: AT,
        due: 0,
        state: TaskState::Waiting,
        lease: None,
        refused: None,
        expires: None,
        deadline: None,
        progress: None,
        arguments: Value::json(r#"{"text":"ä"}"#),
    }
}

impl<S: Store> Rig<S> {
    /// Enqueues tasks of a run with one entry.
    pub(super) fn enqueue(&self, run: i64, tasks: impl IntoIterator<Item = TaskRow>) {
        let outgoing: Vec<_> = tasks.into_iter().map(|task| Outgoing::Enqueue(Box::new(task))).collect();
        let expected = vec![Ok(0); outgoing.len()];
        assert_eq!(self.outgoing(run, outgoing), (expected, vec![]));
    }

    pub(super) fn dequeue(&self, run: i64, position: u64) {
        assert_eq!(self.outgoing(run, vec![Outgoing::Dequeue { position }]), (vec![Ok(0)], vec![]));
    }

    pub(super) fn claims(&self, lease: Lease, queue: &str, steps: &[&str], limit: usize) -> Answer {
        let steps: Arc<[String]> = steps.iter().map(|step| (*step).to_owned()).collect();
        self.write(Write::ClaimTasks { lease, queue: queue.into(), steps, limit })
    }

    /// Claims tasks of the queue `gpu`.
    pub(super) fn claim(&self, lease: Lease, limit: usize) -> Vec<TaskRow> {
        claimed(self.claims(lease, "gpu", &["embed"], limit))
    }

    pub(super) fn finish(&self, lease: Lease, run: i64, position: u64, attempt: u32) -> Answer {
        self.write(Write::FinishTask { lease, position, attempt, item: outcome(run, position) })
    }

    fn give_back(&self, lease: Lease, (run, position): (i64, u64), attempt: u32, wait: i64) -> Answer {
        self.write(Write::ReturnTask { lease, run, position, attempt, refused: "no room".to_owned(), wait })
    }

    pub(super) fn tasks(&self, which: TaskKey<'_>) -> Vec<TaskRow> {
        self.store.tasks(which).expect("the tasks can be read")
    }

    /// Returns the position, attempt and state of each task of a run, and the lease that runs it.
    pub(super) fn states(&self, run: i64) -> Vec<(u64, u32, TaskState, Option<i64>)> {
        let tasks = self.tasks(TaskKey::Run(run)).into_iter();
        tasks.map(|task| (task.position, task.attempt, task.state, task.lease)).collect()
    }
}

#[track_caller]
pub(super) fn claimed(answer: Answer) -> Vec<TaskRow> {
    match answer {
        Ok(Written::Tasks(tasks)) => tasks,
        other => panic!("expected tasks, found {other:?}"),
    }
}

pub(super) fn positions(tasks: &[TaskRow]) -> Vec<u64> {
    tasks.iter().map(|task| task.position).collect()
}

/// Returns the item with the outcome of a task.
fn outcome(run: i64, position: u64) -> NewInboxItem {
    let (name, value) = (Some("done".to_owned()), Some(Value::raw(vec![0, 255])));
    NewInboxItem { name, position: Some(position), value, ..NewInboxItem::new(run, InboxKind::Attempt, AT) }
}

fn take(seen: Lease, heartbeat: i64) -> Write {
    Write::TakeLease { seen, heartbeat, owner: "taker".to_owned() }
}

/// A task comes back as its run wrote it, with a number, and with the time of the database at which it may be claimed.
pub fn a_task_is_read_as_it_was_written<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let bare = TaskRow { context: None, timeout: None, arguments: Value::raw(vec![0, 255, b'\'']), ..task(8) };
    // What the store decides by itself is ignored.
    let odd = TaskRow { number: 77, run: 99, state: TaskState::Claimed, lease: Some(5), ..task(7) };
    rig.enqueue(run, [odd, bare.clone(), TaskRow { due: HOUR, attempt: 3, priority: -2, ..task(9) }]);
    let rows = rig.tasks(TaskKey::Run(run));
    assert!(rows.iter().map(|row| row.number).is_sorted_by(|one, next| one < next) && rows[0].number > 0);
    let (now, later) = (rows[0].due, rows[2].due);
    assert!(now > AT && (later - now - HOUR).abs() < 60_000, "from {now} to {later}");
    let delayed = TaskRow { attempt: 3, priority: -2, state: TaskState::Delayed, ..task(9) };
    let row = |index: usize, task: TaskRow| TaskRow { number: rows[index].number, run, due: rows[index].due, ..task };
    let expected = [row(0, task(7)), row(1, bare), row(2, delayed)];
    assert_eq!(rows, expected);
    let unserved = |steps: &[&str]| {
        let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
        positions(&rig.tasks(TaskKey::Unserved { queue: "gpu", steps: &steps, limit: 9 }))
    };
    assert_eq!(
        [unserved(&[]), unserved(&["resize"]), unserved(&["resize", "embed"])],
        [&[9, 7, 8][..], &[9, 7, 8], &[]]
    );
    let first = TaskRow { state: TaskState::Claimed, lease: Some(rig.lease.number), ..rows[0].clone() };
    assert_eq!(rig.claim(rig.lease, 1), std::slice::from_ref(&first));
    assert_eq!(rig.tasks(TaskKey::Lease(rig.lease.number)), [first]);
    assert_eq!(rig.tasks(TaskKey::Run(run + 9)), []);
    assert_eq!(rig.tasks(TaskKey::Lease(99)), []);
}

/// The same attempt again changes nothing, wherever it is; another attempt takes its place, and so does one after a
/// cancellation.
pub fn an_attempt_is_enqueued_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, lease) = (rig.start("a"), rig.lease);
    let state = || rig.states(run)[0];
    rig.enqueue(run, [task(7)]);
    let waiting = rig.tasks(TaskKey::Run(run));
    rig.enqueue(run, [TaskRow { arguments: Value::json("2"), ..task(7) }]);
    assert_eq!(rig.tasks(TaskKey::Run(run)), waiting);
    rig.enqueue(run, [TaskRow { queue: "cpu".to_owned(), ..task(7) }]);
    let queues: Vec<_> = rig.tasks(TaskKey::Run(run)).into_iter().map(|task| task.queue).collect();
    assert_eq!(queues, ["cpu"], "changed code has moved its step");
    rig.enqueue(run, [task(7)]);
    assert_eq!(rig.outgoing(run, vec![Outgoing::Withhold { position: 7 }]), (vec![Ok(0)], vec![]));
    assert_eq!(state(), (7, 1, TaskState::Idle, None), "the run is paused");
    let due = |run| rig.tasks(TaskKey::Run(run))[0].due;
    let before = due(run);
    rig.enqueue(run, [TaskRow { due: HOUR, ..task(7) }]);
    assert_eq!(due(run), before, "its wait goes on");
    assert_eq!(rig.claim(lease, 9).len(), 1);
    rig.enqueue(run, [task(7)]);
    assert_eq!(rig.outgoing(run, vec![Outgoing::Withhold { position: 7 }]), (vec![Ok(0)], vec![]));
    assert_eq!(state(), (7, 1, TaskState::Claimed, Some(lease.number)));
    rig.enqueue(run, [TaskRow { attempt: 2, ..task(7) }]);
    let before = (7, 1, TaskState::Cancelled, Some(lease.number));
    assert_eq!(rig.states(run), [before, (7, 2, TaskState::Waiting, None)]);
    assert!(rig.tasks(TaskKey::Run(run))[1].number > waiting[0].number, "it goes to the end of its queue");
    assert_eq!(rig.finish(lease, run, 7, 1), Ok(Written::Done), "the attempt before it has no outcome");
    rig.claim(lease, 9);
    number(rig.finish(lease, run, 7, 2));
    rig.enqueue(run, [TaskRow { attempt: 2, ..task(7) }]);
    assert_eq!(state(), (7, 2, TaskState::Delivered, None));
    rig.enqueue(run, [TaskRow { attempt: 3, ..task(7) }]);
    rig.claim(lease, 9);
    rig.dequeue(run, 7);
    assert_eq!(state(), (7, 3, TaskState::Cancelled, Some(lease.number)));
    rig.enqueue(run, [TaskRow { attempt: 3, ..task(7) }]);
    assert_eq!(state(), (7, 3, TaskState::Cancelled, Some(lease.number)), "its engine has to stop it");
    rig.enqueue(run, [TaskRow { attempt: 4, ..task(7) }]);
    assert_eq!(rig.states(run).last(), Some(&(7, 4, TaskState::Waiting, None)));
}

/// Nothing of an append that is fenced waits for an engine.
pub fn a_fenced_append_enqueues_nothing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let outgoing = vec![Outgoing::Enqueue(Box::new(task(7)))];
    let late = Append { outgoing, ..rig.append(run, 5, vec![entry(6)]) };
    assert_eq!(rig.write(Write::from(late)), Err(Rejected::Fenced));
    assert_eq!(rig.states(run), []);
    assert_eq!(rig.claim(rig.lease, 9), []);
}

/// An engine that cannot run a task returns it with the reason. It is claimed again at its old place, but not before it
/// is due.
pub fn a_task_is_returned<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    rig.enqueue(run, [task(1), task(2)]);
    rig.claim(other, 1);
    assert_eq!(rig.give_back(rig.lease, (run, 1), 1, 0), Err(Rejected::Fenced), "another lease");
    assert_eq!(rig.give_back(Lease { epoch: 7, ..other }, (run, 1), 1, 0), Err(Rejected::Fenced), "a lost one");
    assert_eq!(rig.give_back(other, (run, 1), 2, 0), Err(Rejected::Fenced), "another attempt");
    assert_eq!(rig.give_back(other, (run, 2), 1, 0), Err(Rejected::Fenced), "not claimed");
    assert_eq!(rig.give_back(other, (run, 9), 1, 0), Err(Rejected::Fenced), "none");
    assert_eq!(rig.give_back(other, (run, 1), 1, 0), Ok(Written::Done));
    assert_eq!(rig.states(run)[0], (1, 1, TaskState::Waiting, None));
    assert_eq!(rig.give_back(other, (run, 1), 1, 0), Err(Rejected::Fenced), "a second time");
    let again = rig.claim(rig.lease, 1).remove(0);
    assert_eq!((again.position, again.refused.as_deref()), (1, Some("no room")));
    assert_eq!(rig.give_back(rig.lease, (run, 1), 1, HOUR), Ok(Written::Done));
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [2]);
    assert_eq!(rig.inbox(run), []);
}

/// The progress of an attempt that runs is recorded, until it is returned.
pub fn progress_is_recorded<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    rig.enqueue(run, [task(7)]);
    let report = |lease, attempt, progress: &str| {
        rig.write(Write::ReportTask { lease, run, position: 7, attempt, progress: progress.to_owned() })
    };
    let recorded = || rig.tasks(TaskKey::Run(run)).remove(0).progress;
    assert_eq!(report(rig.lease, 1, "1"), Err(Rejected::Fenced), "it waits");
    assert_eq!(positions(&rig.claim(rig.lease, 9)), [7]);
    assert_eq!(report(rig.lease, 1, "1"), Ok(Written::Done));
    assert_eq!(report(rig.lease, 1, "2"), Ok(Written::Done));
    assert_eq!((report(other, 1, "3"), report(rig.lease, 2, "3")), (Err(Rejected::Fenced), Err(Rejected::Fenced)));
    assert_eq!(recorded().as_deref(), Some("2"));
    assert_eq!(rig.give_back(rig.lease, (run, 7), 1, 0), Ok(Written::Done));
    assert_eq!(recorded(), None);
}

/// The outcome of an attempt is put into the inbox of its run once, by the lease that runs it.
pub fn an_outcome_is_delivered_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    rig.enqueue(run, [task(7), task(8)]);
    rig.claim(other, 1);
    assert_eq!(rig.finish(rig.lease, run, 7, 1), Err(Rejected::Fenced), "another lease");
    assert_eq!(rig.finish(Lease { epoch: 2, ..other }, run, 7, 1), Err(Rejected::Fenced), "a lost one");
    assert_eq!(rig.finish(other, run, 7, 2), Err(Rejected::Fenced), "another attempt");
    assert_eq!(rig.finish(other, run, 8, 1), Err(Rejected::Fenced), "not claimed");
    assert_eq!(rig.finish(other, run + 9, 7, 1), Err(Rejected::Fenced), "another run");
    assert_eq!(rig.inbox(run), []);
    let item = number(rig.finish(other, run, 7, 1));
    let NewInboxItem { kind, key, at, name, position, sender, value, .. } = outcome(run, 7);
    let expected = InboxRow { number: item, run, kind, key, at, name, position, sender, value };
    assert_eq!(rig.inbox(run), std::slice::from_ref(&expected));
    assert_eq!(rig.states(run), [(7, 1, TaskState::Delivered, None), (8, 1, TaskState::Waiting, None)]);
    assert_eq!(rig.finish(other, run, 7, 1), Err(Rejected::Fenced), "a second time");
    assert_eq!(rig.give_back(other, (run, 7), 1, 0), Err(Rejected::Fenced), "it has its outcome");
    assert_eq!(rig.inbox(run), [expected]);
    // The next one, in the batch in which it is claimed.
    let steps: Arc<[String]> = Arc::new(["embed".to_owned()]);
    let answers = rig.batch(&[
        Write::ClaimTasks { lease: other, queue: "gpu".into(), steps, limit: 1 },
        Write::FinishTask { lease: other, position: 8, attempt: 1, item: outcome(run, 8) },
    ]);
    assert!(matches!(answers[1], Ok(Written::Number(_))), "{answers:?}");
}

/// A call that is dropped ends its task. One that an engine runs keeps its row, marked as cancelled, and its outcome is
/// dropped.
pub fn a_task_that_is_not_wanted_ends<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, lease) = (rig.start("a"), rig.lease);
    rig.enqueue(run, [task(1), task(2), task(3), task(4)]);
    rig.claim(lease, 3);
    number(rig.finish(lease, run, 3, 1));
    for position in 1..=5 {
        rig.dequeue(run, position);
    }
    let cancelled = |position| (position, 1, TaskState::Cancelled, Some(lease.number));
    assert_eq!(rig.states(run), [cancelled(1), cancelled(2)], "of the others nothing is left");
    rig.dequeue(run, 1);
    assert_eq!(rig.states(run), [cancelled(1), cancelled(2)]);
    assert_eq!(rig.claim(lease, 9), []);
    let delivered = rig.inbox(run);
    assert_eq!(rig.finish(lease, run, 1, 1), Ok(Written::Done));
    assert_eq!(rig.give_back(lease, (run, 2), 1, 0), Ok(Written::Done));
    assert_eq!(rig.states(run), []);
    assert_eq!(rig.inbox(run), delivered);
    assert_eq!(rig.finish(lease, run, 1, 1), Err(Rejected::Fenced));
}

/// A run that has ended gets no outcome.
pub fn an_outcome_for_a_run_that_ended_is_dropped<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for status in [Status::Completed, Status::Failed, Status::Cancelled] {
        let run = rig.start(status.as_str());
        rig.enqueue(run, [task(1)]);
        assert_eq!(positions(&rig.claim(rig.lease, 9)), [1]);
        rig.end(run, status);
        assert_eq!(rig.finish(rig.lease, run, 1, 1), Ok(Written::Done), "{status}");
        assert_eq!((rig.inbox(run), rig.states(run)), (vec![], vec![]), "{status}");
    }
    let parked = rig.start("parked");
    rig.enqueue(parked, [task(1)]);
    rig.claim(rig.lease, 9);
    let change = crate::store::Change { status: Some(Status::Parked), release: true, ..Default::default() };
    rig.write(rig.change(parked, change)).expect("parked");
    number(rig.finish(rig.lease, parked, 1, 1));
    assert_eq!(rig.inbox(parked).len(), 1, "a parked run goes on");
}

/// The takeover of a lease ends its attempts. Each run that waits for one gets an item without an outcome.
pub fn a_takeover_ends_attempts<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (a, b, ended) = (rig.start("a"), rig.start("b"), rig.start("ended"));
    let (dead, other) = (rig.open_lease("dead"), rig.open_lease("other"));
    rig.enqueue(a, [task(1), TaskRow { attempt: 4, ..task(2) }, task(3)]);
    rig.enqueue(b, [task(1)]);
    rig.enqueue(ended, [task(1)]);
    assert_eq!(rig.claim(dead, 5).len(), 5);
    rig.enqueue(b, [task(2)]);
    rig.claim(other, 9);
    rig.dequeue(a, 3);
    rig.end(ended, Status::Completed);
    let next = Lease { epoch: 2, ..dead };
    assert_eq!(rig.write(take(dead, 0)), Ok(Written::Lease(next)));

    let told = |run| -> Vec<_> {
        let items = rig.inbox(run).into_iter();
        items.map(|item| (item.kind, item.position, item.name, item.key, item.value)).collect()
    };
    let lost = |position, attempt| (InboxKind::Attempt, Some(position), Some(RemoteEnd::lost(attempt)), None, None);
    assert_eq!(told(a), [lost(1, 1), lost(2, 4)]);
    assert_eq!(told(b), [lost(1, 1)]);
    assert_eq!(told(ended), []);
    let delivered = |position, attempt| (position, attempt, TaskState::Delivered, None);
    assert_eq!(rig.states(a), [delivered(1, 1), delivered(2, 4)]);
    assert_eq!(rig.states(b), [delivered(1, 1), (2, 1, TaskState::Claimed, Some(other.number))]);
    assert_eq!(rig.states(ended), []);
    for lease in [dead, next] {
        assert_eq!(rig.finish(lease, a, 1, 1), Err(Rejected::Fenced));
    }
    assert_eq!(rig.write(take(next, 1)), Ok(Written::Lease(Lease { epoch: 3, ..dead })));
    assert_eq!(told(a).len(), 2, "once");
}

/// A lease that runs a task, wanted or not, is not closed.
pub fn a_lease_that_runs_a_task_is_not_closed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    let close = || rig.write(Write::CloseLease(other));
    rig.enqueue(run, [task(1), task(2)]);
    rig.claim(other, 9);
    assert_eq!(close(), Err(Rejected::Fenced));
    number(rig.finish(other, run, 1, 1));
    rig.dequeue(run, 2);
    assert_eq!(close(), Err(Rejected::Fenced));
    assert_eq!(rig.finish(other, run, 2, 1), Ok(Written::Done));
    assert_eq!(close(), Ok(Written::Done));
}

/// The tasks of a run go with it; one that is being run goes when it ends.
pub fn tasks_go_with_their_run<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.start("b"));
    rig.enqueue(run, (1..=5).map(task));
    rig.enqueue(other, [task(1)]);
    rig.claim(rig.lease, 1);
    rig.end(run, Status::Completed);
    let mut slices = 0;
    while rig.write(Write::Delete { run, rows: 2 }) != Ok(Written::Deleted(true)) {
        slices += 1;
        assert!(slices < 20, "it does not end");
    }
    assert_eq!(rig.states(run), [(1, 1, TaskState::Cancelled, Some(rig.lease.number))]);
    assert_eq!(rig.finish(rig.lease, run, 1, 1), Ok(Written::Done));
    assert_eq!(rig.states(run), []);
    assert_eq!(rig.states(other), [(1, 1, TaskState::Waiting, None)]);
}
