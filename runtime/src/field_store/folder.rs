//! Contents as files of a folder.

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
/// A save returns when the file and the folders that lead to it are on the disk. The file gets its name last, so no reader
/// ever sees half of one; what a process that died left behind has another name, and is removed by a later delete or list
/// once it is a day old. Content is neither copied on its way to the disk nor on its way back.
///
/// A folder that is not there, or is on another device than at first, is a volume that is not mounted: nothing is saved to
/// what stands in its place.
///
/// Several processes may use one folder, and a folder may serve several databases. Below the folder symbolic links are
/// refused. The work is done on tokio's threads for blocking calls, so the methods need a runtime of tokio's. A save whose
/// future is dropped is done to its end.
#[derive(Clone, Debug)]
pub struct FolderStore {
    root: Arc<Path>,
    /// The device that the folder was on when the store was made.
    device: Option<u64>,
}

impl FolderStore {
    /// A store in the folder `path`, which is created if it is not there.
    ///
    /// A relative path is taken from the folder in which the process works now. Blocks until the folder is on the disk.
    ///
    /// # Errors
    /// The folder cannot be created, or is something else.
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

    /// The folder, as an absolute path.
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
        // tokio panics if the system gives no thread.
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

/// The file or folder of a path made of encoded segments.
fn below(root: &Path, path: &str) -> PathBuf {
    let mut place = root.to_owned();
    place.extend(path.split('/'));
    place
}
