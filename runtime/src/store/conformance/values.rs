//! Values, numbers and the store as a whole.

use super::rig::{Rig, assert_refused, entry, field, item, new_run};
use crate::record::Kind;
use crate::store::{Append, Change, EntryRow, NewInboxItem, NewRun, RunKey, Status, Store, Write, Written};
use crate::value::{Encoding, Value};

const FORMS: [Encoding; 4] = [Encoding::Json, Encoding::Bytes, Encoding::Parts, Encoding::Hash];

/// Writes each value as an entry's, a field's and an inbox item's, and reads all of them back.
fn assert_exact<S: Store>(open: &dyn Fn() -> S, values: &[Value]) {
    let rig = Rig::new(open);
    for (n, value) in values.iter().enumerate() {
        let new = new_run(&format!("run-{n}"), rig.lease);
        let first = vec![EntryRow { value: Some(value.clone()), ..new.entries[0].clone() }];
        let run = super::rig::number(rig.write(Write::Start(NewRun { entries: first, ..new })));
        let entries = vec![EntryRow { value: Some(value.clone()), ..entry(2) }];
        let fields = vec![field(2, "x", value.clone())];
        let append = Append { fields, ..rig.append(run, 1, entries) };
        assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
        rig.write(Write::Send(NewInboxItem { value: Some(value.clone()), ..item(run, None) })).expect("sent");

        for entry in rig.entries(run) {
            assert!(entry.value.as_ref() == Some(value), "entry {}: {:?} became {:?}", entry.seq, value, entry.value);
        }
        assert!(rig.fields(run)[0].value == *value, "field: {value:?}");
        let items = rig.store.inbox(RunKey::Number(run), 0, 9).expect("read");
        assert!(items[0].value.as_ref() == Some(value), "item: {value:?}");
    }
}

/// Every form comes back with the same bytes: text stays text, and bytes that look like text stay bytes.
pub fn every_form_byte_for_byte<S: Store>(open: &dyn Fn() -> S) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let texts = [
        "{}",
        "null",
        "1",
        "1.0",
        "-0.0",
        "9007199254740993",
        "\"ä🦀\"",
        " { \"b\" : 1,\n \"a\":2 } ",
        "\"\\u0000\"",
        "",
    ];
    let mut values: Vec<_> = texts.into_iter().map(Value::json).collect();
    for encoding in FORMS.into_iter().filter(|encoding| *encoding != Encoding::Json) {
        for bytes in [&every_byte[..], b"{\"plain\":true}", b"123", &[0], &[0, 0, 0], &[0xFF, 0xFE], &[]] {
            values.push(Value { encoding, bytes: bytes.to_vec().into() });
        }
    }
    assert_exact(open, &values);
}

/// A value of a megabyte, and an empty one, are values like any other.
pub fn large_and_empty_values<S: Store>(open: &dyn Fn() -> S) {
    let large: Vec<u8> = (0..1_048_576_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let text = format!("\"{}\"", "ä".repeat(524_288));
    assert_exact(open, &[Value::raw(large), Value::json(text), Value::raw(Vec::new()), Value::json("")]);
}

/// A value marked as JSON that is not text is refused alone, in entries, fields and items alike.
pub fn text_that_is_none_is_refused<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let no_text = || Value { encoding: Encoding::Json, bytes: vec![b'"', 0xFF, b'"'].into() };
    let bad_entry = EntryRow { value: Some(no_text()), ..entry(2) };
    let new = new_run("b", rig.lease);
    let answers = rig.batch(&[
        Write::from(rig.append(run, 1, vec![bad_entry.clone()])),
        Write::from(Append { fields: vec![field(2, "x", no_text())], ..rig.append(run, 1, vec![entry(2)]) }),
        Write::Start(NewRun { entries: vec![EntryRow { seq: 1, ..bad_entry }], ..new }),
        Write::Send(NewInboxItem { value: Some(no_text()), ..item(run, None) }),
        Write::from(rig.append(run, 1, vec![entry(2)])),
    ]);
    answers[..4].iter().for_each(assert_refused);
    assert_eq!(answers[4], Ok(Written::Done));
}

/// Numbers come back exactly from both ends of their range.
pub fn numbers_at_their_limits<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let most = i64::MAX.cast_unsigned();
    let extreme = EntryRow {
        at: i64::MIN,
        due: Some(i64::MAX),
        cause: Some(most),
        position: Some(most),
        context: Some(0),
        attempt: Some(u32::MAX),
        name: Some(String::new()),
        ..entry(2)
    };
    let change = Change { wake_at: Some(Some(i64::MAX)), loads: Some(u32::MAX), ..Change::default() };
    let append = Append { change, at: i64::MIN, ..rig.append(run, 1, vec![extreme.clone()]) };
    assert_eq!(rig.write(Write::from(append)), Ok(Written::Done));
    assert_eq!(rig.entries(run)[1], extreme);
    let row = rig.row(run);
    assert_eq!((row.wake_at, row.loads, row.updated_at), (Some(i64::MAX), u32::MAX, i64::MIN));
    for execution in [[0; 16], [0xFF; 16], *b"0123456789abcdef"] {
        let new = NewRun { execution, ..new_run(&format!("{execution:?}"), rig.lease) };
        let run = super::rig::number(rig.write(Write::Start(new)));
        assert_eq!(rig.row(run).execution, execution);
    }
}

/// Every kind of entry and every status is written and read.
pub fn every_kind_and_status<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let run = rig.start("a");
    let entries: Vec<_> = Kind::ALL.iter().zip(2..).map(|(kind, seq)| EntryRow { kind: *kind, ..entry(seq) }).collect();
    assert_eq!(rig.write(Write::from(rig.append(run, 1, entries.clone()))), Ok(Written::Done));
    assert_eq!(rig.entries(run)[1..], entries);
    for status in Status::ALL {
        let run = rig.start(status.as_str());
        rig.write(rig.change(run, Change { status: Some(status), ..Change::default() })).expect("changed");
        assert_eq!(rig.row(run).status, status);
    }
}

/// The id of a database is 32 hexadecimal digits, and unique.
pub fn a_database_has_an_id<S: Store>(open: &dyn Fn() -> S) {
    let (one, two) = (open(), open());
    for store in [&one, &two] {
        let id = store.database_id();
        assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id:?}");
    }
    assert_ne!(one.database_id(), two.database_id());
}

/// An empty batch is answered with nothing.
pub fn an_empty_batch<S: Store>(open: &dyn Fn() -> S) {
    assert_eq!(open().commit(&[]).expect("committed"), []);
}

/// Commits of this store object are not foreign changes.
pub fn own_commits_are_not_foreign<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let changes = || rig.store.foreign_changes().expect("read");
    let before = changes();
    let run = rig.start("a");
    for seq in 2..=50 {
        rig.write(Write::from(rig.append(run, seq - 1, vec![entry(seq)]))).expect("appended");
        assert_eq!(rig.row(run).seq, seq);
        assert_eq!(changes(), before);
    }
}

/// Readers in other threads see whole batches only, while one thread commits.
pub fn reading_while_writing<S: Store>(open: &dyn Fn() -> S) {
    let rig = Rig::new(open);
    let runs = [rig.start("a"), rig.start("b")];
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let rows = rig.store.runs(&crate::store::RunQuery::default()).expect("read").runs;
                    assert_eq!(rows[0].seq, rows[1].seq, "half a batch was seen");
                    let entries = rig.entries(runs[0]);
                    assert!(entries.len() as u64 >= rows[0].seq && entries.len() % 2 == 1, "half an append was seen");
                }
            });
        }
        for n in 0..100 {
            let after = 1 + n * 2;
            let append = |run| Write::from(rig.append(run, after, vec![entry(after + 1), entry(after + 2)]));
            let answers = rig.batch(&runs.map(append));
            assert_eq!(answers, [Ok(Written::Done), Ok(Written::Done)]);
        }
    });
}
