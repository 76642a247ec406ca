//! Schedules: each nominal time is decided once, by the state of the run before.

use super::rig::{AT, Answer, Rig, item, new_run};
use crate::store::{
    Fire, FireSource, Fired, FiringOutcome, FiringRow, Lease, NewRun, Overlap, Rejected, RunKey, ScheduleRow,
    ScheduleState, Status, Store, Write, Written,
};
use crate::value::{Encoding, Value};
use std::collections::BTreeSet;

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
        flaw: None,
    }
}

pub(super) fn fired(lease: Lease, schedule: &str, revision: i64, nominal: i64) -> Fire {
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
        first_look: AT + 3,
        limit: None,
        missed: None,
        at: AT,
    }
}

pub(super) fn fire(lease: Lease, schedule: &str, revision: i64, nominal: i64) -> Write {
    Write::Fire(Box::new(fired(lease, schedule, revision, nominal)))
}

/// A schedule whose times are decided one after the other.
pub(super) struct Scheduled<S> {
    pub(super) rig: Rig<S>,
    pub(super) overlap: Overlap,
}

impl<S: Store> Scheduled<S> {
    pub(super) fn new(open: &dyn Fn() -> S, overlap: Overlap) -> Self {
        let rig = Rig::new(open);
        put(&rig, row("nightly")).expect("created");
        Self { rig, overlap }
    }

    pub(super) fn row(&self) -> ScheduleRow {
        read(&self.rig, "nightly")
    }

    pub(super) fn fire_from(&self, source: FireSource, nominal: i64) -> Fired {
        let (row, overlap) = (self.row(), self.overlap);
        let previous = row.state.run;
        let fire = Fire { source, overlap, previous, ..fired(self.rig.lease, "nightly", row.revision, nominal) };
        done(self.rig.write(Write::Fire(Box::new(fire))))
    }

    pub(super) fn fire(&self, nominal: i64) -> Fired {
        self.fire_from(FireSource::Due, nominal)
    }

    pub(super) fn started(&self, nominal: i64) -> i64 {
        match self.fire(nominal) {
            Fired::Started(run) => run,
            other => panic!("{nominal}: {other:?}"),
        }
    }
}

#[track_caller]
pub(super) fn done(answer: Answer) -> Fired {
    match answer {
        Ok(Written::Fired(fired)) => fired,
        other => panic!("expected a firing, found {other:?}"),
    }
}

pub(super) fn put<S: Store>(rig: &Rig<S>, row: ScheduleRow) -> Answer {
    rig.write(Write::PutSchedule(Box::new(row)))
}

/// Creates a schedule and returns its revision.
fn created<S: Store>(rig: &Rig<S>, name: &str) -> i64 {
    put(rig, row(name)).expect("created");
    read(rig, name).revision
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
        backfilled: vec![9],
        triggered: vec![8],
        since: Some(7),
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
        let found = read(&rig, &written.name);
        assert!(found.revision > 0, "0 is none");
        assert_eq!(found, ScheduleRow { revision: found.revision, ..written });
    }
}

/// A change or a removal names the revision that was seen, so that none is lost.
pub fn a_schedule_changes_from_the_revision_that_was_seen<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let removed = |revision| rig.write(Write::RemoveSchedule { schedule: "nightly".to_owned(), revision });
    assert_eq!(removed(0), Err(Rejected::NoSuchRun));
    assert_eq!(put(&rig, ScheduleRow { revision: 1, ..row("nightly") }), Err(Rejected::Fenced));
    let first = created(&rig, "nightly");
    assert_eq!(put(&rig, row("nightly")), Err(Rejected::Fenced), "it is there");
    let later = ScheduleRow { due: Some(AT + 5), revision: first, ..row("nightly") };
    put(&rig, later.clone()).expect("changed");
    assert_eq!(put(&rig, later), Err(Rejected::Fenced), "it has changed");
    assert_eq!((removed(first), removed(first + 1)), (Err(Rejected::Fenced), Ok(Written::Done)));
    assert!(is_gone(&rig));
    // In one batch, each write sees those before it.
    let first = created(&rig, "nightly");
    let second = ScheduleRow { revision: first, ..row("nightly") };
    let remove = Write::RemoveSchedule { schedule: "nightly".to_owned(), revision: first + 1 };
    let batch = [
        Write::PutSchedule(Box::new(second.clone())),
        Write::PutSchedule(Box::new(second)),
        remove.clone(),
        remove.clone(),
        Write::PutSchedule(Box::new(row("nightly"))),
        Write::PutSchedule(Box::new(row("nightly"))),
        remove,
    ];
    let (done, fenced) = (|| Ok(Written::Done), || Err(Rejected::Fenced));
    assert_eq!(rig.batch(&batch), [done(), fenced(), done(), fenced(), done(), fenced(), fenced()]);
    assert!(!is_gone(&rig));
}

/// A schedule that was deleted and created anew has no revision of the one before: what was planned on that is rejected.
pub fn a_new_schedule_has_no_revision_of_one_before_it<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let mut used = BTreeSet::new();
    for _ in 0..9 {
        let revision = created(&rig, "nightly");
        assert!(used.insert(revision) && used.insert(revision + 1), "{revision} was used: {used:?}");
        done(rig.write(fire(rig.lease, "nightly", revision, revision)));
        let remove = Write::RemoveSchedule { schedule: "nightly".to_owned(), revision: revision + 1 };
        assert_eq!(rig.write(remove), Ok(Written::Done));
    }
}

/// Of two decisions on one revision, one is made; a lost lease decides nothing.
pub fn a_time_is_decided_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    assert_eq!(rig.write(fire(rig.lease, "nightly", 0, 0)), Err(Rejected::NoSuchRun));
    let first = created(&rig, "nightly");
    let lost = Lease { epoch: 2, ..rig.lease };
    assert_eq!(rig.write(fire(lost, "nightly", first, 0)), Err(Rejected::Fenced));
    let answers = rig.batch(&[fire(rig.lease, "nightly", first, 0), fire(rig.lease, "nightly", first, 0)]);
    let Ok(Written::Fired(Fired::Started(run))) = answers[0] else { panic!("{answers:?}") };
    assert_eq!(answers[1], Err(Rejected::Fenced));
    assert_eq!(rig.write(fire(rig.lease, "nightly", first, 0)), Err(Rejected::Fenced));
    let started = rig.row(run);
    assert_eq!((&*started.id, started.lease, started.status), ("nightly@0", Some(rig.lease.number), Status::Running));
    assert_eq!(rig.entries(run).len(), 1);
    let state = read(&rig, "nightly").state;
    assert_eq!((state.started, state.last, state.run.as_deref()), (1, Some(0), Some("nightly@0")));
    // One that is for all engines.
    let mut unowned = fired(rig.lease, "nightly", first + 1, 1);
    unowned.run.lease = None;
    let Fired::Started(run) = done(rig.write(Write::Fire(Box::new(unowned)))) else { panic!("started") };
    assert_eq!(rig.row(run).lease, None);
}

/// Times that were skipped do not count; after the last one nothing is due.
pub fn a_schedule_ends_with_its_limit<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    put(&rig, row("nightly")).expect("created");
    let next = |nominal| {
        let ScheduleRow { revision, state, .. } = read(&rig, "nightly");
        let planned = fired(rig.lease, "nightly", revision, nominal);
        let fire = Fire { limit: Some(2), overlap: Overlap::Skip, previous: state.run, ..planned };
        (done(rig.write(Write::Fire(Box::new(fire)))), read(&rig, "nightly").due)
    };
    let (Fired::Started(run), Some(AT)) = next(0) else { panic!("the first one starts") };
    assert_eq!(next(1), (Fired::Skipped, Some(AT + 1)));
    assert_eq!(next(2), (Fired::Skipped, Some(AT + 2)));
    rig.end(run, Status::Completed);
    assert!(matches!(next(3), (Fired::Started(_), None)));
}

/// The last ten firings are kept, with those that were missed.
pub fn a_schedule_keeps_its_last_firings<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let first = created(&rig, "nightly");
    for nominal in 0..12 {
        let outcome = FiringOutcome::Missed { until: nominal, count: 1 };
        let missed = (nominal == 11).then_some(FiringRow { nominal, at: AT, outcome });
        let fire = Fire { missed, ..fired(rig.lease, "nightly", first + nominal, nominal) };
        done(rig.write(Write::Fire(Box::new(fire))));
    }
    let recent = || -> Vec<_> { read(&rig, "nightly").state.recent.into_iter().map(|firing| firing.nominal).collect() };
    assert_eq!(recent(), [3, 4, 5, 6, 7, 8, 9, 10, 11, 11]);
    // One that waits notes nothing but what was missed before it.
    let outcome = FiringOutcome::Missed { until: 12, count: 1 };
    let missed = Some(FiringRow { nominal: 12, at: AT, outcome });
    let (overlap, previous) = (Overlap::BufferAll, Some("nightly@11".to_owned()));
    let fire = Fire { overlap, previous, missed, ..fired(rig.lease, "nightly", first + 12, 13) };
    assert!(matches!(done(rig.write(Write::Fire(Box::new(fire)))), Fired::Waits { .. }));
    assert_eq!(recent(), [4, 5, 6, 7, 8, 9, 10, 11, 11, 12]);
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
    let (all, none) = (served(&[("order", 1), ("ship", 2)]), BTreeSet::new());
    assert_eq!(rig.store.next_schedule(&all, &none).expect("read"), None);
    of("c", "order", 1, Some(AT + 3));
    of("a", "order", 1, Some(AT + 3));
    of("b", "ship", 2, Some(AT + 1));
    of("d", "ship", 1, Some(AT));
    of("e", "order", 1, None);
    let next =
        |served: &[(String, u32)]| rig.store.next_schedule(served, &none).expect("read").map(|next| next.due - AT);
    assert_eq!(
        (next(&all), next(&served(&[("order", 1)])), next(&served(&[("order", 2)])), next(&[])),
        (Some(1), Some(3), None, None)
    );
    let clock = rig.store.clock().expect("a clock");
    let now = rig.store.next_schedule(&all, &none).expect("read").expect("due").now;
    assert!((clock..clock + 60_000).contains(&now), "{now} by the clock of {clock}");
    let due = |served: Option<&[(String, u32)]>, until, limit| -> Vec<String> {
        let rows = rig.store.due_schedules(served, &none, AT + until, limit).expect("read");
        rows.into_iter().map(|row| row.name).collect()
    };
    assert_eq!(due(Some(&all), 9, 9), ["b", "a", "c"]);
    assert_eq!(
        (due(Some(&all), 2, 9), due(Some(&all), 9, 2)),
        (vec!["b".to_owned()], vec!["b".to_owned(), "a".to_owned()])
    );
    assert_eq!((due(None, 9, 9).len(), due(Some(&[]), 9, 9).len()), (4, 0));
    // Those that are left out hide no others, even if there is room for one alone.
    let left_out = BTreeSet::from(["b", "a", "no such"].map(str::to_owned));
    let next = rig.store.next_schedule(&all, &left_out).expect("read").map(|next| next.due - AT);
    assert_eq!(next, Some(3));
    for of in [Some(&all[..]), None] {
        let rows = rig.store.due_schedules(of, &left_out, AT + 9, 1).expect("read");
        assert_eq!(rows[0].name, if of.is_some() { "c" } else { "d" });
    }
    let left_out = BTreeSet::from(["a", "b", "c"].map(str::to_owned));
    assert_eq!(rig.store.next_schedule(&all, &left_out).expect("read"), None);
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
