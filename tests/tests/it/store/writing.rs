//! Short helpers for writes.

use bytes::Bytes;
use steadfast::history::Kind;
use steadfast::history::Value;
use steadfast::store::backend::FORMAT;
use steadfast::store::backend::{Append, Change, EntryRow, FieldRow, Holder, Lease, NewRun, Rejected, Write, Written};
use steadfast::store::{Store, StoreError};

/// The time of all writes: 2023-11-14, 22:13:20.123 UTC.
pub(super) const AT: i64 = 1_700_000_000_123;

pub(super) fn entry(seq: u64, value: Value) -> EntryRow {
    EntryRow {
        seq,
        format: FORMAT,
        kind: Kind::StepCompleted,
        cause: Some(1),
        at: AT,
        position: Some(1),
        name: Some("charge".to_owned()),
        attempt: Some(1),
        context: None,
        due: None,
        value: Some(value),
        other: None,
    }
}

pub(super) fn field(seq: u64, name: &str, value: Value) -> FieldRow {
    FieldRow { seq, format: FORMAT, name: name.to_owned(), value }
}

pub(super) fn start(id: &str, lease: Lease) -> Write {
    let first = EntryRow { kind: Kind::RunStarted, ..entry(1, Value::json("{}")) };
    Write::Start(NewRun {
        id: id.to_owned(),
        workflow: "order".to_owned(),
        lease: Some(lease),
        execution: [1; 16],
        at: AT,
        entries: vec![first],
        version: 1,
        parent: None,
        dedup: None,
        labels: Vec::new(),
        queued: None,
        holder: Holder::Keeps,
    })
}

pub(super) fn append(run: i64, lease: Lease, after: u64, value: Value) -> Append {
    let change = Change::default();
    let entries = vec![entry(after + 1, value)];
    let (fields, taken, outgoing) = (Vec::new(), Vec::new(), Vec::new());
    Append { run, lease, after, entries, fields, taken, outgoing, transaction: None, change, at: AT }
}

pub(super) fn written(store: &(impl Store + ?Sized), write: Write) -> Result<Result<Written, Rejected>, StoreError> {
    store.commit(&[write]).map(|mut answers| answers.remove(0))
}

pub(super) fn number(store: &(impl Store + ?Sized), write: Write) -> i64 {
    match written(store, write) {
        Ok(Ok(Written::Number(number))) => number,
        other => panic!("expected a number, found {other:?}"),
    }
}

/// Opens a lease, and starts a run that it owns.
pub(super) fn begin(store: &(impl Store + ?Sized), id: &str) -> (Lease, i64) {
    let lease = Lease { number: number(store, Write::OpenLease { owner: "engine".to_owned() }), epoch: 1 };
    (lease, number(store, start(id, lease)))
}

/// Appends a value as entry `after + 1`.
pub(super) fn push(store: &(impl Store + ?Sized), run: i64, lease: Lease, after: u64, value: Value) {
    let answer = written(store, Write::from(append(run, lease, after, value)));
    assert!(matches!(answer, Ok(Ok(Written::Done))), "{answer:?}");
}

/// Returns a value of `len` bytes.
pub(super) fn bytes(len: usize) -> Value {
    Value::raw(Bytes::from(vec![7; len]))
}
