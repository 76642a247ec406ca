//! The cases that every store must pass.

use super::{key_of, megabyte};
use bytes::Bytes;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use steadfast::field_store::{FieldKey, FieldStore, FieldStoreErrorKind, StoredField, load_verified};

pub(super) async fn what_is_saved_is_loaded(store: &impl FieldStore) {
    for content in [Bytes::new(), Bytes::from_static(b"\0"), megabyte()] {
        let key = key_of(&content);
        store.save(&key, content.clone()).await.expect("saved");
        assert!(load_verified(store, &key).await.expect("loaded") == content, "{} bytes", content.len());
        assert!(store.load(&key).await.expect("loaded") == content, "{} bytes", content.len());
    }
}

pub(super) async fn what_is_not_there_is_missing(store: &impl FieldStore) {
    store.save(&key_of(b"here"), Bytes::from_static(b"here")).await.expect("saved");
    let key = key_of(b"not here");
    let elsewhere = FieldKey { database: "another".to_owned(), ..key_of(b"here") };
    for key in [key, elsewhere] {
        let error = load_verified(store, &key).await.expect_err("not there");
        assert_eq!(error.kind, FieldStoreErrorKind::Missing, "{error}");
        assert!(error.message.contains("invoice") && error.message.contains("order-7"), "{error}");
    }
}

pub(super) async fn saving_again_changes_nothing(store: &impl FieldStore) {
    let (key, content) = (key_of(&megabyte()), megabyte());
    for _ in 0..2 {
        store.save(&key, content.clone()).await.expect("saved");
        assert!(load_verified(store, &key).await.expect("loaded") == content);
        assert_eq!(store.list(&key.database).await.expect("listed").len(), 1);
    }
}

pub(super) async fn another_content_is_damaged(store: &impl FieldStore) {
    let key = key_of(b"as it was");
    for other in [Bytes::from_static(b"as it is!"), Bytes::from_static(b"as it"), Bytes::new(), megabyte()] {
        store.save(&key, other).await.expect("a store does not hash");
        let error = load_verified(store, &key).await.expect_err("damaged");
        assert_eq!(error.kind, FieldStoreErrorKind::Damaged, "{error}");
        assert!(error.message.contains("invoice") && error.message.contains(&key.hash), "{error}");
    }
    store.save(&key, Bytes::from_static(b"as it was")).await.expect("saved");
    assert_eq!(load_verified(store, &key).await.expect("mended by saving it again"), "as it was");
}

pub(super) async fn a_list_is_of_one_database(store: &impl FieldStore) {
    let databases = ["d", "d1", "d1d", "D", ""].map(|database| FieldKey { database: database.into(), ..key_of(b"x") });
    for key in &databases {
        assert_eq!(store.list(&key.database).await.expect("listed"), [], "nothing was saved yet in {:?}", key.database);
        store.save(key, Bytes::from_static(b"x")).await.expect("saved");
        assert_eq!(store.list(&key.database).await.expect("listed"), [StoredField::from(key)]);
    }
}

pub(super) async fn a_list_tells_whose_a_content_is(store: &impl FieldStore) {
    let long = FieldKey { run: "long".repeat(128), workflow: "W".repeat(2_000), ..key_of(b"a") };
    let keys = [key_of(b"a"), key_of(b"b"), FieldKey { execution: "22".repeat(16), ..key_of(b"a") }, long];
    for key in &keys {
        store.save(key, Bytes::from_static(b"a")).await.expect("saved");
    }
    let listed = store.list(&keys[0].database).await.expect("listed");
    assert_eq!(listed.len(), keys.len());
    for key in &keys {
        let stored = listed.iter().find(|stored| **stored == StoredField::from(key)).expect("listed by its path");
        assert_eq!(stored.path(), key.path());
        assert_eq!((stored.database(), stored.execution()), (key.database.as_str(), key.execution.as_str()));
        assert_eq!(stored.hash(), key.hash);
    }
}

pub(super) async fn a_list_tells_when_it_was_saved(store: &impl FieldStore) {
    let key = key_of(b"a");
    let mut last = SystemTime::now() - Duration::from_secs(5);
    for _ in 0..2 {
        store.save(&key, Bytes::from_static(b"a")).await.expect("saved");
        let listed = store.list(&key.database).await.expect("listed");
        let saved = listed[0].saved_at().expect("the store has a clock");
        assert!(saved > last && saved < SystemTime::now() + Duration::from_secs(5));
        last = saved;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

pub(super) async fn deleting_twice_is_fine(store: &impl FieldStore) {
    let (gone, stays) = (key_of(b"gone"), key_of(b"stays"));
    store.delete(&StoredField::from(&gone)).await.expect("nothing was there");
    for (key, content) in [(&gone, "gone"), (&stays, "stays")] {
        store.save(key, content.into()).await.expect("saved");
    }
    for _ in 0..2 {
        store.delete(&StoredField::from(&gone)).await.expect("deleted");
        assert_eq!(store.load(&gone).await.expect_err("gone").kind, FieldStoreErrorKind::Missing);
        assert_eq!(store.list(&stays.database).await.expect("listed"), [StoredField::from(&stays)]);
    }
    assert_eq!(load_verified(store, &stays).await.expect("loaded"), "stays");
    store.delete(&StoredField::from(&stays)).await.expect("deleted");
    assert_eq!(store.list(&stays.database).await.expect("listed"), []);
    store.save(&stays, "stays".into()).await.expect("saved where all was deleted");
}

pub(super) async fn names_of_any_kind_are_kept_apart(store: &impl FieldStore) {
    let mut keys = BTreeSet::new();
    for name in super::keys::odd_names() {
        let here = key_of(name.as_bytes());
        keys.insert(FieldKey { run: name.clone(), ..here.clone() });
        keys.insert(FieldKey { workflow: name.clone(), ..here.clone() });
        keys.insert(FieldKey { field: name.clone(), ..here.clone() });
        keys.insert(FieldKey { workflow: name.clone(), run: name.clone(), field: name, ..here });
    }
    for (workflow, field) in [("a.b", "c"), ("a", "b.c"), ("a/b", "c"), ("a", "b/c")] {
        keys.insert(FieldKey { workflow: workflow.into(), field: field.into(), ..key_of(b"dots") });
    }
    let contents: Vec<_> = keys.iter().map(|key| (key, Bytes::from(format!("{key:?}")))).collect();
    for (key, content) in &contents {
        store.save(key, content.clone()).await.unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }
    for (key, content) in &contents {
        assert_eq!(store.load(key).await.expect("loaded"), content);
    }
    let listed = store.list(&contents[0].0.database).await.expect("listed");
    let listed: BTreeSet<_> = listed.into_iter().collect();
    assert_eq!(listed, keys.iter().map(StoredField::from).collect());
    for stored in &listed {
        store.delete(stored).await.expect("deleted");
    }
    assert_eq!(store.list(&contents[0].0.database).await.expect("listed"), []);
}

pub(super) async fn runs_and_incarnations_are_separate(store: &impl FieldStore) {
    let one = key_of(b"same");
    let other_run = FieldKey { run: "order-8".to_owned(), ..one.clone() };
    let next = FieldKey { execution: "22".repeat(16), ..one.clone() };
    for key in [&one, &other_run, &next] {
        store.save(key, "same".into()).await.expect("saved");
    }
    store.delete(&StoredField::from(&one)).await.expect("deleted");
    assert_eq!(store.load(&one).await.expect_err("deleted").kind, FieldStoreErrorKind::Missing);
    for key in [&other_run, &next] {
        assert_eq!(load_verified(store, key).await.expect("another one's"), "same");
    }
}

pub(super) async fn many_at_once(store: &impl FieldStore) {
    let content = megabyte();
    let key = key_of(&content);
    let saves = join_all((0..8).map(|_| store.save(&key, content.clone())));
    let loads = join_all((0..8).map(|_| load_verified(store, &key)));
    let (saves, loads) = futures_util::join!(saves, loads);
    assert!(saves.iter().all(Result::is_ok), "{saves:?}");
    for load in loads {
        match load {
            Ok(bytes) => assert!(bytes == content),
            Err(error) => assert_eq!(error.kind, FieldStoreErrorKind::Missing, "half of it was seen: {error}"),
        }
    }
    assert_eq!(store.list(&key.database).await.expect("listed"), [StoredField::from(&key)]);
}
