//! Schedules: each nominal time is decided once, by the state of the run before.

use super::rig::{AT, Answer, Rig, item, new_run};
use crate::store::{
    Fire, FireSource, Fired, FiringOutcome, FiringRow, Lease, NewRun, Overlap, Rejected, RunKey, ScheduleRow,
    ScheduleState, Status, Store, Write, Written,
};
use crate::value::{Encoding, Value};

pub(super) fn row(name: &str) -> ScheduleRow {
    ScheduleRow {
        name: name.to_owned(),
        workflow: "order".to_owned(),
        version: 1,
        spec: "{}".to_owned(),
        input: Value::json("null"),
        revision: 0,
        due: Some(AT),
        state: ScheduleState::default(),
    }
}

fn fired(lease: Lease, schedule: &str, revision: i64, nominal: i64) -> Fire {
    Fire {
        schedule: schedule.to_owned(),
        revision,
        nominal,
        source: FireSource::Due,
        overlap: Overlap::Allow,
        previous: (nominal > 0).then(|| format!("{schedule}@{}", nominal - 1)),
        run: NewRun { execution: *uuid::Uuid::new_v4().as_bytes(), ..new_run(&format!("{schedule}@{nominal}"), lease) },
        cancellation: item(0, Some("cancel")),
        decided: nominal,
        due: Some(AT + nominal),
        retry: AT + 7,
        limit: None,
        missed: None,
        at: AT,
    }
}

pub(super) fn fire(lease: Lease, schedule: &str, revision: i64, nominal: i64) -> Write {
    Write::Fire(Box::new(fired(lease, schedule, revision, nominal)))
}

/// A schedule whose times are decided one after the other.
struct Scheduled<S> {
    rig: Rig<S>,
    overlap: Overlap,
}

impl<S: Store> Scheduled<S> {
    fn new(open: &dyn Fn() -> S, overlap: Overlap) -> Self {
        let rig = Rig::new(open);
        put(&rig, row("nightly")).expect("created");
        Self { rig, overlap }
    }

    fn row(&self) -> ScheduleRow {
        read(&self.rig, "nightly")
    }

    fn fire_from(&self, source: FireSource, nominal: i64) -> Fired {
        let (row, overlap) = (self.row(), self.overlap);
        let previous = row.state.run;
        let fire = Fire { source, overlap, previous, ..fired(self.rig.lease, "nightly", row.revision, nominal) };
        done(self.rig.write(Write::Fire(Box::new(fire))))
    }

    fn fire(&self, nominal: i64) -> Fired {
        self.fire_from(FireSource::Due, nominal)
    }

    fn started(&self, nominal: i64) -> i64 {
        match self.fire(nominal) {
            Fired::Started(run) => run,
            other => panic!("{nominal}: {other:?}"),
        }
    }
}

#[track_caller]
fn done(answer: Answer) -> Fired {
    match answer {
        Ok(Written::Fired(fired)) => fired,
        other => panic!("expected a firing, found {other:?}"),
    }
}

fn put<S: Store>(rig: &Rig<S>, row: ScheduleRow) -> Answer {
    rig.write(Write::PutSchedule(Box::new(row)))
}

fn read<S: Store>(rig: &Rig<S>, name: &str) -> ScheduleRow {
    rig.store.schedule(name).expect("it can be read").expect("it is there")
}

fn is_gone<S: Store>(rig: &Rig<S>) -> bool {
    rig.store.schedule("nightly").expect("it can be read").is_none()
}

/// Every column comes back, whatever the value.
pub fn a_schedule_is_read_as_it_was_written<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    assert!(is_gone(&rig));
    let recent = vec![
        FiringRow { nominal: 1, at: 2, outcome: FiringOutcome::Started("nightly@1".to_owned()) },
        FiringRow { nominal: 3, at: 4, outcome: FiringOutcome::Missed { until: 5, count: 6 } },
    ];
    let state = ScheduleState {
        paused: Some("maintenance \u{1F319}".to_owned()),
        decided: i64::MAX,
        started: 7,
        fired: 6,
        last: Some(-1),
        run: Some("nightly@1".to_owned()),
        waiting: vec![8, 9],
        recent,
    };
    let full = ScheduleRow { version: u32::MAX, state, due: None, ..row("\u{1F319} nightly") };
    for written in [
        full,
        ScheduleRow {
            input: Value { encoding: Encoding::Bytes, bytes: vec![0, 255, 1].into() },
            spec: "[\"é\"]".to_owned(),
            ..row("n")
        },
    ] {
        assert_eq!(put(&rig, written.clone()), Ok(Written::Done));
        assert_eq!(read(&rig, &written.name), ScheduleRow { revision: 1, ..written });
    }
}

/// A change or a removal names the revision that was seen, so that none is lost.
pub fn a_schedule_changes_from_the_revision_that_was_seen<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let removed = |revision| rig.write(Write::RemoveSchedule { schedule: "nightly".to_owned(), revision });
    assert_eq!(removed(0), Err(Rejected::NoSuchRun));
    assert_eq!(put(&rig, ScheduleRow { revision: 1, ..row("nightly") }), Err(Rejected::Fenced));
    put(&rig, row("nightly")).expect("created");
    assert_eq!(put(&rig, row("nightly")), Err(Rejected::Fenced), "it is there");
    let later = ScheduleRow { due: Some(AT + 5), revision: 1, ..row("nightly") };
    put(&rig, later.clone()).expect("changed");
    assert_eq!(put(&rig, later), Err(Rejected::Fenced), "it has changed");
    assert_eq!((removed(1), removed(2)), (Err(Rejected::Fenced), Ok(Written::Done)));
    assert!(is_gone(&rig));
    // In one batch, each write sees those before it.
    let second = ScheduleRow { revision: 1, ..row("nightly") };
    let remove = Write::RemoveSchedule { schedule: "nightly".to_owned(), revision: 2 };
    let batch = [
        Write::PutSchedule(Box::new(row("nightly"))),
        Write::PutSchedule(Box::new(second.clone())),
        Write::PutSchedule(Box::new(second)),
        remove.clone(),
        remove,
    ];
    let done = || Ok(Written::Done);
    assert_eq!(rig.batch(&batch), [done(), done(), Err(Rejected::Fenced), done(), Err(Rejected::Fenced)]);
    assert!(is_gone(&rig));
}

/// Of two decisions on one revision, one is made; a lost lease decides nothing.
pub fn a_time_is_decided_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    assert_eq!(rig.write(fire(rig.lease, "nightly", 0, 0)), Err(Rejected::NoSuchRun));
    put(&rig, row("nightly")).expect("created");
    let lost = Lease { epoch: 2, ..rig.lease };
    assert_eq!(rig.write(fire(lost, "nightly", 1, 0)), Err(Rejected::Fenced));
    let answers = rig.batch(&[fire(rig.lease, "nightly", 1, 0), fire(rig.lease, "nightly", 1, 0)]);
    let Ok(Written::Fired(Fired::Started(run))) = answers[0] else { panic!("{answers:?}") };
    assert_eq!(answers[1], Err(Rejected::Fenced));
    assert_eq!(rig.write(fire(rig.lease, "nightly", 1, 0)), Err(Rejected::Fenced));
    let started = rig.row(run);
    assert_eq!((&*started.id, started.lease, started.status), ("nightly@0", Some(rig.lease.number), Status::Running));
    assert_eq!(rig.entries(run).len(), 1);
    let state = read(&rig, "nightly").state;
    assert_eq!((state.started, state.last, state.run.as_deref()), (1, Some(0), Some("nightly@0")));
    // One that is for all engines.
    let mut unowned = fired(rig.lease, "nightly", 2, 1);
    unowned.run.lease = None;
    let Fired::Started(run) = done(rig.write(Write::Fire(Box::new(unowned)))) else { panic!("started") };
    assert_eq!(rig.row(run).lease, None);
}

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

/// With `Allow`, the state of the run before does not matter.
pub fn runs_that_may_overlap_start_at_once<S: Store>(open: &dyn Fn() -> S) {
    let scheduled = Scheduled::new(open, Overlap::Allow);
    let runs = [scheduled.started(0), scheduled.started(1), scheduled.started(2)];
    assert!(runs.iter().all(|run| scheduled.rig.row(*run).status == Status::Running));
    assert_eq!((scheduled.row().state.started, scheduled.row().state.recent.len()), (3, 3));
}

/// Times that were skipped do not count; after the last one nothing is due.
pub fn a_schedule_ends_with_its_limit<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    put(&rig, row("nightly")).expect("created");
    for (nominal, due) in [(0, Some(AT)), (1, None)] {
        let revision = read(&rig, "nightly").revision;
        let fire = Fire { limit: Some(2), ..fired(rig.lease, "nightly", revision, nominal) };
        assert!(matches!(done(rig.write(Write::Fire(Box::new(fire)))), Fired::Started(_)));
        assert_eq!(read(&rig, "nightly").due, due);
    }
}

/// The last ten firings are kept, with those that were missed.
pub fn a_schedule_keeps_its_last_firings<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    put(&rig, row("nightly")).expect("created");
    for nominal in 0..12 {
        let outcome = FiringOutcome::Missed { until: nominal, count: 1 };
        let missed = (nominal == 11).then_some(FiringRow { nominal, at: AT, outcome });
        let fire = Fire { missed, ..fired(rig.lease, "nightly", nominal + 1, nominal) };
        done(rig.write(Write::Fire(Box::new(fire))));
    }
    let recent: Vec<_> = read(&rig, "nightly").state.recent.into_iter().map(|firing| firing.nominal).collect();
    assert_eq!(recent, [3, 4, 5, 6, 7, 8, 9, 10, 11, 11]);
}

/// A schedule is found by its due time, and by its workflow in its version.
pub fn schedules_are_found_when_they_are_due<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let of = |name: &str, workflow: &str, version, due| {
        let workflow = workflow.to_owned();
        put(&rig, ScheduleRow { workflow, version, due, ..row(name) }).expect("created");
    };
    let served =
        |all: &[(&str, u32)]| all.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect::<Vec<_>>();
    let all = served(&[("order", 1), ("ship", 2)]);
    assert_eq!(rig.store.next_schedule(&all).expect("read"), None);
    of("c", "order", 1, Some(AT + 3));
    of("a", "order", 1, Some(AT + 3));
    of("b", "ship", 2, Some(AT + 1));
    of("d", "ship", 1, Some(AT));
    of("e", "order", 1, None);
    let next = |served: &[(String, u32)]| rig.store.next_schedule(served).expect("read").map(|next| next.due - AT);
    assert_eq!(
        (next(&all), next(&served(&[("order", 1)])), next(&served(&[("order", 2)])), next(&[])),
        (Some(1), Some(3), None, None)
    );
    let clock = rig.store.clock().expect("a clock");
    let now = rig.store.next_schedule(&all).expect("read").expect("due").now;
    assert!((clock..clock + 60_000).contains(&now), "{now} by the clock of {clock}");
    let due = |served: Option<&[(String, u32)]>, until, limit| -> Vec<String> {
        let rows = rig.store.due_schedules(served, AT + until, limit).expect("read");
        rows.into_iter().map(|row| row.name).collect()
    };
    assert_eq!(due(Some(&all), 9, 9), ["b", "a", "c"]);
    assert_eq!(
        (due(Some(&all), 2, 9), due(Some(&all), 9, 2)),
        (vec!["b".to_owned()], vec!["b".to_owned(), "a".to_owned()])
    );
    assert_eq!((due(None, 9, 9).len(), due(Some(&[]), 9, 9).len()), (4, 0));
}

/// Schedules are listed by name, byte by byte.
pub fn schedules_come_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for name in ["b", "B", "é", "a b", "a"] {
        put(&rig, row(name)).expect("created");
    }
    let page = |after: &str, limit| -> Vec<String> {
        let rows = rig.store.schedules(after, limit).expect("read");
        rows.into_iter().map(|row| row.name).collect()
    };
    assert_eq!(page("", 9), ["B", "a", "a b", "b", "é"]);
    assert_eq!(
        (page("", 2), page("a", 2), page("é", 2)),
        (vec!["B".into(), "a".into()], vec!["a b".into(), "b".into()], vec![])
    );
    assert!(rig.find(RunKey::Id("b")).is_none(), "a schedule is no run");
}
