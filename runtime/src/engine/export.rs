//! A run in a file: written from its committed rows, as a copy or as the run itself.

mod moving;
mod write;

use super::error::EngineError;
use super::handle::Run;
use super::threads;
use crate::store::Status;
use std::path::{Path, PathBuf};

/// What was written into the file of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportInfo {
    /// The run's id.
    pub run: String,
    /// The name of its workflow.
    pub workflow: String,
    /// What it is doing in the file.
    pub status: Status,
    /// How many entries of its journal are in the file.
    pub entries: u64,
    /// How many contents of field stores are in the file.
    pub contents: usize,
    /// How many bytes the file has.
    pub bytes: u64,
}

impl Run {
    /// Writes the run into a file, from which [`Engine::import`](crate::Engine::import) makes a copy of it, in this
    /// database or another.
    ///
    /// The file has all that the run is: its journal, with the times until which it waits, its identity and deadline; the
    /// values of its context, also those in field stores; its labels; what it has published and written to streams; its open
    /// requests with their time limits; what waits in its inbox. Secrets in it stay encrypted, and keys are not in it. It is
    /// the run as it is committed at one moment, at the end of a turn; the run goes on meanwhile and afterwards, whichever engine
    /// drives it.
    ///
    /// The copy is another run: its idempotency keys are others, and only its random numbers go on as here. Its requests have
    /// other ids. It is nobody's child, it has no deduplication key, and what was sent to this run under a key may be sent to
    /// it again. It waits for the runs that this one has started, if they are where it is imported; otherwise it learns that
    /// they are not.
    ///
    /// Not in the file are the journals that the run had before it went on with a fresh one, or before it was rewound.
    ///
    /// The file is an SQLite database with the tables of [`SqliteStore`](crate::store::SqliteStore), in which this run is
    /// alone; contents of field stores are in `steadfast_contents`. Any tool for SQLite reads it:
    /// `sqlite3 -readonly order.run "SELECT * FROM steadfast_history"`. No engine opens it as its own, and one that was
    /// changed is not imported.
    ///
    /// A file of that name is replaced once the new one is complete. An ended run is exported with its result.
    ///
    /// # Errors
    /// The run is being deleted, a field store does not give what it has, or the file cannot be written: then there is none.
    pub async fn export(&self, path: impl Into<PathBuf>) -> Result<ExportInfo, EngineError> {
        self.write_file(false, path.into()).await
    }

    /// Moves the run into a file: it ends here, as [`Status::Moved`], and goes on where the file is imported, as the same
    /// run: with all that is in a file of [`export`](Run::export), the same idempotency keys, the same ids of its requests,
    /// its deduplication key, and the keys of what has come to it, so that nothing arrives twice.
    ///
    /// A run cannot leave those that need it where it is: the call is refused while a run that has started it, or that it has
    /// started, has not ended, also if that one is detached.
    ///
    /// Steps in flight are told to stop and run again there; a body that does not heed that may still be running. The run
    /// has ended before there is a file, so that it never runs at two places. If this fails or the process ends in between,
    /// call it again on the moved run: that writes the file, as often as it is called. Who has two such files must import
    /// only one.
    ///
    /// # Errors
    /// The run has ended, belongs to another engine, is bound to another run, or is of a workflow that the engine does not
    /// know: nothing has changed. Or the file cannot be written, as for
    /// [`export`](Run::export): the error says so, and whether the run has been moved.
    pub async fn export_and_end(&self, path: impl Into<PathBuf>) -> Result<ExportInfo, EngineError> {
        let path = path.into();
        // What cannot be written at all is better known before.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() || path.file_name().is_none() {
            let path = path.display();
            return Err(EngineError::file(format!("the file `{path}` cannot be written: its folder does not exist")));
        }
        moving::end_here(self.core(), self.number(), self.id()).await?;
        self.write_file(true, path).await.map_err(|error| {
            let id = self.id();
            EngineError::file(format!(
                "run `{id}` has ended here as moved, and its file is not written: {error}. Call `export_and_end` on it again"
            ))
        })
    }

    async fn write_file(&self, moved: bool, path: PathBuf) -> Result<ExportInfo, EngineError> {
        let (core, number, id) = (self.core().clone(), self.number(), self.id().to_owned());
        let busy = core.busy();
        let writing = core.clone();
        let writing = threads::blocking(&core.runtime, move || write::write(&writing, number, &id, moved, &path))?;
        let written = writing.await.unwrap_or(Err(EngineError::ShuttingDown));
        drop(busy);
        written
    }
}
