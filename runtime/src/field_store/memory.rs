//! Field stores in memory, for tests.

use super::segment::{LONGEST, encode};
use super::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// A store in the memory of this process. Clones share their contents, which are lost with the last of them.
#[derive(Clone, Debug, Default)]
pub struct MemoryFieldStore {
    contents: Arc<Mutex<BTreeMap<String, (Bytes, SystemTime)>>>,
}

impl MemoryFieldStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn contents(&self) -> MutexGuard<'_, BTreeMap<String, (Bytes, SystemTime)>> {
        // Each use is one call of the map, so a panic elsewhere leaves no partial change.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FieldStore for MemoryFieldStore {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        self.contents().insert(key.path(), (bytes, SystemTime::now()));
        Ok(())
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.contents().get(&key.path()).map(|(bytes, _)| bytes.clone()).ok_or_else(|| {
            let message = format!("{key} is not in the store in memory; it was never saved there, or was deleted");
            FieldStoreError::new(FieldStoreErrorKind::Missing, message)
        })
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        self.contents().remove(field.path());
        Ok(())
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        let database = encode(database, LONGEST);
        let contents = self.contents();
        let stored =
            contents.iter().filter_map(|(path, (_, time))| Some(StoredField::parse(path)?.with_saved_at(Some(*time))));
        Ok(stored.filter(|stored| stored.database() == database).collect())
    }
}
