//! Files for the conformance suite, which are gone after the test.

use std::cell::RefCell;
use steadfast::store::{Durability, SqliteStore};
use tempfile::TempDir;

thread_local! {
    /// A test runs in a thread of its own, so its folders go when it ends.
    static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

/// A store in a file of its own.
pub(super) fn fresh() -> SqliteStore {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(folder.path().join("steadfast.db"), Durability::Relaxed).expect("the file opens");
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    store
}
