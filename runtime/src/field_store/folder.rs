//! Contents as files in a folder.

mod fault;
mod place;
mod read;
mod sweep;
mod write;

use super::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
use crate::panics;
use bytes::Bytes;
use fault::Fault;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A store in a folder: one file for each content, named by [`FieldKey::path`] below the folder.
///
/// A save returns when the file and its parent folders are on disk. The file gets its name last, so no reader sees half
/// of one. A dead process leaves files with another name, which a later delete or list removes once they are a day old.
/// Content is copied neither on its way to the disk nor back.
///
/// A folder that is missing, or on another device than at first, is taken for an unmounted volume: nothing is saved to
/// the folder that is there instead.
///
/// Several processes may use one folder, and a folder may serve several databases. Symbolic links below the folder are
/// refused. The work runs on tokio's threads for blocking calls, so the methods need a runtime of tokio. A save runs to
/// its end even if its future is dropped.
#[derive(Clone, Debug)]
pub struct FolderStore {
    root: Arc<Path>,
    /// The device of the folder when the store was created.
    device: Option<u64>,
}

impl FolderStore {
    /// Creates a store in the folder `path`, which is created if it is missing.
    ///
    /// A relative path is resolved against the current working directory. Blocks until the folder is on disk.
    ///
    /// # Errors
    /// The folder cannot be created, or is not a folder.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, FieldStoreError> {
        let given = path.as_ref();
        let opened = std::path::absolute(given).map_err(|error| Fault::new("find", given, error)).and_then(|root| {
            place::create_root(&root)?;
            Ok(root)
        });
        match opened {
            Ok(root) => Ok(Self { device: place::device(&root), root: root.into() }),
            Err(fault) => Err(fault.reported(&format!("the folder {} cannot be used as a store", given.display()))),
        }
    }

    /// Returns the folder, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, FieldStoreError> + Send + 'static,
    ) -> Result<T, FieldStoreError> {
        let (root, device) = (self.root.clone(), self.device);
        let work = move || {
            place::require_device(&root, device).map_err(|fault| fault.reported("the store is out of reach"))?;
            work(&root)
        };
        let failed = |why: &dyn std::fmt::Display| {
            let message = format!("the work in the folder {} was not done to its end: {why}", self.root.display());
            Err(FieldStoreError::new(FieldStoreErrorKind::Io, message))
        };
        // tokio panics if the system has no thread left.
        match panics::caught(|| tokio::task::spawn_blocking(work)) {
            Ok(task) => task.await.unwrap_or_else(|error| failed(&error)),
            Err(panic) => failed(&panic),
        }
    }
}

impl FieldStore for FolderStore {
    async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
        let key = key.clone();
        let work = move |root: &Path| {
            write::save(root, &key.path(), &bytes).map_err(|fault| fault.reported(&format!("{key} could not be saved")))
        };
        self.blocking(work).await
    }

    async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        let key = key.clone();
        let work = move |root: &Path| {
            read::load(root, &key.path()).map_err(|fault| fault.reported(&format!("{key} could not be loaded")))
        };
        self.blocking(work).await
    }

    async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
        let path = field.path().to_owned();
        let work = move |root: &Path| {
            sweep::delete(root, &path)
                .map_err(|fault| fault.reported(&format!("the content {path} could not be deleted")))
        };
        self.blocking(work).await
    }

    async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        let database = database.to_owned();
        let work = move |root: &Path| {
            let reported =
                |fault: Fault| fault.reported(&format!("the contents of database {database} could not be listed"));
            sweep::list(root, &database).map_err(reported)
        };
        self.blocking(work).await
    }
}

/// Returns the file or folder of a path of encoded segments.
fn below(root: &Path, path: &str) -> PathBuf {
    let mut place = root.to_owned();
    place.extend(path.split('/'));
    place
}
