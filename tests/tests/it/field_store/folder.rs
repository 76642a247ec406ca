//! The particulars of a folder: remains of a crash, concurrent readers, foreign files.

use super::{in_a_folder, key_of, megabyte};
use bytes::Bytes;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use steadfast::field_store::{FieldKey, FieldStore, FieldStoreErrorKind, FolderStore, StoredField, load_verified};

pub(super) fn file_of(store: &FolderStore, key: &FieldKey) -> PathBuf {
    store.path().join(key.path())
}

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("read").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn make_older(file: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_secs(hours * 3_600);
    fs::File::options().write(true).open(file).and_then(|file| file.set_modified(then)).expect("made older");
}

#[tokio::test]
async fn what_a_crashed_save_left_is_not_seen_and_goes_after_a_day() {
    let opened = in_a_folder();
    let store = &opened.store;
    let (key, next) = (key_of(b"content"), key_of(b"next"));
    store.save(&key, "content".into()).await.expect("saved");
    let beside = |name: &str| file_of(store, &key).with_file_name(name);
    let (young, old) = (beside("1a2b.tmp"), beside("3c4d.tmp"));
    for file in [&young, &old] {
        fs::write(file, "cont").expect("half of a content");
    }
    make_older(&young, 23);
    assert_eq!(store.list(&key.database).await.expect("listed"), [StoredField::from(&key)]);
    assert!(young.exists() && old.exists());

    make_older(&old, 25);
    assert_eq!(store.list(&key.database).await.expect("listed"), [StoredField::from(&key)]);
    assert!(young.exists() && !old.exists(), "a list removes those older than a day");

    store.save(&next, "next".into()).await.expect("saved");
    store.delete(&StoredField::from(&key)).await.expect("deleted");
    assert!(young.exists(), "a save may still be writing it");
    make_older(&young, 25);
    store.delete(&StoredField::from(&next)).await.expect("deleted");
    assert!(!young.exists(), "a delete removes those beside it");
    assert_eq!(fs::read_dir(store.path()).expect("read").count(), 0, "empty folders go too");
}

#[tokio::test]
async fn a_damaged_file_is_told_and_replaced() {
    let opened = in_a_folder();
    let store = &opened.store;
    let (content, key) = (megabyte(), key_of(&megabyte()));
    store.save(&key, content.clone()).await.expect("saved");
    let file = file_of(store, &key);
    let mut flipped = content.to_vec();
    flipped[999_999] ^= 1;
    for damage in [flipped, content[..500_000].to_vec(), Vec::new(), [&content[..], b"\0"].concat()] {
        fs::write(&file, damage).expect("damaged");
        let error = load_verified(store, &key).await.expect_err("damaged");
        assert_eq!(error.kind, FieldStoreErrorKind::Damaged, "{error}");
        store.save(&key, content.clone()).await.expect("saved again");
        assert!(load_verified(store, &key).await.expect("mended") == content);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_there_already_is_not_written_again() {
    use std::os::unix::fs::MetadataExt;
    let opened = in_a_folder();
    let store = &opened.store;
    let key = key_of(&megabyte());
    store.save(&key, megabyte()).await.expect("saved");
    let file = file_of(store, &key);
    let before = fs::metadata(&file).expect("there").ino();
    make_older(&file, 100);
    store.save(&key, megabyte()).await.expect("saved");
    assert_eq!(fs::metadata(&file).expect("there").ino(), before, "the same file");
    let listed = store.list(&key.database).await.expect("listed");
    let age = listed[0].saved_at().and_then(|time| time.elapsed().ok()).expect("in the past");
    assert!(age < Duration::from_mins(1), "it was saved again just now: a collector must not take it for old");
}

#[tokio::test]
async fn a_save_whose_future_is_dropped_shows_all_or_nothing() {
    let opened = in_a_folder();
    let store = &opened.store;
    let content = Bytes::from(vec![7; 8_000_000]);
    let key = key_of(&content);
    for delay in 0..20 {
        let _dropped = tokio::time::timeout(Duration::from_millis(delay / 2), store.save(&key, content.clone())).await;
        match store.load(&key).await {
            Ok(bytes) => assert!(bytes == content, "torn"),
            Err(error) => assert_eq!(error.kind, FieldStoreErrorKind::Missing, "{error}"),
        }
        store.delete(&StoredField::from(&key)).await.expect("deleted");
    }
}

#[test]
fn a_runtime_that_is_shut_down_in_the_middle_of_a_save_leaves_no_half() {
    let opened = in_a_folder();
    let content = Bytes::from(vec![7; 8_000_000]);
    let key = key_of(&content);
    for delay in 0..10 {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (store, key, content) = (opened.store.clone(), key.clone(), content.clone());
        runtime.spawn(async move { store.save(&key, content).await });
        std::thread::sleep(Duration::from_millis(delay));
        runtime.shutdown_background();
        for file in files(opened.store.path()) {
            let whole = file.extension().is_some() || fs::metadata(&file).is_ok_and(|found| found.len() == 8_000_000);
            assert!(whole, "{}", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saves_and_deletes_side_by_side_lose_nothing_else() {
    let opened = in_a_folder();
    let store = &opened.store;
    // All share one tree of folders, which becomes empty again and again.
    let tasks: Vec<_> = (0..4_u8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let key = key_of(&[number]);
                for _ in 0..40 {
                    store.save(&key, Bytes::copy_from_slice(&[number])).await.expect("saved");
                    assert_eq!(load_verified(&store, &key).await.expect("loaded"), [number].as_slice());
                    store.delete(&StoredField::from(&key)).await.expect("deleted");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(fs::read_dir(store.path()).expect("read").count(), 0);
}

#[tokio::test]
async fn what_strangers_put_there_is_not_listed() {
    let opened = in_a_folder();
    let store = &opened.store;
    let key = key_of(b"ours");
    store.save(&key, "ours".into()).await.expect("saved");
    let file = file_of(store, &key);
    fs::write(file.with_file_name("README.md"), "hello").expect("written");
    fs::create_dir(file.with_file_name("a-folder")).expect("created");
    fs::write(store.path().join(&key.database).join("stray"), "hello").expect("written");
    assert_eq!(store.list(&key.database).await.expect("listed"), [StoredField::from(&key)]);
    store.delete(&StoredField::from(&key)).await.expect("deleted");
    assert!(file.with_file_name("README.md").exists());
}
