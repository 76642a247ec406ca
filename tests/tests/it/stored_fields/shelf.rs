//! A field store for tests.

use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use steadfast::Engine;
use steadfast::field_store::{
    FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, MemoryFieldStore, StoredField,
};

/// An in-memory store that fails on demand, and records its calls.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) inner: MemoryFieldStore,
    pub(crate) saves: Arc<Mutex<Vec<String>>>,
    /// The contents that were saved.
    pub(crate) bytes: Arc<Mutex<Vec<Bytes>>>,
    pub(crate) loads: Arc<Mutex<Vec<String>>>,
    /// The field whose saves fail, the number of saves that succeed first, and the number that then fail.
    pub(crate) failing: Arc<Mutex<(&'static str, u32, u32)>>,
    pub(crate) unreadable: Arc<Mutex<bool>>,
}

impl Shelf {
    pub(crate) fn fail_after(&self, field: &'static str, saves: u32, times: u32) {
        *self.failing.lock().unwrap() = (field, saves, times);
    }

    pub(crate) fn saved(&self) -> Vec<String> {
        self.saves.lock().unwrap().clone()
    }

    pub(crate) async fn contents(&self, engine: &Engine) -> BTreeSet<StoredField> {
        let database = database(engine);
        self.inner.list(&database).await.unwrap().into_iter().collect()
    }
}

fn database(engine: &Engine) -> String {
    let text = format!("{engine:?}");
    text.split('"').nth(1).unwrap().to_owned()
}

impl FieldStore for Shelf {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        let fails = {
            let mut failing = self.failing.lock().unwrap();
            let (field, passing, left) = &mut *failing;
            match (*field == key.field, *passing, *left) {
                (true, 0, 1..) => {
                    *left -= 1;
                    true
                }
                (true, 1.., _) => {
                    *passing -= 1;
                    false
                }
                _ => false,
            }
        };
        if fails {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "the shelf is wet"));
        }
        self.saves.lock().unwrap().push(key.field.clone());
        self.bytes.lock().unwrap().push(bytes.clone());
        self.inner.save(key, bytes).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        self.loads.lock().unwrap().push(key.field.clone());
        if *self.unreadable.lock().unwrap() {
            return Err(FieldStoreError::new(FieldStoreErrorKind::Io, "the shelf is locked"));
        }
        self.inner.load(key).await
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        self.inner.delete(field).await
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        self.inner.list(database).await
    }
}
