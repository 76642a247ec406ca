//! Exports a run to a file from its committed rows, as a copy or as the run itself.

mod moving;
mod write;

pub(super) use write::write;

use super::error::EngineError;
use super::handle::Run;
use super::threads;
use crate::store::Status;
use std::path::{Path, PathBuf};

/// The contents of the file of an exported run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportInfo {
    /// The run's id.
    pub run: String,
    /// The name of its workflow.
    pub workflow: String,
    /// The run's status in the file.
    pub status: Status,
    /// The number of journal entries in the file.
    pub entries: u64,
    /// The number of field-store contents in the file.
    pub contents: usize,
    /// The size of the file in bytes.
    pub bytes: u64,
}

impl Run {
    /// Writes the run into a file, from which [`Engine::import`](crate::Engine::import) makes a copy of it, in this
    /// database or another.
    ///
    /// The file holds the whole run: its journal, with the due times of its waits, its identity and deadline; the
    /// values of its context, also those in field stores; its labels; its published values and streams; its open
    /// requests with their time limits; and the items in its inbox. Secrets stay encrypted, and the file holds no keys.
    /// It is the run as committed at one moment, at the end of a turn; the run continues meanwhile and afterwards,
    /// whichever engine drives it.
    ///
    /// The copy is another run. It has new idempotency keys, and only its random numbers continue as here; its requests
    /// have new ids. It has no parent and no deduplication key, and what was sent to this run under a key may be sent
    /// to it again. It waits for the runs that this one has started, if they exist where it is imported; otherwise it
    /// receives an error for them.
    ///
    /// The file does not hold the journals from before a continue-as-new or a rewind.
    ///
    /// The file is an SQLite database with the tables of [`SqliteStore`](crate::store::SqliteStore) and only this run
    /// in them; contents of field stores are in `steadfast_contents`. Any tool for SQLite reads it:
    /// `sqlite3 -readonly order.run "SELECT * FROM steadfast_history"`. No engine opens it as its own database, and a
    /// file that was changed is not imported.
    ///
    /// An existing file is replaced once the new one is complete. An ended run is exported with its result.
    ///
    /// # Errors
    /// The run is being deleted, a field store cannot load a content, or the file cannot be written: then there is no
    /// file.
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub async fn export(&self, path: impl Into<PathBuf>) -> Result<ExportInfo, EngineError> {
        self.write_file(false, path.into()).await
    }

    /// Moves the run into a file: it ends here as [`Status::Moved`], and continues where the file is imported, as the
    /// same run. The file holds all that a file of [`export`](Run::export) holds. The run keeps its idempotency keys,
    /// the ids of its requests and its deduplication key, and the keys of all that it received, so that nothing arrives
    /// twice.
    ///
    /// A run cannot be moved away from runs that need it: the call is refused until the run that started it and all
    /// runs that it started have ended, detached ones too.
    ///
    /// Steps in flight are cancelled and run again there; a body that ignores its cancellation may still be running.
    /// The run ends before the file exists, so that it never runs at two places. If this fails or the process ends in
    /// between, call it again on the moved run: each call writes the file. If there are several such files, import only
    /// one.
    ///
    /// # Errors
    /// The run has ended, belongs to another engine, is bound to another run, or its workflow is not registered here:
    /// nothing has changed. Or the file cannot be written, as for [`export`](Run::export): the error says so, and
    /// whether the run has been moved.
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub async fn export_and_end(&self, path: impl Into<PathBuf>) -> Result<ExportInfo, EngineError> {
        let path = path.into();
        // Checked before the run ends, since an unwritable path is known now.
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
        let writing = threads::blocking(&core.runtime, move || write(&writing, number, &id, moved, &path))?;
        let written = writing.await.unwrap_or(Err(EngineError::ShuttingDown));
        drop(busy);
        written
    }
}
