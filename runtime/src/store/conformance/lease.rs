//! Leases, and the ownership of runs.

use super::rig::{Rig, entry, new_run, number};
use crate::store::{
    Append, Change, Lease, LeaseRow, NewRun, Rejected, RunQuery, RunRow, Status, Store, WaitingRuns, Write, Written,
};
use std::sync::Arc;

fn take(seen: Lease, heartbeat: i64) -> Write {
    Write::TakeLease { seen, heartbeat, owner: "taker".to_owned() }
}

/// Leases are listed in order; a heartbeat counts for its holder only.
pub fn leases_are_numbered_and_beat<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let second = rig.open_lease("engine-2");
    assert!(second.number > rig.lease.number);
    assert_eq!(rig.write(Write::Heartbeat(second)), Ok(Written::Done));
    assert_eq!(
        rig.batch(&[Write::Heartbeat(second), Write::Heartbeat(second)]),
        [Ok(Written::Done), Ok(Written::Done)]
    );
    assert_eq!(rig.write(Write::Heartbeat(Lease { epoch: 2, ..second })), Err(Rejected::Fenced));
    assert_eq!(rig.write(Write::Heartbeat(Lease { number: 99, epoch: 1 })), Err(Rejected::Fenced));
    let both = |second| rig.batch(&[Write::Heartbeat(second), Write::Heartbeat(rig.lease)]);
    assert_eq!(both(second), [Ok(Written::Done), Ok(Written::Done)]);
    assert_eq!(both(Lease { epoch: 2, ..second }), [Err(Rejected::Fenced), Ok(Written::Done)]);
    let row = |lease: Lease, owner: &str, heartbeat| LeaseRow {
        number: lease.number,
        owner: owner.to_owned(),
        epoch: lease.epoch,
        heartbeat,
        about: None,
        seen: None,
    };
    let leases = rig.store.leases().expect("read");
    assert!(leases[1].seen.is_some(), "the time of a heartbeat is kept for people");
    let leases: Vec<_> = leases.into_iter().map(|row| LeaseRow { seen: None, ..row }).collect();
    assert_eq!(leases, [row(rig.lease, "engine-1", 2), row(second, "engine-2", 4)]);
}

/// What a holder says of itself stays until another one has the lease.
pub fn a_holder_says_what_it_is<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let says = |lease| rig.write(Write::Describe { lease, about: r#"{"host":"ä"}"#.to_owned() });
    assert_eq!(says(Lease { epoch: 2, ..rig.lease }), Err(Rejected::Fenced));
    assert_eq!(says(rig.lease), Ok(Written::Done));
    rig.write(Write::Heartbeat(rig.lease)).expect("it beats");
    let about = || rig.store.leases().expect("read").remove(0).about;
    assert_eq!(about().as_deref(), Some(r#"{"host":"ä"}"#));
    rig.write(take(rig.lease, 1)).expect("taken");
    assert_eq!(about(), None);
}

/// A lease is taken over only if it is as it was seen, and then by one engine.
pub fn a_lease_is_taken_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    rig.write(Write::Heartbeat(rig.lease)).expect("it beats");
    assert_eq!(rig.write(take(rig.lease, 0)), Err(Rejected::Fenced), "it has beaten since");
    assert_eq!(rig.write(take(Lease { epoch: 3, ..rig.lease }, 1)), Err(Rejected::Fenced), "another epoch");
    let next = Lease { epoch: 2, ..rig.lease };
    assert_eq!(rig.write(take(rig.lease, 1)), Ok(Written::Lease(next)));
    assert_eq!(rig.write(take(rig.lease, 1)), Err(Rejected::Fenced), "a second taker");
    let row = rig.store.leases().expect("read").remove(0);
    assert_eq!((row.owner.as_str(), row.epoch), ("taker", 2));

    let append = rig.append(run, 1, vec![entry(2)]);
    assert_eq!(rig.write(Write::from(append.clone())), Err(Rejected::Fenced), "the old holder");
    assert_eq!(rig.write(Write::Heartbeat(rig.lease)), Err(Rejected::Fenced), "the old holder");
    assert_eq!(rig.write(Write::CloseLease(rig.lease)), Err(Rejected::Fenced), "the old holder");
    assert_eq!(rig.write(Write::from(Append { lease: next, ..append })), Ok(Written::Done), "the new one");
}

/// Only unfinished runs that no lease owns are adopted.
pub fn runs_without_a_lease_are_adopted<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (owned, unowned) = (rig.start("owned"), rig.start("unowned"));
    let parked = rig.start("parked");
    let second = rig.open_lease("engine-2");
    let release = |run, status| {
        let change = Change { status, release: true, ..Change::default() };
        let append = Append { change, ..rig.append(run, 1, vec![entry(2)]) };
        rig.write(Write::from(append)).expect("released");
    };
    release(unowned, None);
    release(parked, Some(Status::Parked));
    assert_eq!(rig.write(Write::Adopt(Lease { epoch: 7, ..second })), Err(Rejected::Fenced));
    assert_eq!(rig.write(Write::Adopt(second)), Ok(Written::Number(1)));
    assert_eq!(rig.write(Write::Adopt(second)), Ok(Written::Number(0)));
    let lease = |run| rig.row(run).lease;
    assert_eq!([lease(owned), lease(unowned), lease(parked)], [Some(rig.lease.number), Some(second.number), None]);
}

/// A lease that changes hands within a batch fences the writes that come after.
pub fn a_lease_taken_in_a_batch_fences_the_rest_of_it<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let next = Lease { epoch: 2, ..rig.lease };
    let answers = rig.batch(&[
        Write::from(rig.append(run, 1, vec![entry(2)])),
        take(rig.lease, 0),
        Write::from(rig.append(run, 2, vec![entry(3)])),
        Write::Start(new_run("b", rig.lease)),
        Write::from(Append { lease: next, ..rig.append(run, 2, vec![entry(3)]) }),
    ]);
    let (done, fenced) = (Ok(Written::Done), Err(Rejected::Fenced));
    assert_eq!(answers, [done.clone(), Ok(Written::Lease(next)), fenced.clone(), fenced, done]);
}

/// A lease is closed by its holder once it owns no run; its number is not used again.
pub fn a_lease_that_owns_a_run_is_not_closed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    assert_eq!(rig.write(Write::CloseLease(rig.lease)), Err(Rejected::Fenced));
    let release = Change { wake_at: Some(None), release: true, ..Change::default() };
    rig.write(rig.change(run, release)).expect("released");
    let answers = rig.batch(&[Write::Heartbeat(rig.lease), Write::CloseLease(rig.lease), Write::Heartbeat(rig.lease)]);
    assert_eq!(answers, [Ok(Written::Done), Ok(Written::Done), Err(Rejected::Fenced)]);
    assert!(rig.store.leases().expect("read").is_empty());
    let answers = rig.batch(&[Write::Start(new_run("b", rig.lease)), Write::CloseLease(rig.lease)]);
    assert_eq!(answers, [Err(Rejected::Fenced), Err(Rejected::Fenced)]);
    assert!(rig.open_lease("engine-2").number > rig.lease.number);
}

/// A run without an owner is claimed by one lease, which then owns it.
pub fn a_run_is_claimed_once<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    let claim = |lease| rig.write(Write::Claim { run, lease });
    assert_eq!(claim(other), Err(Rejected::Fenced), "another lease owns it");
    assert_eq!(claim(rig.lease), Err(Rejected::Fenced), "the owner too");
    let change = Change {
        status: Some(Status::Parked),
        parked: Some(Some("{}".to_owned())),
        release: true,
        ..Change::default()
    };
    rig.write(rig.change(run, change)).expect("parked");
    assert_eq!(claim(Lease { epoch: 2, ..other }), Err(Rejected::Fenced), "the lease is lost");
    let expected = RunRow { lease: Some(other.number), ..rig.row(run) };
    assert_eq!(claim(other), Ok(Written::Claimed(Box::new(expected.clone()))));
    assert_eq!(rig.row(run), expected);
    assert_eq!(claim(rig.lease), Err(Rejected::Fenced), "a second one");
    assert_eq!(rig.write(Write::Claim { run: run + 9, lease: other }), Err(Rejected::NoSuchRun));
    assert_eq!(rig.write(Write::from(rig.append(run, 1, vec![entry(2)]))), Err(Rejected::Fenced));
    let append = Append { lease: other, ..rig.append(run, 1, vec![entry(2)]) };
    assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
}

/// A run that has ended cannot be claimed.
pub fn a_run_that_ended_is_not_claimed<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for status in [Status::Completed, Status::Failed, Status::Cancelled, Status::Moved] {
        let run = rig.start(status.as_str());
        let change = Change { status: Some(status), wake_at: Some(None), release: true, ..Change::default() };
        rig.write(rig.change(run, change)).expect("ended");
        assert_eq!(rig.write(Write::Claim { run, lease: rig.lease }), Err(Rejected::Fenced));
    }
}

/// Runs that no lease owns are claimed by the workflows that an engine has, in order, and as many as it wants.
pub fn unowned_runs_are_claimed_by_workflow<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let start = |id: &str, workflow: &str, version: u32| {
        let unowned = NewRun { workflow: workflow.to_owned(), version, lease: None, ..new_run(id, rig.lease) };
        number(rig.write(Write::Start(unowned)))
    };
    let runs = [("a", "order", 1), ("b", "order", 2), ("c", "ship", 1), ("d", "order", 1), ("e", "order", 1)];
    let [a, b, ship, d, e] = runs.map(|(id, workflow, version)| start(id, workflow, version));
    let owned = rig.start("owned");
    assert_eq!(rig.row(a).lease, None);
    let claim = |lease, served: &[(&str, u32)], limit| {
        let served = served.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect::<Vec<_>>();
        let query = RunQuery { unowned: Some(Arc::new(served.clone())), ..RunQuery::default() };
        let there: Vec<_> = rig.store.runs(&query).expect("read").runs.into_iter().map(|row| row.number).collect();
        (there, rig.write(Write::ClaimServed { lease, served: Arc::new(served), limit }))
    };
    let claimed = |runs: &[i64]| Ok(Written::Runs(runs.iter().map(|run| (*run, Some(0))).collect()));
    let lost = Lease { epoch: 7, ..rig.lease };
    assert_eq!(claim(lost, &[("order", 1)], 9), (vec![a, d, e], Err(Rejected::Fenced)));
    assert_eq!(claim(rig.lease, &[("order", 1)], 2), (vec![a, d, e], claimed(&[a, d])));
    assert_eq!(claim(rig.lease, &[("ship", 1), ("order", 1)], 9), (vec![ship, e], claimed(&[ship, e])));
    assert_eq!(claim(rig.lease, &[("order", 3), ("other", 1)], 9), (vec![], claimed(&[])));
    assert_eq!(claim(rig.lease, &[], 9), (vec![], claimed(&[])));
    assert_eq!([a, ship, d, e, owned].map(|run| rig.row(run).lease), [Some(rig.lease.number); 5]);
    assert_eq!(rig.row(b).lease, None);
    assert!(rig.end(a, Status::Completed).is_empty());
}

/// A sleeping run goes to another lease, whose holder then owns it.
pub fn a_sleeping_run_is_given_to_another_lease<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let (run, other) = (rig.start("a"), rig.open_lease("engine-2"));
    let give = |from, to| rig.write(Write::Give { run, from, to });
    assert_eq!(give(rig.lease, other), Err(Rejected::Fenced), "it is at work");
    let sleeps = Change { status: Some(Status::Sleeping), wake_at: Some(Some(5_000)), ..Change::default() };
    rig.write(rig.change(run, sleeps)).expect("it sleeps");
    let before = rig.row(run);
    assert_eq!(give(other, rig.lease), Err(Rejected::Fenced), "another lease owns it");
    let old = |lease: Lease| Lease { epoch: lease.epoch + 1, ..lease };
    assert_eq!(give(old(rig.lease), other), Err(Rejected::Fenced), "the giver has lost its lease");
    assert_eq!(give(rig.lease, old(other)), Err(Rejected::Fenced), "the other has lost its lease");
    assert_eq!(give(rig.lease, Lease { number: other.number + 7, epoch: 1 }), Err(Rejected::Fenced), "there is none");
    assert_eq!(rig.write(Write::Give { run: run + 9, from: rig.lease, to: other }), Err(Rejected::NoSuchRun));
    assert_eq!(rig.row(run), before);
    assert_eq!(give(rig.lease, other), Ok(Written::Done));
    assert_eq!(rig.row(run), RunRow { lease: Some(other.number), ..before.clone() });
    assert_eq!(rig.write(Write::from(rig.append(run, 1, vec![entry(2)]))), Err(Rejected::Fenced), "the giver appends");
    let append = Append { lease: other, ..rig.append(run, 1, vec![entry(2)]) };
    assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
    assert_eq!(give(rig.lease, other), Err(Rejected::Fenced), "twice");
}

/// The runs that wait are counted by workflow and version: those of a lease, or those without an owner.
pub fn runs_that_wait_are_counted_by_workflow_and_version<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let start = |id: &str, workflow: &str, version: u32, at: i64, lease| {
        let run = NewRun { workflow: workflow.to_owned(), version, lease, at, ..new_run(id, rig.lease) };
        number(rig.write(Write::Start(run)))
    };
    let waiting = |lease, limit| rig.store.waiting(lease, limit).expect("read");
    assert_eq!(waiting(None, 9), []);
    start("a", "ship", 1, 700, None);
    start("b", "order", 2, 600, None);
    start("c", "order", 1, 900, None);
    start("d", "order", 1, 800, None);
    let owned = start("e", "order", 1, 500, Some(rig.lease));
    let of =
        |workflow: &str, version, since, count| WaitingRuns { workflow: workflow.to_owned(), version, since, count };
    let unowned = [of("order", 1, 800, 2), of("order", 2, 600, 1), of("ship", 1, 700, 1)];
    assert_eq!(waiting(None, 9), unowned);
    assert_eq!(waiting(None, 2).iter().map(|of| of.count).sum::<u64>(), 2);
    assert_eq!(waiting(Some(rig.lease.number), 9), [of("order", 1, 500, 1)]);
    assert_eq!(waiting(Some(rig.lease.number + 5), 9), []);
    rig.end(owned, Status::Completed);
    assert_eq!(waiting(Some(rig.lease.number), 9), []);
    assert_eq!(waiting(None, 9), unowned);
}
