//! Actions of operators: each with its record in one commit, and once for a key; jobs.

use super::rig::{AT, Rig, entry, item, number};
use crate::store::{
    Act, ActOutcome, Append, AuditQuery, AuditRow, Change, JobRow, Rejected, Status, Store, Write, Written,
};
use std::sync::Arc;

fn record(key: &str, subject: &str) -> AuditRow {
    AuditRow {
        number: 0,
        key: key.to_owned(),
        at: 0,
        who: "ada".to_owned(),
        why: "the bank is away".to_owned(),
        action: "cancel".to_owned(),
        subject: subject.to_owned(),
        details: "{\"force\":false}".to_owned(),
        outcome: ActOutcome::Done,
    }
}

impl<S: Store> Rig<S> {
    fn act(&self, record: AuditRow, write: Option<Write>) -> Result<Written, Rejected> {
        self.write(Write::Act(Box::new(Act { record, write })))
    }

    fn audit(&self, query: AuditQuery) -> Vec<AuditRow> {
        self.store
            .audit(&AuditQuery { limit: if query.limit == 0 { 100 } else { query.limit }, ..query })
            .expect("read")
    }

    /// Parks a run, which no lease owns then.
    fn park(&self, run: i64) {
        let change = Change { status: Some(Status::Parked), release: true, ..Change::default() };
        self.write(self.change(run, change)).expect("parked");
    }

    /// Returns an append to a parked run.
    fn on_parked(&self, run: i64, change: Change) -> Write {
        Write::AppendParked(Arc::new(Append { change, ..self.append(run, self.row(run).seq, Vec::new()) }))
    }
}

/// An action and its record are one: a rejected write leaves no record, and an action is performed once for its key.
pub fn an_action_and_its_record_are_one<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let sent = rig.act(record("k1", "a"), Some(Write::Send(item(run, None))));
    assert!(matches!(sent, Ok(Written::Number(_))), "{sent:?}");
    assert_eq!(rig.act(record("k1", "a"), Some(Write::Send(item(run, None)))), Ok(Written::Done));
    assert_eq!(rig.inbox(run).len(), 1, "done once");
    let refused = rig.act(record("k2", "b"), Some(Write::Send(item(run + 1, None))));
    assert_eq!(refused, Err(Rejected::NoSuchRun));
    let [row] = &rig.audit(AuditQuery::default())[..] else { panic!("one record") };
    let clock = rig.store.clock().expect("a clock");
    assert!(row.number > 0 && (clock - row.at).abs() < 60_000, "{row:?}");
    assert_eq!(*row, AuditRow { number: row.number, at: row.at, ..record("k1", "a") });
}

/// In a batch, a rejected action leaves the others alone, and two of one key are one.
pub fn actions_share_a_commit<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let act = |key: &str, run| {
        Write::Act(Box::new(Act { record: record(key, "a"), write: Some(Write::Send(item(run, None))) }))
    };
    let answers = rig.batch(&[act("k1", run), act("k2", run + 9), act("k1", run), act("k3", run)]);
    assert!(answers[0].is_ok() && answers[3].is_ok(), "{answers:?}");
    assert_eq!((&answers[1], &answers[2]), (&Err(Rejected::NoSuchRun), &Ok(Written::Done)));
    assert_eq!((rig.inbox(run).len(), rig.audit(AuditQuery::default()).len()), (2, 2));
}

/// An action of several commits is recorded as begun, and its end replaces that.
pub fn an_action_that_has_begun_ends<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let begun = AuditRow { outcome: ActOutcome::Begun, ..record("k", "a") };
    assert_eq!(rig.act(begun, None), Ok(Written::Done));
    assert_eq!(rig.audit(AuditQuery::default())[0].outcome, ActOutcome::Begun);
    let failed = AuditRow { outcome: ActOutcome::Failed, details: "{}".to_owned(), ..record("k", "a") };
    assert_eq!(rig.act(failed, None), Ok(Written::Done));
    assert_eq!(rig.act(record("k", "a"), None), Ok(Written::Done));
    let [row] = &rig.audit(AuditQuery::default())[..] else { panic!("one record") };
    assert_eq!((row.outcome, row.details.as_str()), (ActOutcome::Failed, "{}"), "its end is final");
}

/// Records are read in pages, the newest first, by subject and by actor.
pub fn records_are_read_in_pages<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    for n in 0..6 {
        let who = if n % 3 == 0 { "bob" } else { "ada" };
        let row = AuditRow { who: who.to_owned(), ..record(&format!("k{n}"), if n % 2 == 0 { "a" } else { "b" }) };
        rig.act(row, None).expect("recorded");
    }
    let keys = |query| rig.audit(query).into_iter().map(|row| row.key).collect::<Vec<_>>();
    let (a, bob) = (Some("a".to_owned()), Some("bob".to_owned()));
    assert_eq!(keys(AuditQuery { limit: 2, ..AuditQuery::default() }), ["k5", "k4"]);
    let before = rig.audit(AuditQuery::default())[1].number;
    assert_eq!(keys(AuditQuery { limit: 2, before: Some(before), ..AuditQuery::default() }), ["k3", "k2"]);
    assert_eq!(keys(AuditQuery { subject: a.clone(), ..AuditQuery::default() }), ["k4", "k2", "k0"]);
    assert_eq!(keys(AuditQuery { who: bob.clone(), ..AuditQuery::default() }), ["k3", "k0"]);
    assert_eq!(keys(AuditQuery { subject: a, who: bob, ..AuditQuery::default() }), ["k0"]);
}

/// A parked run that no lease owns is ended, or left to any engine; one that is not parked or has an owner is neither.
pub fn a_parked_run_is_changed_by_anyone<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let revived = || Change {
        status: Some(Status::Running),
        wake_at: Some(Some(0)),
        loads: Some(0),
        parked: Some(None),
        release: false,
        traced: false,
    };
    assert_eq!(rig.write(rig.on_parked(run, revived())), Err(Rejected::Fenced), "it runs");
    rig.park(run);
    rig.write(Write::Claim { run, lease: rig.lease }).expect("claimed");
    assert_eq!(rig.write(rig.on_parked(run, revived())), Err(Rejected::Fenced), "it is owned");
    rig.park(run);
    assert_eq!(rig.write(rig.on_parked(run, revived())), Ok(Written::Done));
    let row = rig.row(run);
    assert_eq!((row.status, row.lease, row.wake_at), (Status::Running, None, Some(0)));
    rig.write(Write::Claim { run, lease: rig.lease }).expect("claimed");
    rig.park(run);
    let end = Append {
        change: Change { status: Some(Status::Cancelled), wake_at: Some(None), release: true, ..Change::default() },
        ..rig.append(run, rig.row(run).seq, vec![entry(rig.row(run).seq + 1)])
    };
    let stale = Append { after: end.after - 1, entries: Vec::new(), ..end.clone() };
    assert_eq!(rig.write(Write::AppendParked(Arc::new(stale))), Err(Rejected::Fenced), "its last entry is another");
    assert_eq!(rig.write(Write::AppendParked(Arc::new(end))), Ok(Written::Done));
    assert_eq!((rig.row(run).status, rig.row(run).updated_at), (Status::Cancelled, AT + 1));
    let missing = Append { run: run + 9, ..rig.append(run, 1, Vec::new()) };
    assert_eq!(rig.write(Write::AppendParked(Arc::new(missing))), Err(Rejected::NoSuchRun));
}

/// A job changes from the revision that was seen, and the record of its creation names it.
pub fn a_job_changes_from_the_revision_that_was_seen<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let job = |number, revision, state: &str| JobRow { number, revision, state: state.to_owned() };
    let put = |row| rig.write(Write::PutJob(row));
    let first = number(rig.act(record("k", ""), Some(Write::PutJob(job(0, 0, "{}")))));
    assert_eq!(rig.audit(AuditQuery::default())[0].subject, JobRow::subject(first));
    let second = number(put(job(0, 0, "{}")));
    assert_eq!(put(job(first, 1, "{\"done\":1}")), Ok(Written::Done));
    assert_eq!(put(job(first, 1, "{\"done\":2}")), Err(Rejected::Fenced));
    assert_eq!(put(job(second + 1, 1, "{}")), Err(Rejected::NoSuchRun));
    let read = |before, limit| rig.store.jobs(before, limit).expect("read");
    assert_eq!(read(i64::MAX, 9), [job(second, 1, "{}"), job(first, 2, "{\"done\":1}")]);
    assert_eq!(read(second, 9), [job(first, 2, "{\"done\":1}")]);
    assert_eq!(read(i64::MAX, 1).len(), 1);
}
