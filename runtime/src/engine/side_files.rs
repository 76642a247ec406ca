//! Where the engines of a database keep their side files, and what the file of a lease's holder says of its process.

mod machine;

use super::error::EngineError;
use super::suspects::{Recorder, Remains, SideFile};
use crate::store::{LeaseRow, NOBODY, Store, is_out_of_files};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The separator between the name of the database and the owner in the name of a side file.
const SIGN: &str = "-owner-";

/// The separator between the owner and the machine in the name of a side file.
const MACHINE: &str = "-on-";

/// The age at which a free side file of any database is removed from the folder of the machine: an engine that starts
/// after that learns nothing from it, and of a database that was dropped no engine starts.
const OLD: Duration = Duration::from_hours(7 * 24);

/// The place of the side files of the engines of one database.
pub(crate) struct SideFiles {
    /// The folder, and the beginning of the names.
    stem: PathBuf,
    /// The machine, if the files are in a folder of it.
    machine: Option<String>,
}

/// The state of the holder of a lease.
pub(super) enum Holder {
    /// A holder whose process lives.
    Lives,
    /// A holder of which nothing is known on this machine.
    Unknown,
    /// A holder that ended in order.
    Ended,
    /// A holder whose process died.
    Died(Arc<Remains>),
}

impl SideFiles {
    /// Returns the place for a database: beside it, or in a folder of this machine if engines on several machines share
    /// the database. `None` if only this process can open it, or the machine has no folder that only its user can
    /// change.
    pub(crate) fn of(store: &dyn Store) -> Option<Self> {
        if let Some(stem) = store.lock_stem() {
            return Some(Self { stem, machine: None });
        }
        if !store.shares_work() {
            return None;
        }
        match machine::folder() {
            Ok((folder, machine)) => Some(Self { stem: folder.join(store.database_id()), machine: Some(machine) }),
            Err(error) => {
                tracing::warn!(
                    %error,
                    "there is no side file on this machine: other processes learn of the end of this one by its silence, \
                     and a run that ends it is never parked"
                );
                None
            }
        }
    }

    /// Creates and locks the file of an engine. In the folder of a machine the engine can do without.
    ///
    /// # Errors
    /// A file beside the database cannot be created.
    pub(super) fn create(&self, owner: &str) -> Result<Recorder, EngineError> {
        let path = self.of_owner(owner);
        Recorder::create(path.clone()).or_else(|error| {
            if self.machine.is_some() {
                tracing::warn!(%error, path = %path.display(), "the side file on this machine cannot be made");
                return Ok(Recorder::without_file());
            }
            let advice = if is_out_of_files(&error) {
                "Let the process have more files open (`ulimit -n`)"
            } else {
                "The engine needs to write into the folder of its database"
            };
            let message = format!("the lock file `{}` cannot be made: {error}. {advice}", path.display());
            Err(EngineError::configuration_of(message, error))
        })
    }

    /// Returns the path of the file of an engine.
    pub(super) fn of_owner(&self, owner: &str) -> PathBuf {
        let mut name = self.stem.as_os_str().to_owned();
        name.push(format!("{SIGN}{owner}"));
        if let Some(machine) = &self.machine {
            name.push(format!("{MACHINE}{machine}"));
        }
        name.into()
    }

    /// Returns whether a missing file says nothing, because its engine may be on another machine.
    pub(super) const fn are_of_machine(&self) -> bool {
        self.machine.is_some()
    }

    /// Returns what the side file of a lease's holder says of it.
    pub(super) fn holder(&self, row: &LeaseRow) -> Holder {
        match SideFile::of(&self.of_owner(&row.owner)) {
            SideFile::Free(remains) => Holder::Died(Arc::new(remains)),
            // Another machine, another user, or a folder that was cleaned: no evidence of a death.
            SideFile::Missing | SideFile::Unreadable if self.are_of_machine() => Holder::Unknown,
            SideFile::Locked | SideFile::Unreadable => Holder::Lives,
            // An engine that ends in order removes its file beside a database.
            SideFile::Ended | SideFile::Missing => Holder::Ended,
        }
    }

    /// Removes the files of engines that died and own no lease any longer, and old ones of databases that no engine
    /// opens.
    pub(super) fn sweep(&self, store: &dyn Store, own: &str) -> Result<(), EngineError> {
        let (Some(folder), Some(name)) = (self.stem.parent(), self.stem.file_name()) else { return Ok(()) };
        let prefix = format!("{}{SIGN}", name.to_string_lossy());
        let mut others = Vec::new();
        // A folder that cannot be listed must not prevent a start.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some(rest) = name.strip_prefix(&prefix) {
                // Files of an earlier start of the machine have another name of it.
                let owner = if self.are_of_machine() { rest.split(MACHINE).next() } else { Some(rest) };
                others.extend(owner.filter(|owner| *owner != own).map(|owner| (owner.to_owned(), entry.path())));
            } else if self.are_of_machine() && name.contains(SIGN) && is_old(&entry.path()) {
                Recorder::remove_if_free(&entry.path());
            }
        }
        if others.is_empty() {
            return Ok(());
        }
        let leases = store.leases()?;
        for (owner, path) in others {
            if leases.iter().all(|lease| lease.owner != owner) {
                Recorder::remove_if_free(&path);
            }
        }
        Ok(())
    }
}

fn is_old(path: &Path) -> bool {
    let written = path.symlink_metadata().and_then(|found| found.modified());
    written.is_ok_and(|written| SystemTime::now().duration_since(written).is_ok_and(|age| age > OLD))
}

/// Returns what is known of the holder of a lease.
pub(super) fn holder_of(files: Option<&SideFiles>, row: &LeaseRow) -> Holder {
    if row.owner == NOBODY {
        return Holder::Ended;
    }
    files.map_or(Holder::Unknown, |files| files.holder(row))
}

#[cfg(test)]
mod tests {
    use super::{Holder, OLD, SideFiles, holder_of};
    use crate::store::{LeaseRow, MemoryStore, Store as _, Write};
    use std::path::PathBuf;
    use std::time::SystemTime;

    fn of_machine(folder: &tempfile::TempDir, machine: &str) -> SideFiles {
        SideFiles { stem: folder.path().join("0123"), machine: Some(machine.to_owned()) }
    }

    fn row(owner: &str) -> LeaseRow {
        let store = MemoryStore::new();
        store.commit(&[Write::OpenLease { owner: owner.to_owned() }]).unwrap();
        store.leases().unwrap().remove(0)
    }

    /// Leaves a file as a process does that dies.
    fn left(files: &SideFiles, owner: &str) -> PathBuf {
        std::fs::write(files.of_owner(owner), [1; 8]).unwrap();
        files.of_owner(owner)
    }

    #[test]
    fn a_missing_file_means_an_end_in_order_beside_a_database_and_nothing_on_a_machine() {
        let folder = tempfile::tempdir().unwrap();
        let (here, elsewhere) = (of_machine(&folder, "one"), of_machine(&folder, "another"));
        let beside = SideFiles { stem: folder.path().join("x.db"), machine: None };
        let says = |files: &SideFiles| files.holder(&row("a"));
        assert!(matches!(says(&here), Holder::Unknown) && matches!(says(&beside), Holder::Ended));
        assert!(matches!(holder_of(None, &row("a")), Holder::Unknown));
        left(&here, "a");
        assert!(matches!(says(&here), Holder::Died(_)));
        assert!(matches!(says(&elsewhere), Holder::Unknown), "a lock is known to its own machine only");
        std::fs::remove_file(here.of_owner("a")).unwrap();
        let living = here.create("a").unwrap();
        assert!(matches!(says(&here), Holder::Lives));
        living.end();
        assert!(matches!(says(&here), Holder::Ended), "it was dropped, and has not died");
    }

    #[test]
    fn files_of_dead_engines_without_a_lease_are_swept_and_old_ones_of_other_databases() {
        let folder = tempfile::tempdir().unwrap();
        let (files, earlier) = (of_machine(&folder, "one"), of_machine(&folder, "before-the-reboot"));
        let other = SideFiles { stem: folder.path().join("4567"), machine: Some("one".to_owned()) };
        let store = MemoryStore::new();
        store.commit(&[Write::OpenLease { owner: "owns".to_owned() }]).unwrap();
        let own = files.create("own").unwrap();
        let living = files.create("living").unwrap();
        let kept = [left(&files, "owns"), left(&other, "young")];
        let gone = [left(&files, "dead"), left(&earlier, "dead"), left(&other, "old")];
        let before = SystemTime::now() - OLD * 2;
        for old in [&gone[2], &files.of_owner("living")] {
            std::fs::File::options().write(true).open(old).unwrap().set_modified(before).unwrap();
        }
        files.sweep(&store, "own").unwrap();
        assert!(kept.iter().all(|path| path.exists()) && !gone.iter().any(|path| path.exists()));
        assert!(files.of_owner("own").exists() && files.of_owner("living").exists());
        drop((own, living));
    }

    #[test]
    fn a_machine_that_cannot_keep_the_file_works_without() {
        let folder = tempfile::tempdir().unwrap();
        let files = SideFiles { stem: folder.path().join("missing/0123"), machine: Some("one".to_owned()) };
        files.create("a").unwrap().tick();
        let beside = SideFiles { stem: folder.path().join("missing/x.db"), machine: None };
        assert!(beside.create("a").is_err());
    }
}
