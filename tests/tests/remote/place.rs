//! Where the engines of a test have their database.

use std::path::PathBuf;
use std::time::Duration;
use steadfast::prelude::*;
use steadfast::{EngineBuilder, Run};

/// A limit that is long for everything expected, and short for a test that hangs.
pub const LONG: Duration = Duration::from_mins(1);

/// A database that several engines open.
pub struct Place {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { file: folder.path().join("shared.db"), _folder: folder }
    }

    pub fn builder(&self) -> EngineBuilder {
        Engine::builder().sqlite(&self.file).lease_term(Duration::from_secs(1))
    }
}

/// Waits for a condition, for a limited time.
pub async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let since = std::time::Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < LONG, "it takes too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns the result of a run, which must come in time.
pub async fn result<T>(run: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, run).await.expect("it ends in time")
}

#[expect(dead_code, reason = "for tests to come")]
pub async fn entries(run: &Run, kind: &str) -> usize {
    run.history().await.unwrap().iter().filter(|entry| entry.kind.as_str() == kind).count()
}
