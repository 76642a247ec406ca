//! The particulars of objects in a bucket.

use super::key_of;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use std::sync::Arc;
use steadfast::field_store::{FieldStore, ObjectFieldStore, StoredField};

#[tokio::test]
async fn two_prefixes_share_a_bucket_and_nothing_else() {
    let bucket = Arc::new(InMemory::new());
    let store = |prefix| ObjectFieldStore::new(bucket.clone()).prefix(prefix);
    let key = key_of(b"x");
    for prefix in ["ours", "ours/too", "our", ""] {
        store(prefix).save(&key, "x".into()).await.expect("saved");
    }
    for prefix in ["ours", "ours/too", "our", ""] {
        assert_eq!(store(prefix).list(&key.database).await.expect("listed"), [StoredField::from(&key)], "{prefix}");
        store(prefix).delete(&StoredField::from(&key)).await.expect("deleted");
        assert_eq!(store(prefix).list(&key.database).await.expect("listed"), [], "{prefix}");
    }
}

#[tokio::test]
async fn an_object_is_named_by_the_path_and_strangers_are_not_listed() {
    let bucket = Arc::new(InMemory::new());
    let store = ObjectFieldStore::new(bucket.clone()).prefix("/steadfast/");
    let key = key_of(b"x");
    store.save(&key, "x".into()).await.expect("saved");
    let object = Path::parse(format!("steadfast/{}", key.path())).expect("a path");
    assert_eq!(bucket.head(&object).await.expect("there").size, 1);

    let stranger = Path::parse(format!("steadfast/{}/README.md", key.database)).expect("a path");
    bucket.put(&stranger, PutPayload::from_static(b"hello")).await.expect("put");
    assert_eq!(store.list(&key.database).await.expect("listed"), [StoredField::from(&key)]);
}
