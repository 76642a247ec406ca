//! Contents as objects in a bucket.

use super::segment::{LONGEST, encode};
use super::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutPayload};
use std::sync::Arc;

/// A store in any service that the crate `object_store` supports: S3, Google Cloud Storage, Azure, memory.
///
/// Add `object_store` to your own `Cargo.toml`, in the same version, with the features of your cloud. Each content is
/// one object, written in one request: the clouds show a reader all of it or nothing, and accept up to 5 GB that way.
/// For a folder use [`FolderStore`](super::FolderStore): the local backend of `object_store` is durable only with its
/// `with_fsync`.
///
/// ```
/// use object_store::memory::InMemory;
/// use std::sync::Arc;
/// use steadfast::field_store::ObjectFieldStore;
///
/// let store = ObjectFieldStore::new(Arc::new(InMemory::new())).prefix("steadfast");
/// ```
#[derive(Clone, Debug)]
pub struct ObjectFieldStore {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl ObjectFieldStore {
    /// Creates a store at the root of `objects`.
    #[must_use]
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, prefix: Path::default() }
    }

    /// Moves the store below a prefix, of one or more segments with `/` between them.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: Path::from(prefix), ..self }
    }

    /// Returns the path of an object. Paths of contents have `%` and `~`, which [`Path::from`] would encode a second
    /// time.
    fn place(&self, path: &str) -> Result<Path, FieldStoreError> {
        let whole = if self.prefix.is_root() { path.to_owned() } else { format!("{}/{path}", self.prefix) };
        Path::parse(whole).map_err(|error| failed(&format!("{path} is no name for an object"), &error.into()))
    }
}

impl FieldStore for ObjectFieldStore {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        let put = self.objects.put(&self.place(&key.path())?, PutPayload::from(bytes)).await;
        put.map(drop).map_err(|error| failed(&format!("{key} could not be saved as an object"), &error))
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        let place = self.place(&key.path())?;
        let reported = |error: Error| match error {
            Error::NotFound { .. } => {
                let message = format!("{key} is missing: there is no object {place}; restore it from a backup");
                FieldStoreError::new(FieldStoreErrorKind::Missing, message)
            }
            error => failed(&format!("{key} could not be loaded from its object"), &error),
        };
        self.objects.get(&place).await.map_err(reported)?.bytes().await.map_err(reported)
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        match self.objects.delete(&self.place(field.path())?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(&format!("the object {} could not be deleted", field.path()), &error)),
        }
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        let folder = self.place(&encode(database, LONGEST))?;
        let objects: Vec<_> = self
            .objects
            .list(Some(&folder))
            .try_collect()
            .await
            .map_err(|error| failed(&format!("the objects of database {database} could not be listed"), &error))?;
        let below = |path: &Path| {
            let path = path.as_ref();
            if self.prefix.is_root() { Some(path) } else { path.strip_prefix(self.prefix.as_ref())?.strip_prefix('/') }
                .and_then(StoredField::parse)
        };
        let stored = |object: &object_store::ObjectMeta| {
            Some(below(&object.location)?.with_saved_at(Some(object.last_modified.into())))
        };
        Ok(objects.iter().filter_map(stored).collect())
    }
}

fn failed(what: &str, error: &Error) -> FieldStoreError {
    let (kind, advice) = match error {
        // The bucket is missing, not the object: this is no reason to give up the content.
        Error::NotFound { .. } => (FieldStoreErrorKind::Io, "; create the bucket, or name the right one"),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            (FieldStoreErrorKind::Denied, "; allow these credentials to read, write, list and delete there")
        }
        _ => (FieldStoreErrorKind::Io, "; look at the service and the way to it"),
    };
    FieldStoreError::new(kind, format!("{what}: {error}{advice}"))
}
