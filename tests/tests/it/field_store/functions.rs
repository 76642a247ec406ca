//! A field store made of two functions.

use super::key_of;
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use steadfast::field_store::{
    FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField, from_fns, load_verified,
};

#[tokio::test]
async fn two_functions_are_a_store_where_nothing_is_collected() {
    let shelf = Arc::new(Mutex::new(Vec::<(FieldKey, Bytes)>::new()));
    let same_shelf = shelf.clone();
    let store = from_fns(
        move |key: FieldKey, bytes: Bytes| {
            shelf.lock().expect("no panic").push((key, bytes));
            async { Ok::<(), String>(()) }
        },
        move |key: FieldKey| {
            let shelf = same_shelf.lock().expect("no panic");
            let found = shelf.iter().find(|(saved, _)| *saved == key).map(|(_, bytes)| bytes.clone());
            async move { found.ok_or("it is not there") }
        },
    );
    let key = key_of(b"here");
    store.save(&key, "here".into()).await.expect("saved");
    assert_eq!(load_verified(&store, &key).await.expect("loaded"), "here");
    assert_eq!(store.list(&key.database).await.expect("listed"), []);
    store.delete(&StoredField::from(&key)).await.expect("nothing is done");
    assert_eq!(load_verified(&store, &key).await.expect("still there"), "here");

    let error = store.load(&key_of(b"elsewhere")).await.expect_err("not there");
    assert_eq!(error.kind, FieldStoreErrorKind::Io, "a text has no kind");
    assert!(error.message.contains("it is not there") && error.message.contains("invoice"), "{error}");
}

#[tokio::test]
async fn an_error_of_ours_keeps_its_kind() {
    let missing = || FieldStoreError::new(FieldStoreErrorKind::Missing, "it is not on the shelf");
    let store = from_fns(
        move |_key, _bytes| async move { Err(missing()) },
        move |_key| async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::NotFound)) },
    );
    let key = key_of(b"");
    assert_eq!(store.save(&key, Bytes::new()).await.expect_err("refused").kind, FieldStoreErrorKind::Missing);
    assert_eq!(store.load(&key).await.expect_err("refused").kind, FieldStoreErrorKind::Io);
}

#[test]
fn what_the_system_answers_has_a_kind() {
    use std::io::ErrorKind;
    let of = |kind: ErrorKind| FieldStoreError::from(std::io::Error::from(kind)).kind;
    assert_eq!(of(ErrorKind::NotFound), FieldStoreErrorKind::Missing);
    assert_eq!(of(ErrorKind::StorageFull), FieldStoreErrorKind::Full);
    assert_eq!(of(ErrorKind::PermissionDenied), FieldStoreErrorKind::Denied);
    assert_eq!(of(ErrorKind::TimedOut), FieldStoreErrorKind::Io);
}
