//! The field stores: the common cases, and the particulars of each.

mod cases;
mod folder;
mod folder_faults;
mod functions;
mod keys;
mod objects;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use std::sync::Arc;
use steadfast::field_store::{FieldKey, FolderStore, ObjectFieldStore};
use tempfile::TempDir;

/// A store, with a guard that must live as long.
struct Opened<S, K = ()> {
    store: S,
    _keep: K,
}

/// Defines one test for each case, for one kind of store.
macro_rules! every_case {
    ($backend:ident, $open:expr, [$($case:ident),* $(,)?]) => {
        mod $backend {
            $(
                #[tokio::test]
                async fn $case() {
                    let opened = $open;
                    super::cases::$case(&opened.store).await;
                }
            )*
        }
    };
    ($($backend:ident: $open:expr;)*) => {
        $(every_case!($backend, $open, [
            what_is_saved_is_loaded,
            what_is_not_there_is_missing,
            saving_again_changes_nothing,
            another_content_is_damaged,
            a_list_is_of_one_database,
            a_list_tells_whose_a_content_is,
            a_list_tells_when_it_was_saved,
            deleting_twice_is_fine,
            names_of_any_kind_are_kept_apart,
            runs_and_incarnations_are_separate,
            many_at_once,
        ]);)*
    };
}

every_case! {
    files: super::in_a_folder();
    memory: super::Opened { store: steadfast::field_store::MemoryFieldStore::new(), _keep: () };
    objects_at_the_root: super::objects("");
    objects_below_a_prefix: super::objects("steadfast/our fields");
    objects_on_disk: super::objects_on_disk();
}

fn in_a_folder() -> Opened<FolderStore, TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    Opened { store: FolderStore::new(folder.path().join("a/store")).expect("opened"), _keep: folder }
}

fn objects(prefix: &str) -> Opened<ObjectFieldStore> {
    let store = ObjectFieldStore::new(Arc::new(InMemory::new())).prefix(prefix);
    Opened { store, _keep: () }
}

fn objects_on_disk() -> Opened<ObjectFieldStore, TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = LocalFileSystem::new_with_prefix(folder.path()).expect("opened").with_fsync(true);
    Opened { store: ObjectFieldStore::new(Arc::new(disk)).prefix("steadfast"), _keep: folder }
}

/// Returns the key of a content, with usual values for the rest.
fn key_of(content: &[u8]) -> FieldKey {
    FieldKey {
        database: "d1".repeat(16),
        workflow: "order".to_owned(),
        run: "order-7".to_owned(),
        execution: "1c".repeat(16),
        field: "invoice".to_owned(),
        hash: FieldKey::hash_of(content),
    }
}

fn megabyte() -> Bytes {
    (0..1_000_000_u32).flat_map(u32::to_le_bytes).take(1_000_000).collect()
}
