//! A store with a lease, and shorthands for the writes of the cases.

use crate::record::{FORMAT, InboxKind, Kind};
use crate::store::{
    Append, Change, EntryRow, FieldRow, Holder, InboxRow, Lease, NewInboxItem, NewRun, Outgoing, Rejected, RunKey,
    RunRow, Status, Store, Write, Written,
};
use crate::value::Value;

pub(super) type Answer = Result<Written, Rejected>;

/// The time of the cases.
pub(super) const AT: i64 = 1_700_000_000_123;

pub(super) struct Rig<S> {
    pub(super) store: S,
    pub(super) lease: Lease,
}

impl<S: Store> Rig<S> {
    /// Creates an empty store in which this engine holds a lease.
    pub(super) fn new(open: &dyn Fn() -> S) -> Self {
        let mut rig = Self { store: open(), lease: Lease { number: 0, epoch: 1 } };
        rig.lease = rig.open_lease("engine-1");
        rig
    }

    pub(super) fn batch(&self, writes: &[Write]) -> Vec<Answer> {
        let answers = self.store.commit(writes).expect("the batch is committed");
        assert_eq!(answers.len(), writes.len(), "one answer for each write");
        answers
    }

    pub(super) fn write(&self, write: Write) -> Answer {
        self.batch(&[write]).remove(0)
    }

    pub(super) fn open_lease(&self, owner: &str) -> Lease {
        Lease { number: number(self.write(Write::OpenLease { owner: owner.to_owned() })), epoch: 1 }
    }

    /// Starts a run and returns its number.
    pub(super) fn start(&self, id: &str) -> i64 {
        number(self.write(Write::Start(new_run(id, self.lease))))
    }

    pub(super) fn append(&self, run: i64, after: u64, entries: Vec<EntryRow>) -> Append {
        let (fields, taken, change) = (Vec::new(), Vec::new(), Change::default());
        Append {
            run,
            lease: self.lease,
            after,
            entries,
            fields,
            taken,
            outgoing: Vec::new(),
            transaction: None,
            change,
            at: AT + 1,
        }
    }

    /// Returns an append that only changes the run's row.
    pub(super) fn change(&self, run: i64, change: Change) -> Write {
        Write::from(Append { change, ..self.append(run, self.row(run).seq, Vec::new()) })
    }

    /// Ends a run with this status; no lease owns it afterwards. Returns the runs that were notified.
    pub(super) fn end(&self, run: i64, status: Status) -> Vec<i64> {
        match self.write(Write::from(self.ending(run, status))) {
            Ok(Written::Done) => Vec::new(),
            answer => appended(answer).1,
        }
    }

    /// Returns the append that ends a run with this status.
    pub(super) fn ending(&self, run: i64, status: Status) -> Append {
        let change = Change { status: Some(status), wake_at: Some(None), release: true, ..Change::default() };
        let seq = self.row(run).seq;
        Append { change, ..self.append(run, seq, vec![entry(seq + 1)]) }
    }

    /// Appends an entry that writes these, and returns the outcomes and the runs that were notified.
    pub(super) fn outgoing(&self, run: i64, outgoing: Vec<Outgoing>) -> (Vec<Result<i64, Rejected>>, Vec<i64>) {
        let seq = self.row(run).seq;
        appended(self.write(Write::from(Append { outgoing, ..self.append(run, seq, vec![entry(seq + 1)]) })))
    }

    /// Returns the items that wait in the inbox of a run.
    pub(super) fn inbox(&self, run: i64) -> Vec<InboxRow> {
        self.store.inbox(RunKey::Number(run), 0, usize::MAX).expect("the inbox can be read")
    }

    pub(super) fn send(&self, run: i64, key: Option<&str>) -> Answer {
        self.write(Write::Send(item(run, key)))
    }

    pub(super) fn row(&self, run: i64) -> RunRow {
        self.find(RunKey::Number(run)).expect("the run is there")
    }

    pub(super) fn find(&self, key: RunKey<'_>) -> Option<RunRow> {
        self.store.run(key).expect("the run can be read")
    }

    pub(super) fn entries(&self, run: i64) -> Vec<EntryRow> {
        self.store.entries(run, 0, usize::MAX).expect("the entries can be read")
    }

    pub(super) fn fields(&self, run: i64) -> Vec<FieldRow> {
        self.store.fields(run, 0, u64::MAX).expect("the fields can be read")
    }

    /// Returns the numbers of the items in an inbox.
    pub(super) fn items(&self, of: RunKey<'_>) -> Vec<i64> {
        self.store
            .inbox(of, 0, usize::MAX)
            .expect("the inbox can be read")
            .into_iter()
            .map(|item| item.number)
            .collect()
    }
}

pub(super) fn new_run(id: &str, lease: Lease) -> NewRun {
    let first = EntryRow { kind: Kind::RunStarted, ..entry(1) };
    NewRun {
        queued: None,
        holder: Holder::Keeps,
        id: id.to_owned(),
        workflow: "order".to_owned(),
        lease: Some(lease),
        execution: [0xAB; 16],
        at: AT,
        entries: vec![first],
        version: 1,
        parent: None,
        dedup: None,
        labels: Vec::new(),
    }
}

/// Returns an entry with a value in every column.
pub(super) fn entry(seq: u64) -> EntryRow {
    EntryRow {
        seq,
        format: FORMAT,
        kind: Kind::StepCompleted,
        cause: Some(seq - 1),
        at: AT,
        position: Some(seq + 10),
        name: Some("charge".to_owned()),
        attempt: Some(2),
        context: Some(1),
        due: Some(AT + 5),
        value: Some(Value::json(r#"{"cents":5}"#)),
        other: Some("order-43".to_owned()),
    }
}

/// Returns an entry with no value in any optional column.
pub(super) fn bare_entry(seq: u64) -> EntryRow {
    let kind = Kind::TimerFired;
    EntryRow {
        seq,
        format: FORMAT,
        kind,
        cause: None,
        at: AT,
        position: None,
        name: None,
        attempt: None,
        context: None,
        due: None,
        value: None,
        other: None,
    }
}

pub(super) fn field(seq: u64, name: &str, value: Value) -> FieldRow {
    FieldRow { seq, format: FORMAT, name: name.to_owned(), value }
}

pub(super) fn item(run: i64, key: Option<&str>) -> NewInboxItem {
    let value = Some(Value::json("\"because\""));
    NewInboxItem { key: key.map(str::to_owned), value, ..NewInboxItem::new(run, InboxKind::Cancel, AT) }
}

/// Returns the outcomes of an append's writes beyond the rows of its run, and the runs that were notified.
#[track_caller]
pub(super) fn appended(answer: Answer) -> (Vec<Result<i64, Rejected>>, Vec<i64>) {
    match answer {
        Ok(Written::Appended { outcomes, notified }) => (outcomes, notified),
        other => panic!("expected an append, found {other:?}"),
    }
}

/// Returns the number in the answer to a write.
#[track_caller]
pub(super) fn number(answer: Answer) -> i64 {
    match answer {
        Ok(Written::Number(number)) => number,
        other => panic!("expected a number, found {other:?}"),
    }
}

/// Asserts that a write was refused, with a message.
#[track_caller]
pub(super) fn assert_refused(answer: &Answer) {
    match answer {
        Err(Rejected::Refused(sentence)) if !sentence.is_empty() => {}
        other => panic!("expected a refusal, found {other:?}"),
    }
}
