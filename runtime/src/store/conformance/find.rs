//! Finding runs.

use super::rig::{Rig, number};
use crate::store::{Append, Change, Lease, NewRun, RunKey, RunQuery, Status, Store, Write};

fn found<S: Store>(rig: &Rig<S>, query: &RunQuery) -> Vec<String> {
    rig.store.runs(query).expect("runs can be read").runs.into_iter().map(|row| row.id).collect()
}

fn change<S: Store>(rig: &Rig<S>, run: i64, change: Change) {
    rig.write(rig.change(run, change)).expect("changed");
}

/// Runs come in order of their number, page by page.
pub fn runs_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let numbers: Vec<_> = (0..25).map(|n| rig.start(&format!("run-{}", 99 - n))).collect();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = rig.store.runs(&RunQuery { after, limit: 10, ..RunQuery::default() }).expect("read");
        assert!(page.runs.len() <= 10 && page.damaged.is_empty());
        seen.extend(page.runs.iter().map(|row| row.number));
        if page.next.is_none() {
            break;
        }
        after = page.next;
    }
    assert_eq!(seen, numbers);
    assert_eq!(rig.store.runs(&RunQuery { limit: usize::MAX, ..RunQuery::default() }).expect("read").runs.len(), 25);
    assert!(found(&rig, &RunQuery { limit: 0, ..RunQuery::default() }).is_empty());
}

/// Runs come in order of their ids on request, byte by byte, page by page, with every condition.
pub fn runs_by_id<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let ids = ["b", "a-10", "a-9", "A", "a", "\u{e9}", "a-", "Z"];
    let runs: Vec<_> = ids.iter().map(|id| rig.start(id)).collect();
    let all = RunQuery { by_id: true, ..RunQuery::default() };
    let mut sorted = ids;
    sorted.sort_unstable();
    assert_eq!(found(&rig, &all), sorted);
    let (mut after_id, mut seen) = (None, Vec::new());
    loop {
        let page = found(&rig, &RunQuery { after_id, limit: 3, ..all.clone() });
        let Some(last) = page.last() else { break };
        after_id = Some(last.clone());
        seen.extend(page);
    }
    assert_eq!(seen, sorted);
    let prefix = RunQuery { id_prefix: Some("a".to_owned()), ..all.clone() };
    assert_eq!(found(&rig, &prefix), ["a", "a-", "a-10", "a-9"]);
    assert_eq!(found(&rig, &RunQuery { after_id: Some("a-".to_owned()), ..prefix.clone() }), ["a-10", "a-9"]);
    for run in &runs[..3] {
        change(&rig, *run, Change { status: Some(Status::Parked), ..Change::default() });
    }
    let parked = RunQuery { statuses: vec![Status::Parked, Status::Failed], ..prefix };
    assert_eq!(found(&rig, &parked), ["a-10", "a-9"]);
    assert!(found(&rig, &RunQuery { workflow: Some("none".to_owned()), ..all.clone() }).is_empty());
    assert!(found(&rig, &RunQuery { labels: vec![("l".to_owned(), "v".to_owned())], ..all.clone() }).is_empty());
    assert_eq!(found(&rig, &RunQuery { after: Some(runs[1]), limit: 2, ..all }), ["A", "Z"]);
}

/// Each condition restricts, and so do all of them together.
pub fn runs_by_status_workflow_and_prefix<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for (id, workflow, status) in [
        ("a-1", "order", Status::Running),
        ("a-2", "order", Status::Parked),
        ("b-1", "refund", Status::Parked),
        ("a-3", "refund", Status::Completed),
        ("b-2", "order", Status::Sleeping),
    ] {
        let new = NewRun { workflow: workflow.to_owned(), ..super::rig::new_run(id, rig.lease) };
        let run = number(rig.write(Write::Start(new)));
        change(&rig, run, Change { status: Some(status), ..Change::default() });
    }
    let all = RunQuery::default();
    let parked = RunQuery { statuses: vec![Status::Parked], ..all.clone() };
    assert_eq!(found(&rig, &parked), ["a-2", "b-1"]);
    assert_eq!(found(&rig, &RunQuery { limit: 1, ..parked.clone() }), ["a-2"]);
    let ended = RunQuery { statuses: vec![Status::Completed, Status::Failed, Status::Sleeping], ..all.clone() };
    assert_eq!(found(&rig, &ended), ["a-3", "b-2"]);
    let order = RunQuery { workflow: Some("order".to_owned()), ..all.clone() };
    assert_eq!(found(&rig, &order), ["a-1", "a-2", "b-2"]);
    let prefix = RunQuery { id_prefix: Some("a-".to_owned()), ..all.clone() };
    assert_eq!(found(&rig, &prefix), ["a-1", "a-2", "a-3"]);
    let both = RunQuery { workflow: Some("order".to_owned()), id_prefix: Some("a".to_owned()), ..parked };
    assert_eq!(found(&rig, &both), ["a-2"]);
    assert!(found(&rig, &RunQuery { workflow: Some(String::new()), ..all }).is_empty(), "the empty name is a name");
}

/// A prefix is no pattern: it is compared byte by byte.
pub fn prefixes_are_compared_byte_by_byte<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let ids =
        ["%", "%a", "a", "A", "ab", "a_", "ä", "äb", "z", "\u{D7FF}x", "\u{E000}", "\u{10FFFF}", "\u{10FFFF}b", ""];
    for id in ids {
        rig.start(id);
    }
    for prefix in ["", "%", "a", "A", "a_", "_", "ä", "\u{D7FF}", "\u{10FFFF}", "\u{10FFFF}\u{10FFFF}", "a\u{10FFFF}"]
    {
        let expected: Vec<_> = ids.into_iter().filter(|id| id.starts_with(prefix)).collect();
        let query = RunQuery { id_prefix: Some(prefix.to_owned()), ..RunQuery::default() };
        assert_eq!(found(&rig, &query), expected, "prefix {prefix:?}");
    }
}

/// Runs of a lease are found by the time they are due, and the indexes follow every change.
pub fn runs_by_lease_and_time<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let other = rig.open_lease("engine-2");
    let runs = [("a", 30), ("b", 10), ("c", 20), ("d", 10), ("e", -5)].map(|(id, at)| {
        let run = rig.start(id);
        change(&rig, run, Change { wake_at: Some(Some(at)), ..Change::default() });
        run
    });
    let foreign = number(rig.write(Write::Start(super::rig::new_run("f", other))));
    let never = rig.start("g");
    change(&rig, never, Change { wake_at: Some(None), ..Change::default() });

    let of = |lease: Lease| RunQuery { lease: Some(lease.number), ..RunQuery::default() };
    let due = |from, to| RunQuery { wake_at: Some((from, to)), by_wake_at: true, ..of(rig.lease) };
    assert_eq!(found(&rig, &of(rig.lease)), ["a", "b", "c", "d", "e", "g"]);
    assert_eq!(found(&rig, &of(other)), ["f"]);
    assert_eq!(found(&rig, &due(i64::MIN, i64::MAX)), ["e", "b", "d", "c", "a"]);
    assert_eq!(found(&rig, &due(10, 20)), ["b", "d", "c"]);
    assert_eq!(found(&rig, &RunQuery { limit: 2, ..due(10, 30) }), ["b", "d"]);
    assert!(found(&rig, &due(20, 10)).is_empty());
    assert_eq!(found(&rig, &RunQuery { by_wake_at: false, ..due(10, 30) }), ["a", "b", "c", "d"]);
    let by_time = RunQuery { by_wake_at: true, ..RunQuery::default() };
    assert_eq!(found(&rig, &by_time), ["e", "f", "b", "d", "c", "a"], "not those that are never due");
    assert_eq!(found(&rig, &RunQuery { after: Some(runs[1]), ..due(0, 30) }), ["d", "c"]);
    assert_eq!(found(&rig, &RunQuery { by_wake_at: true, ..of(rig.lease) }), ["e", "b", "d", "c", "a"]);

    change(&rig, runs[1], Change { wake_at: Some(Some(40)), ..Change::default() });
    change(&rig, runs[2], Change { release: true, ..Change::default() });
    assert_eq!(found(&rig, &due(0, 100)), ["d", "a", "b"]);
    rig.write(Write::Claim { run: runs[2], lease: other }).expect("claimed");
    assert_eq!(found(&rig, &RunQuery { by_wake_at: true, ..of(other) }), ["f", "c"]);
    let end = Change { status: Some(Status::Completed), release: true, ..Change::default() };
    let end = Append { lease: other, change: end, ..rig.append(foreign, 1, Vec::new()) };
    rig.write(Write::from(end)).expect("ended");
    rig.write(Write::Delete { run: foreign, rows: 100 }).expect("deleted");
    assert_eq!(found(&rig, &of(other)), ["c"]);
}

/// A query that finds no rows is no error.
pub fn nothing_found_is_no_error<S: Store>(open: &dyn Fn() -> S) {
    let store = open();
    assert_eq!(store.run(RunKey::Number(1)).expect("read"), None);
    assert_eq!(store.run(RunKey::Id("a")).expect("read"), None);
    assert_eq!(store.runs(&RunQuery::default()).expect("read").runs, []);
    assert_eq!(store.entries(1, 0, 10).expect("read"), []);
    assert_eq!(store.fields(1, 0, u64::MAX).expect("read"), []);
    for key in [RunKey::Number(1), RunKey::Id("a"), RunKey::Lease(1)] {
        assert_eq!(store.inbox(key, 0, 9).expect("read"), []);
    }
    assert_eq!(store.leases().expect("read"), []);
}

/// Unfinished runs are counted by status, in the order of a run's life, and up to a limit.
pub fn unfinished_runs_are_counted_by_status<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let runs: Vec<_> = (0..9).map(|n| rig.start(&format!("run-{n}"))).collect();
    for (run, status) in runs.iter().zip([Status::Sleeping, Status::Sleeping, Status::Paused, Status::Parked]) {
        change(&rig, *run, Change { status: Some(status), ..Change::default() });
    }
    rig.end(runs[8], Status::Completed);
    let counts = |limit| rig.store.run_counts(limit).expect("read");
    let (running, sleeping, queued) = (Status::Running, Status::Sleeping, Status::Queued);
    let all = [(running, 4), (sleeping, 2), (queued, 0), (Status::Paused, 1), (Status::Parked, 1)];
    assert_eq!(counts(9), all);
    assert_eq!(counts(3)[..2], [(running, 3), (sleeping, 2)]);
}
