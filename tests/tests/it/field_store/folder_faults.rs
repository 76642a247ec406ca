//! Unusable folders: every error names the folder and the repair.

use super::folder::{file_of, files};
use super::{in_a_folder, key_of, megabyte};
use std::fs;
use steadfast::field_store::{FieldStore, FieldStoreErrorKind, FolderStore, StoredField};

#[test]
fn a_file_is_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a-file");
    fs::write(&file, "hello").expect("written");
    for path in [file.clone(), file.join("below")] {
        let error = FolderStore::new(&path).expect_err("it is a file");
        assert_eq!(error.kind, FieldStoreErrorKind::Io, "{error}");
        assert!(error.message.contains("a-file") && error.message.contains("choose another folder"), "{error}");
    }
}

#[test]
fn a_relative_path_is_made_absolute() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("store");
    let here = std::env::current_dir().expect("a folder");
    let up = "../".repeat(here.components().count());
    let store = FolderStore::new(format!("{up}{}", target.display())).expect("opened");
    assert!(store.path().is_absolute() && target.is_dir());
}

#[tokio::test]
async fn a_file_where_a_folder_should_be_is_told() {
    let opened = in_a_folder();
    let store = &opened.store;
    let key = key_of(b"x");
    fs::write(store.path().join(&key.database), "in the way").expect("written");
    for error in [store.save(&key, "x".into()).await.expect_err("no"), store.load(&key).await.expect_err("no")] {
        assert_eq!(error.kind, FieldStoreErrorKind::Io, "{error}");
        assert!(error.message.contains(&key.database) && error.message.contains("move it away"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_where_the_file_should_be_is_told_and_nothing_is_left() {
    let opened = in_a_folder();
    let store = &opened.store;
    let key = key_of(b"x");
    fs::create_dir_all(file_of(store, &key).join("below")).expect("created");
    for error in [
        store.save(&key, "x".into()).await.expect_err("no"),
        store.load(&key).await.expect_err("no"),
        store.delete(&StoredField::from(&key)).await.expect_err("no"),
    ] {
        assert_ne!(error.kind, FieldStoreErrorKind::Missing, "{error}");
        assert!(error.message.contains(&key.hash), "{error}");
    }
    assert!(files(store.path()).is_empty(), "the half that was written is removed");
    assert_eq!(store.list(&key.database).await.expect("listed"), []);
}

#[tokio::test]
async fn a_store_whose_folder_is_gone_has_not_lost_its_contents() {
    let opened = in_a_folder();
    let store = &opened.store;
    let key = key_of(b"x");
    store.save(&key, "x".into()).await.expect("saved");
    let away = store.path().with_file_name("away");
    fs::rename(store.path(), &away).expect("not mounted");
    for error in [
        store.save(&key, "x".into()).await.expect_err("no"),
        store.load(&key).await.expect_err("no"),
        store.delete(&StoredField::from(&key)).await.expect_err("no"),
        store.list(&key.database).await.expect_err("no"),
    ] {
        assert_eq!(error.kind, FieldStoreErrorKind::Io, "it may come back: {error}");
        assert!(error.message.contains("mount it"), "{error}");
    }
    fs::rename(away, store.path()).expect("mounted");
    assert_eq!(store.load(&key).await.expect("loaded"), "x");
}

/// Tests an empty folder of another device in the place of the store: a mount point without its volume.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_store_whose_volume_is_not_mounted_saves_nothing_elsewhere() {
    use std::os::unix::fs::{MetadataExt as _, symlink};
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        println!("skipped: there is no /dev/shm");
        return;
    };
    if elsewhere.path().metadata().expect("read").dev() == folder.path().metadata().expect("read").dev() {
        println!("skipped: /dev/shm is no device of its own");
        return;
    }
    let (volume, link) = (folder.path().join("volume"), folder.path().join("mounted"));
    fs::create_dir(&volume).expect("created");
    symlink(&volume, &link).expect("linked");
    let store = FolderStore::new(&link).expect("made");
    let key = key_of(b"x");
    store.save(&key, "x".into()).await.expect("saved");
    fs::remove_file(&link).expect("not mounted");
    symlink(elsewhere.path(), &link).expect("linked");
    for error in [store.save(&key, "x".into()).await.expect_err("no"), store.load(&key).await.expect_err("no")] {
        assert_eq!(error.kind, FieldStoreErrorKind::Io, "it may come back: {error}");
        assert!(error.message.contains("another device") && error.message.contains("mount it"), "{error}");
    }
    assert!(files(elsewhere.path()).is_empty(), "nothing is saved to what stands in its place");
    fs::remove_file(&link).expect("removed");
    symlink(&volume, &link).expect("mounted again");
    assert_eq!(store.load(&key).await.expect("loaded"), "x");
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_leads_nowhere() {
    let opened = in_a_folder();
    let store = &opened.store;
    let outside = tempfile::tempdir().expect("a folder");
    let key = key_of(b"x");
    let workflow = store.path().join(&key.database).join(&key.workflow);
    fs::create_dir_all(workflow.parent().expect("a folder")).expect("created");
    std::os::unix::fs::symlink(outside.path(), &workflow).expect("linked");
    for error in [
        store.save(&key, "x".into()).await.expect_err("no"),
        store.load(&key).await.expect_err("no"),
        store.delete(&StoredField::from(&key)).await.expect_err("no"),
    ] {
        assert!(error.message.contains("symbolic link"), "{error}");
    }
    assert_eq!(store.list(&key.database).await.expect("listed"), []);
    assert!(files(outside.path()).is_empty());

    fs::remove_file(&workflow).expect("removed");
    let precious = outside.path().join("precious");
    fs::write(&precious, "x").expect("written");
    store.save(&key, "x".into()).await.expect("saved");
    fs::remove_file(file_of(store, &key)).expect("removed");
    std::os::unix::fs::symlink(&precious, file_of(store, &key)).expect("linked");
    assert_eq!(store.load(&key).await.expect_err("a link").kind, FieldStoreErrorKind::Io);
    store.save(&key, "x".into()).await.expect("the link is replaced");
    assert!(file_of(store, &key).symlink_metadata().expect("there").is_file() && precious.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let opened = in_a_folder();
    let store = &opened.store;
    let key = key_of(b"x");
    let mode = |mode| fs::set_permissions(store.path(), fs::Permissions::from_mode(mode)).expect("set");
    mode(0o555);
    // An administrator can write everywhere.
    let privileged = fs::create_dir(store.path().join("probe")).is_ok();
    let saved = store.save(&key, "x".into()).await;
    mode(0o755);
    if privileged {
        return saved.expect("saved");
    }
    let error = saved.expect_err("read only");
    assert_eq!(error.kind, FieldStoreErrorKind::Denied, "{error}");
    assert!(error.message.contains("allow this user"), "{error}");
    assert!(files(store.path()).is_empty());
}

/// Tests a path that is read-only even for administrators.
#[cfg(target_os = "linux")]
#[test]
fn a_place_that_nobody_may_write_is_no_store() {
    let error = FolderStore::new("/proc/self/steadfast").expect_err("nobody may");
    assert!(error.message.contains("/proc/self/steadfast"), "{error}");
}

#[tokio::test]
async fn what_was_saved_is_not_harmed_by_a_save_that_fails() {
    let opened = in_a_folder();
    let store = &opened.store;
    let (kept, key) = (key_of(&megabyte()), key_of(b"x"));
    store.save(&kept, megabyte()).await.expect("saved");
    fs::create_dir_all(file_of(store, &key)).expect("in the way");
    store.save(&key, "x".into()).await.expect_err("no");
    assert!(store.load(&kept).await.expect("loaded") == megabyte());
    assert_eq!(files(store.path()).len(), 1);
}
