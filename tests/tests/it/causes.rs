//! The source of an error can be reached from it, with its type.

use std::collections::BTreeMap;
use std::error::Error as _;
use steadfast::EngineError;
use steadfast::prelude::*;

#[workflow]
async fn scores(flow: &mut Flow, of: BTreeMap<Vec<u8>, u64>) -> Result<u64> {
    flow.sleep(Duration::ZERO).await?;
    Ok(of.values().sum())
}

#[tokio::test]
async fn an_engine_error_has_the_error_behind_it() {
    let engine = Engine::builder().in_memory().workflow(scores).start().await.unwrap();
    // JSON does not allow a list as a key.
    let error = engine.start(scores, BTreeMap::from([(vec![1], 2)])).await.unwrap_err();
    let EngineError::Value { message, source: Some(source) } = &error else { panic!("{error:?}") };
    assert!(message.contains("the input of workflow `scores` cannot be stored"), "{message}");
    assert!(message.ends_with(&source.to_string()), "{message}: {source}");
    assert_eq!(error.source().map(ToString::to_string), Some(source.to_string()));
}

#[tokio::test]
async fn a_file_that_cannot_be_made_says_what_the_system_said() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let long = folder.path().join("x".repeat(240));
    let error = Engine::builder().sqlite(&long).start().await.expect_err("a name too long for its side files");
    let mut cause = error.source();
    let mut said = None;
    while let Some(next) = cause {
        said = next.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(said);
        cause = next.source();
    }
    assert_eq!(said, Some(std::io::ErrorKind::InvalidFilename), "{error:?}");
}
