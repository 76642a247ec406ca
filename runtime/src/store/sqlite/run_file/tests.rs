//! Tests of files whose tables are those of another version.

use super::{APPLICATION, FileInfo, RunFile, RunFileWriter, VERSION, sealed};
use crate::record::{FORMAT, Kind};
use crate::store::{EntryRow, RunRow, RunRows, Status, StoreErrorKind};
use crate::value::Pointer;
use rusqlite::Connection;
use std::path::Path;

fn info() -> FileInfo {
    let run = RunRow {
        number: 7,
        id: "trip".to_owned(),
        workflow: "journey".to_owned(),
        status: Status::Sleeping,
        seq: 1,
        lease: None,
        wake_at: Some(5),
        loads: 0,
        execution: [1; 16],
        seed: [2; 16],
        created_at: 3,
        updated_at: 4,
        parked: None,
        version: 2,
        parent: None,
        first_run: 6,
        forked_from: Some(6),
        successor: None,
        dedup: Some("key".to_owned()),
        queue: None,
    };
    FileInfo { run, moved: true, database: "a database".to_owned() }
}

fn entry() -> EntryRow {
    EntryRow {
        seq: 1,
        format: FORMAT,
        kind: Kind::RunStarted,
        cause: None,
        at: 3,
        position: None,
        name: Some("journey".to_owned()),
        attempt: None,
        context: None,
        due: None,
        value: None,
        other: None,
    }
}

fn pointer(bytes: usize) -> Pointer {
    let [store, field, encoding, hash] = ["blobs", "scan", "bytes", &bytes.to_string()].map(str::to_owned);
    Pointer { store, field, encoding, bytes, hash, shared: false }
}

fn write(path: &Path, contents: &[Vec<u8>]) {
    let file = RunFileWriter::create(path, info()).unwrap();
    file.add(&RunRows { entries: vec![entry()], ..RunRows::default() }).unwrap();
    for content in contents {
        file.add_content(&pointer(content.len()), content).unwrap();
    }
    assert_eq!(file.finish().unwrap(), path.metadata().unwrap().len());
}

/// Changes a file and seals it again.
fn change(path: &Path, statements: &str) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - sealed::HASH]).unwrap();
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
    let mut file = std::fs::OpenOptions::new().read(true).append(true).open(path).unwrap();
    sealed::seal(&mut file).unwrap();
}

#[test]
fn what_is_written_is_read_also_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trip.run");
    let contents = [Vec::new(), vec![1; 3], vec![2; 1 << 20], vec![3; (5 << 19) + 1]];
    write(&path, &contents);
    let (file, found, rows) = RunFile::open(&path).unwrap();
    assert_eq!((found.run, found.moved, found.database), (info().run, true, info().database));
    assert_eq!((rows.entries, rows.contents.len()), (vec![entry()], contents.len()));
    for content in contents {
        assert_eq!(file.content(&pointer(content.len())).unwrap(), content);
    }
}

#[test]
fn what_is_read_is_what_was_hashed_whatever_happens_to_the_file_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("trip.run"), folder.path().join("other.run"));
    for in_place in [false, true] {
        write(&path, &[vec![1; 3 << 20]]);
        write(&other, &[vec![2; 3 << 20]]);
        let checked = sealed::check(&path).unwrap();
        if in_place {
            std::fs::copy(&other, &path).unwrap();
        } else {
            std::fs::rename(&other, &path).unwrap();
        }
        let (file, _, rows) = RunFile::of(&path, checked).unwrap();
        assert_eq!(rows.contents.len(), 1);
        assert_eq!(file.content(&pointer(3 << 20)).unwrap(), vec![1; 3 << 20]);
    }
}

#[test]
fn a_file_with_the_tables_of_an_older_version_is_read_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trip.run");
    write(&path, &[b"hat".to_vec()]);
    let newest = "DROP INDEX steadfast_runs_workflow; DROP INDEX steadfast_runs_unowned;
        ALTER TABLE steadfast_leases DROP COLUMN about; ALTER TABLE steadfast_leases DROP COLUMN seen;
        DROP VIEW steadfast_history; DROP TABLE steadfast_log; DROP TABLE steadfast_tasks;
        DROP TABLE steadfast_queues; DROP TABLE steadfast_queue_keys; DROP TABLE steadfast_schedules;
        DROP TABLE steadfast_audit; DROP TABLE steadfast_jobs; DROP TABLE steadfast_traces; DROP TABLE steadfast_indexed;
        ALTER TABLE steadfast_runs DROP COLUMN queue;
        CREATE TABLE steadfast_entries (run, seq, format, kind, cause, at, position, name, attempt, context, due, form, body,
            other);
        INSERT INTO steadfast_entries (run, seq, format, kind, at, name) VALUES (7, 1, 4, 'run_started', 3, 'journey');";
    change(&path, &format!("{newest} UPDATE steadfast_meta SET value = '3' WHERE key = 'schema'"));
    let before = std::fs::read(&path).unwrap();
    let (file, found, rows) = RunFile::open(&path).unwrap();
    assert_eq!((found.run, rows.entries), (info().run, vec![entry()]));
    assert_eq!(file.content(&pointer(3)).unwrap(), "hat");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_version_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trip.run");
    for newer in [
        format!("UPDATE steadfast_meta SET value = '{}' WHERE key = 'schema'", VERSION + 1),
        format!("UPDATE steadfast_log SET format = {}", FORMAT + 1),
        "UPDATE steadfast_log SET entries = json_set(entries, '$[0][0]', 'run_dreamt')".to_owned(),
        "UPDATE steadfast_runs SET status = 'dreaming'".to_owned(),
        format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 4"),
    ] {
        write(&path, &[]);
        change(&path, &newer);
        let error = RunFile::open(&path).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Newer, "{error}");
        assert!(error.message.contains("trip.run") && error.message.contains("newer version"), "{error}");
    }
}
