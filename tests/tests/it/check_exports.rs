//! Checks before a deployment whether this build can continue the runs in export files (`EngineBuilder::check_exports`).

use crate::garbage::{Rig, keeper};
use crate::runs::wait_for;
use std::path::{Path, PathBuf};
use steadfast::field_store::{FieldKey, FieldStore, FieldStoreError, FieldStoreErrorKind, StoredField};
use steadfast::prelude::*;
use steadfast::{ParkCause, Status};

#[step]
async fn counted(n: u64) -> Result<u64> {
    Ok(n)
}

/// The same workflow, without the contents and with another step.
#[workflow(name = "keeper")]
async fn changed(flow: &mut Flow, millis: u64) -> Result<usize> {
    let millis = counted(flow, millis).await?;
    flow.sleep(Duration::from_millis(millis)).await?;
    Ok(0)
}

/// The store of the program that checks, which must not be touched.
struct Untouched;

fn touched() -> FieldStoreError {
    FieldStoreError::new(FieldStoreErrorKind::Io, "the check uses the field store of the program")
}

impl FieldStore for Untouched {
    async fn save(&self, _key: &FieldKey, _bytes: Bytes) -> Result<(), FieldStoreError> {
        Err(touched())
    }

    async fn load(&self, _key: &FieldKey) -> Result<Bytes, FieldStoreError> {
        Err(touched())
    }

    async fn delete(&self, _field: &StoredField) -> Result<(), FieldStoreError> {
        Err(touched())
    }

    async fn list(&self, _database: &str) -> Result<Vec<StoredField>, FieldStoreError> {
        Err(touched())
    }
}

/// Returns the export of a run that sleeps with a content of a field store.
async fn exported(folder: &Path, id: &str) -> PathBuf {
    let builder = Engine::builder().in_memory().field_store("rig", Rig::default());
    let engine = builder.workflow(keeper).start().await.unwrap();
    let run = engine.start(keeper, 60_000).id(id).await.unwrap();
    wait_for(&run, Status::Sleeping).await;
    let file = folder.join(id);
    run.export(&file).await.unwrap();
    file
}

fn checking() -> steadfast::EngineBuilder {
    Engine::builder().field_store("rig", Untouched)
}

#[tokio::test]
async fn runs_in_exports_are_checked_with_their_contents_and_without_the_stores_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![exported(folder.path(), "a").await, exported(folder.path(), "b").await];
    let report = checking().workflow(keeper).check_exports(files.clone()).await.unwrap();
    assert!(report.is_ok() && report.checked() == 2, "{report}");

    let report = checking().workflow(changed).check_exports(files).await.unwrap();
    let problems: Vec<_> = report.problems().iter().map(|problem| (&*problem.run, problem.reason.cause)).collect();
    assert_eq!(problems, [("a", ParkCause::Diverged), ("b", ParkCause::Diverged)], "{report}");
}

#[tokio::test]
async fn a_file_that_is_no_export_or_a_run_twice_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let whole = exported(folder.path(), "a").await;
    let other = folder.path().join("text");
    std::fs::write(&other, "no run").unwrap();
    for (files, words) in [
        (vec![folder.path().join("none")], "none"),
        (vec![whole.clone(), other], "text"),
        (vec![whole.clone(), whole], "`a`"),
    ] {
        let error = checking().workflow(keeper).check_exports(files).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
