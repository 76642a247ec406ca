//! Schedules: what becomes of a nominal time while the run before goes on, or when its own run exists.

use super::rig::AT;
use super::schedules::{Scheduled, fired, put, row};
use crate::store::{
    Fire, FireSource, Fired, FiringOutcome, FiringRow, Overlap, ScheduleRow, ScheduleState, Status, Store, Write,
    Written,
};

/// A run with the id of a time is its run: it is not started again, even after the schedule was created anew.
pub fn a_run_that_exists_is_that_of_its_time<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::Skip);
    let run = scheduled.started(5);
    let rig = &scheduled.rig;
    let revision = scheduled.row().revision;
    rig.write(Write::RemoveSchedule { schedule: "nightly".to_owned(), revision }).expect("removed");
    put(rig, row("nightly")).expect("created");
    assert_eq!(scheduled.fire(5), Fired::Exists(run));
    assert_eq!(scheduled.row().state.run.as_deref(), Some("nightly@5"));
}

/// A time whose run exists starts nothing and counts for nothing; the run that goes on is still the one that the others
/// wait for.
pub fn a_run_that_exists_hides_no_run_that_goes_on<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::Skip);
    let rig = &scheduled.rig;
    rig.end(scheduled.started(8), Status::Completed);
    let run = scheduled.started(12);
    let row = scheduled.row();
    let state = ScheduleState { waiting: vec![8, 9], backfilled: vec![8, 9], ..row.state };
    put(rig, ScheduleRow { state: state.clone(), ..row }).expect("changed");
    assert!(matches!(scheduled.fire_from(FireSource::Waiting, 8), Fired::Exists(_)));
    let after = scheduled.row();
    let expected = ScheduleState { decided: 12, waiting: vec![9], backfilled: vec![9], since: Some(AT), ..state };
    assert_eq!((after.state, after.due), (expected, Some(AT)), "the next one is looked at now");
    let waits = Fired::Waits { run: Some(run), is_cancelled: false };
    assert_eq!(scheduled.fire_from(FireSource::Waiting, 9), waits);
    rig.end(run, Status::Completed);
    assert!(matches!(scheduled.fire_from(FireSource::Waiting, 9), Fired::Started(_)));
    let state = scheduled.row().state;
    assert_eq!((state.started, state.fired, state.last, state.recent.len()), (3, 2, Some(12), 3));
    assert_eq!((state.backfilled.len(), state.since), (0, None));
}

/// With `Skip`, the run before is looked at in the commit: while it goes on, nothing starts.
pub fn a_time_is_skipped_while_a_run_goes_on<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::Skip);
    let run = scheduled.started(0);
    assert_eq!((scheduled.fire(1), scheduled.fire(2)), (Fired::Skipped, Fired::Skipped));
    let skipped = FiringOutcome::Skipped("nightly@0".to_owned());
    assert_eq!(scheduled.row().state.recent[2], FiringRow { nominal: 2, at: AT, outcome: skipped });
    assert_eq!(scheduled.row().due, Some(AT + 2));
    scheduled.rig.end(run, Status::Failed);
    let run = scheduled.started(3);
    assert_eq!(scheduled.fire_from(FireSource::Manual, 4), Fired::Skipped);
    scheduled.rig.end(run, Status::Completed);
    // An end in the same batch counts.
    let run = scheduled.started(5);
    let row = scheduled.row();
    let next = Fire {
        overlap: Overlap::Skip,
        previous: row.state.run,
        ..fired(scheduled.rig.lease, "nightly", row.revision, 6)
    };
    let end = Write::from(scheduled.rig.ending(run, Status::Completed));
    let answers = scheduled.rig.batch(&[end, Write::Fire(Box::new(next))]);
    assert!(matches!(answers[1], Ok(Written::Fired(Fired::Started(_)))), "{answers:?}");
}

/// With `BufferOne` and `BufferAll`, times wait, and start in their order.
pub fn times_wait_for_the_end_of_a_run<S: Store>(open: &dyn Fn() -> S) {
    for (overlap, room) in [(Overlap::BufferOne, 1), (Overlap::BufferAll, 2)] {
        let scheduled = Scheduled::new(open, overlap);
        let run = scheduled.started(0);
        let waits = Fired::Waits { run: Some(run), is_cancelled: false };
        assert_eq!(scheduled.fire(1), waits);
        assert_eq!(scheduled.row().due, Some(AT + 1), "the next time comes before the next look");
        assert_eq!(scheduled.fire(200), if room == 1 { Fired::Skipped } else { waits.clone() });
        assert_eq!(scheduled.row().due, Some(AT + 7), "the next look comes before the next time");
        assert_eq!(scheduled.row().state.waiting, [1, 200][..room]);
        assert_eq!(scheduled.fire_from(FireSource::Waiting, 1), waits);
        scheduled.rig.end(run, Status::Completed);
        // One that is due now comes after those that wait.
        let after = if room == 1 { Fired::Skipped } else { Fired::Waits { run: None, is_cancelled: false } };
        assert_eq!(scheduled.fire(300), after);
        assert_eq!(scheduled.row().due, Some(if room == 1 { AT + 7 } else { AT }), "there is nothing to wait for");
        let started = scheduled.fire_from(FireSource::Waiting, 1);
        let Fired::Started(run) = started else { panic!("{started:?}") };
        assert_eq!(scheduled.rig.row(run).id, "nightly@1");
        let waiting: &[i64] = if room == 1 { &[] } else { &[200, 300] };
        assert_eq!((scheduled.row().state.waiting, scheduled.row().state.started), (waiting.to_vec(), 2));
    }
}

/// With `CancelRunning`, the run before gets one cancellation, and the newest time waits for its end.
pub fn a_run_is_cancelled_for_the_next<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::CancelRunning);
    let run = scheduled.started(0);
    let cancelled = Fired::Waits { run: Some(run), is_cancelled: true };
    assert_eq!((scheduled.fire(1), scheduled.fire(2)), (cancelled.clone(), cancelled));
    assert_eq!(scheduled.rig.inbox(run).len(), 1, "one cancellation");
    assert_eq!(scheduled.row().state.waiting, [2], "the newest");
    let skipped = FiringOutcome::Skipped("nightly@0".to_owned());
    assert_eq!(scheduled.row().state.recent[1], FiringRow { nominal: 1, at: AT, outcome: skipped });
    scheduled.rig.end(run, Status::Cancelled);
    assert!(matches!(scheduled.fire_from(FireSource::Waiting, 2), Fired::Started(_)));
}

/// With `CancelRunning`, times of a backfill wait on, and a time that gives way to a newer one does not count.
pub fn a_backfill_waits_beside_the_newest<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::CancelRunning);
    scheduled.started(5);
    let row = scheduled.row();
    let state = ScheduleState { waiting: vec![1, 2], backfilled: vec![1, 2], ..row.state };
    put(&scheduled.rig, ScheduleRow { state, ..row }).expect("changed");
    for (nominal, fired) in [(6, 2), (7, 2), (8, 2)] {
        assert!(matches!(scheduled.fire(nominal), Fired::Waits { is_cancelled: true, .. }));
        let state = scheduled.row().state;
        assert_eq!((state.waiting, state.backfilled), (vec![1, 2, nominal], vec![1, 2]));
        assert_eq!((state.fired, state.since), (fired, Some(AT)));
    }
}

/// A run that a person asks for has none of the schedule's times, and counts for nothing, also if it has waited, or gives
/// way to a time that is due.
pub fn a_trigger_that_waits_counts_for_nothing<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::BufferAll);
    let rig = &scheduled.rig;
    let run = scheduled.started(5);
    assert!(matches!(scheduled.fire_from(FireSource::Manual, 7), Fired::Waits { .. }));
    let state = scheduled.row().state;
    assert_eq!((state.waiting, state.triggered, state.fired), (vec![7], vec![7], 1));
    rig.end(run, Status::Completed);
    let Fired::Started(run) = scheduled.fire_from(FireSource::Waiting, 7) else { panic!("started") };
    let state = scheduled.row().state;
    assert_eq!((state.started, state.fired, state.last), (1, 1, Some(5)));
    assert_eq!((state.waiting.len(), state.triggered.len(), state.run.as_deref()), (0, 0, Some("nightly@7")));
    let scheduled = Scheduled { overlap: Overlap::CancelRunning, ..scheduled };
    assert!(matches!(scheduled.fire_from(FireSource::Manual, 8), Fired::Waits { .. }));
    for nominal in [9, 10] {
        assert!(matches!(scheduled.fire(nominal), Fired::Waits { .. }));
        let state = scheduled.row().state;
        assert_eq!((state.waiting, state.triggered.len(), state.fired), (vec![nominal], 0, 2));
    }
    scheduled.rig.end(run, Status::Cancelled);
    assert!(matches!(scheduled.fire_from(FireSource::Waiting, 10), Fired::Started(_)));
    assert_eq!((scheduled.row().state.started, scheduled.row().state.last), (2, Some(10)));
}

/// With `Allow`, the state of the run before does not matter.
pub fn runs_that_may_overlap_start_at_once<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::Allow);
    let runs = [scheduled.started(0), scheduled.started(1), scheduled.started(2)];
    assert!(runs.iter().all(|run| scheduled.rig.row(*run).status == Status::Running));
    assert_eq!((scheduled.row().state.started, scheduled.row().state.recent.len()), (3, 3));
    // A run that a person asks for has no nominal time.
    assert!(matches!(scheduled.fire_from(FireSource::Manual, 7), Fired::Started(_)));
    let state = scheduled.row().state;
    assert_eq!((state.started, state.last, state.run.as_deref()), (3, Some(2), Some("nightly@7")));
}
