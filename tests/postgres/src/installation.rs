//! The Postgres installations of this machine.

use crate::Missing;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that lists the folders to look in first.
const FOLDERS: &str = "STEADFAST_POSTGRES_BIN";

/// Debian's folder of installations, one folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one Postgres version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder of `postgres` and `initdb`.
    pub bin: PathBuf,
    /// The major version, such as 15.
    pub major: u32,
}

impl Installation {
    /// Returns the installation in a folder.
    ///
    /// # Errors
    /// The folder has no `postgres` and `initdb`, or that `postgres` does not run.
    pub fn in_folder(bin: impl AsRef<Path>) -> Result<Self, Missing> {
        let bin = bin.as_ref();
        let missing = |why: &dyn fmt::Display| Missing(format!("no postgres in {}: {why}", bin.display()));
        if !bin.join("initdb").is_file() {
            return Err(missing(&"it has no initdb"));
        }
        // A link in `PATH` may point to a folder that is also found elsewhere.
        let postgres = bin.join("postgres").canonicalize().map_err(|error| missing(&error))?;
        let beside = postgres.parent().filter(|folder| folder.join("initdb").is_file()).unwrap_or(bin).to_owned();
        let output = Command::new(&postgres).arg("--version").output().map_err(|error| missing(&error))?;
        let version = String::from_utf8_lossy(&output.stdout);
        let number = version.split(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let digits = number.and_then(|number| number.split(|c: char| !c.is_ascii_digit()).next());
        let major = digits.and_then(|digits| digits.parse().ok());
        let major = major.ok_or_else(|| missing(&format_args!("its version is «{}»", version.trim())))?;
        Ok(Self { bin: beside, major })
    }
}

/// Returns all installations, the one that [`Cluster::start`](crate::Cluster::start) takes first.
///
/// # Panics
/// `STEADFAST_POSTGRES_BIN` names a folder without `postgres` and `initdb`.
#[must_use]
pub fn installations() -> Vec<Installation> {
    let listed = std::env::var_os(FOLDERS).unwrap_or_default();
    let listed = std::env::split_paths(&listed).filter(|folder| !folder.as_os_str().is_empty());
    let mut found: Vec<_> = listed
        .map(|folder| Installation::in_folder(folder).unwrap_or_else(|missing| panic!("{FOLDERS}: {missing}")))
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path).filter_map(|folder| Installation::in_folder(folder).ok()));
    found.extend(of_debian());
    let mut seen = BTreeSet::new();
    found.retain(|installation| seen.insert(installation.bin.clone()));
    found
}

/// Returns the first installation whose major version differs from that of the first one of all.
///
/// # Errors
/// There is none.
pub fn of_another_version() -> Result<Installation, Missing> {
    let mut found = installations().into_iter();
    let first = found.next().map(|installation| installation.major);
    let other = found.find(|installation| Some(installation.major) != first);
    other.ok_or_else(|| {
        Missing(format!("no postgres of a second major version found in {FOLDERS}, PATH, {DEBIAN}/*/bin"))
    })
}

/// Returns Debian's installations, newest version first.
fn of_debian() -> Vec<Installation> {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.filter_map(|version| Installation::in_folder(version.path().join("bin")).ok()).collect();
    found.sort_by_key(|installation| std::cmp::Reverse(installation.major));
    found
}

/// Returns the first installation.
pub(crate) fn first() -> Result<Installation, Missing> {
    let none = || Missing(format!("no postgres (initdb) found in {FOLDERS}, PATH, {DEBIAN}/*/bin"));
    installations().into_iter().next().ok_or_else(none)
}
