//! Where the bytes of a context field go that is kept outside the database: folders, buckets, functions of yours.
//!
//! A field routed with `#[context(store = "blobs")]` leaves its bytes in the [`FieldStore`] of that name; the database
//! keeps their SHA-256. So a store may lose or damage what it was given, but never pass it off as the value: what is
//! loaded is compared with the hash, and another content is an error of the kind [`FieldStoreErrorKind::Damaged`].
//!
//! | store | where |
//! |---|---|
//! | [`FolderStore`] | files in a folder; a save is durable when it returns |
//! | `ObjectFieldStore` | a bucket of S3, Google Cloud or Azure, through the crate `object_store` (feature `object_store`) |
//! | [`from_fns`] | two functions of yours; nothing is ever collected there |
//! | [`MemoryFieldStore`] | memory, for tests |
//! | your own | implement [`FieldStore`] with plain `async fn` |
//!
//! A store is content-addressed. A [`FieldKey`] holds the hash of its content, so a key never gets another content, a save
//! may be repeated, and two saves of one key at the same time are no conflict.
//!
//! # Collection
//!
//! A value is saved before the database refers to it, and deleted some time after nothing refers to it any more. A collection
//! asks for [`FieldStore::list`], keeps what is listed by [`StoredField::from`] a key that the database still
//! refers to, and passes the rest to [`FieldStore::delete`]. What was saved a moment ago may belong to a commit under way:
//! [`StoredField::saved_at`] is there to leave it alone.

mod erased;
mod error;
mod folder;
mod functions;
mod hash;
mod key;
mod memory;
#[cfg(feature = "object_store")]
mod object;
mod segment;
mod stored;

pub(crate) use erased::AnyFieldStore;
pub use erased::load_verified;
pub use error::{FieldStoreError, FieldStoreErrorKind};
pub use folder::FolderStore;
pub use functions::from_fns;
pub(crate) use hash::content_hash;
pub(crate) use hash::content_hash_apart;
pub use key::FieldKey;
pub use memory::MemoryFieldStore;
#[cfg(feature = "object_store")]
pub use object::ObjectFieldStore;
pub use stored::StoredField;

use bytes::Bytes;

/// A place that keeps the contents of context fields.
///
/// Implement it with plain `async fn`; [`FieldKey::path`] is a name for each content that any file system and any bucket
/// takes.
///
/// ```
/// use bytes::Bytes;
/// use std::{collections::HashMap, sync::Mutex};
/// use steadfast::field_store::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
///
/// #[derive(Default)]
/// struct Shelf(Mutex<HashMap<String, Bytes>>);
///
/// impl FieldStore for Shelf {
///     async fn save(&self, key: &FieldKey, bytes: Bytes) -> Result<(), FieldStoreError> {
///         self.0.lock().unwrap().insert(key.path(), bytes);
///         Ok(())
///     }
///
///     async fn load(&self, key: &FieldKey) -> Result<Bytes, FieldStoreError> {
///         self.0.lock().unwrap().get(&key.path()).cloned().ok_or_else(|| {
///             FieldStoreError::new(FieldStoreErrorKind::Missing, format!("{key} is not on the shelf; put it back"))
///         })
///     }
///
///     async fn delete(&self, field: &StoredField) -> Result<(), FieldStoreError> {
///         self.0.lock().unwrap().remove(field.path());
///         Ok(())
///     }
///
///     async fn list(&self, database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
///         let shelf = self.0.lock().unwrap();
///         Ok(shelf.keys().filter_map(|path| path.parse::<StoredField>().ok()).filter(|f| f.database() == database).collect())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store for the contents of fields",
    label = "expected a `FieldStore`",
    note = "implement `steadfast::field_store::FieldStore` with four `async fn`, or use `FolderStore` or `from_fns`"
)]
pub trait FieldStore: Send + Sync + 'static {
    /// Keeps `bytes` under `key`.
    ///
    /// When this returns `Ok`, the content is as durable as the store can make it. A reader sees all of it or nothing. To
    /// save a key again is fine; a store may then trust what it has, if it is sure that it is the same content, but must
    /// bring [`StoredField::saved_at`] up to date.
    ///
    /// # Errors
    /// The content is not kept, or nobody knows. It may be saved again.
    fn save(&self, key: &FieldKey, bytes: Bytes) -> impl Future<Output = Result<(), FieldStoreError>> + Send;

    /// The content of `key`. It need not be compared with the hash: [`load_verified`] does that for every store.
    ///
    /// # Errors
    /// [`FieldStoreErrorKind::Missing`] if there is nothing under this key; other kinds if the store cannot be read.
    fn load(&self, key: &FieldKey) -> impl Future<Output = Result<Bytes, FieldStoreError>> + Send;

    /// Forgets one content. To delete what is not there is fine.
    ///
    /// # Errors
    /// The content could not be deleted, and may still be there.
    fn delete(&self, field: &StoredField) -> impl Future<Output = Result<(), FieldStoreError>> + Send;

    /// Everything that is kept for one database, in any order.
    ///
    /// A content that is saved or deleted at the same time may or may not be among it.
    ///
    /// # Errors
    /// The store cannot be read. A list with gaps must not be returned as `Ok`.
    fn list(&self, database: &str) -> impl Future<Output = Result<Vec<StoredField>, FieldStoreError>> + Send;
}
