//! Where the engines of a test have their database.

use std::path::{Path, PathBuf};
use std::time::Duration;
use steadfast::{Engine, EngineBuilder};

/// The time that an engine may take to end.
pub(crate) const ENDING: Duration = Duration::from_secs(20);

/// A database that several engines open.
pub(crate) struct Place {
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        Self { file: folder.path().join("shared.db"), folder }
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        Engine::builder().sqlite(&self.file).lease_term(Duration::from_secs(1))
    }

    /// Returns the name by which another process finds it.
    pub(crate) fn name(&self) -> String {
        self.file.to_str().expect("a path that is text").to_owned()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
