//! Database files for the conformance suite, which are deleted after the test.

use std::cell::RefCell;
use steadfast::store::{Durability, SqliteStore};
use tempfile::TempDir;

thread_local! {
    /// The folders of this thread's test. They are deleted when the thread ends, and each test has its own.
    static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

/// Returns another store on the file of this one.
pub(super) fn again(store: &SqliteStore) -> SqliteStore {
    SqliteStore::open(store.path(), Durability::Relaxed).expect("the file opens")
}

/// Returns a store in a new file.
pub(super) fn fresh() -> SqliteStore {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(folder.path().join("steadfast.db"), Durability::Relaxed).expect("the file opens");
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    store
}
