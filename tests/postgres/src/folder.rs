//! The throw-away folder of a server, and the user that owns it.

use crate::Missing;
use std::ffi::OsStr;
use std::fs::read_to_string;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most bytes of a folder's path. The path of a socket has at most 107, and `/.s.PGSQL.12345` is added to the
/// folder.
const LONGEST: usize = 90;

/// A folder that a [`Watched`](crate::watched::Watched) process deletes at its end.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The user and group that programs run as, if not those of this process.
    owner: Option<(u32, u32)>,
}

impl Folder {
    /// Creates a folder below the system's folder for temporary files, or in `/tmp` if sockets there would have too
    /// long a path.
    pub(crate) fn create() -> Result<Self, Missing> {
        let temporary = std::env::temp_dir();
        let parent = if temporary.as_os_str().len() + 12 > LONGEST { Path::new("/tmp") } else { &temporary };
        let path = tempfile::Builder::new().prefix("pg").tempdir_in(parent).expect("a temporary folder").keep();
        let is_root = path.metadata().expect("the folder is there").uid() == 0;
        let owner = if is_root { Some(other_user()?) } else { None };
        let folder = Self { path, owner };
        folder.give_away(folder.path());
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that the programs can read.
    pub(crate) fn write(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.path.join(name);
        std::fs::write(&path, contents).expect("the folder can be written");
        self.give_away(&path);
        path
    }

    fn give_away(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).expect("root can give files away");
        }
    }

    /// Returns a command that runs in the folder, as its owner, and with messages in English.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env("LC_ALL", "C");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    /// Checks that the owner of the folder can execute a program.
    pub(crate) fn can_execute(&self, program: &Path) -> Result<(), Missing> {
        let ran = self.command(program).arg("--version").output();
        let cannot = |error: io::Error| {
            let user = self.owner.map_or_else(String::new, |(user, _)| format!(" as user {user}"));
            Missing(format!("{} cannot be executed{user}: {error}", program.display()))
        };
        ran.map(drop).map_err(cannot)
    }

    /// Deletes the folder. A process that watches it has usually done so before.
    pub(crate) fn delete(&self) {
        // Best effort: the folder is in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Returns the user and group that servers of root run as.
fn other_user() -> Result<(u32, u32), Missing> {
    let users = read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let mut fields = users.lines().map(|line| line.split(':')).find(|line| line.clone().next() == Some(name))?;
        Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let none = || Missing("no user `postgres` or `nobody`, and Postgres does not run as root".to_owned());
    ids("postgres").or_else(|| ids("nobody")).ok_or_else(none)
}
