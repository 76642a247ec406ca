//! A folder of this machine that only the engines of one user share.

use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Returns the folder for the side files of this user, which is created if it is missing, and a name of this machine.
///
/// # Errors
/// The folder cannot be created, others can change it, or the machine has no name.
pub(super) fn folder() -> Result<(PathBuf, String)> {
    let machine = name().ok_or_else(|| Error::other("this machine has neither a boot id nor a host name"))?;
    let folder = folder_in(&std::path::absolute(std::env::temp_dir())?)?;
    Ok((folder, machine))
}

/// Returns a name of this machine since its start, the same in all of its containers. A folder may be on a disk that
/// several machines share, and a lock there may be known to one of them only: a file of another one is no evidence.
fn name() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    let name = boot.unwrap_or_else(crate::engine::fleet::host);
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(unix)]
fn folder_in(temporary: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    const STICKY: u32 = 0o1000;
    const OTHERS: u32 = 0o077;
    let mode = temporary.metadata()?.mode();
    if mode & 0o002 != 0 && mode & STICKY == 0 {
        return Err(Error::other(format!("other users can replace what is in `{}`", temporary.display())));
    }
    let user = user(temporary)?;
    let folder = temporary.join(format!("steadfast-{user}"));
    if let Err(error) = std::fs::DirBuilder::new().mode(0o700).create(&folder)
        && error.kind() != ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    // Another user may have made it first, or a link of that name.
    let found = folder.symlink_metadata()?;
    if found.is_dir() && found.uid() == user && found.mode() & OTHERS == 0 {
        Ok(folder)
    } else {
        let message =
            format!("`{}` is not a folder of this user that is closed to others. Remove it", folder.display());
        Err(Error::other(message))
    }
}

/// Returns the number of this user: the owner of what it creates.
#[cfg(unix)]
fn user(temporary: &Path) -> Result<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let probe = temporary.join(format!("steadfast-{}", uuid::Uuid::new_v4().simple()));
    let user = std::fs::File::create_new(&probe)?.metadata().map(|made| made.uid());
    std::fs::remove_file(&probe)?;
    user
}

/// Elsewhere the folder for temporary files is one of the user.
#[cfg(not(unix))]
fn folder_in(temporary: &Path) -> Result<PathBuf> {
    let folder = temporary.join("steadfast");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::folder_in;
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
    use std::path::PathBuf;

    /// Returns a folder for temporary files, and the name of ours in it.
    fn temporary(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        set_permissions(&temporary, Permissions::from_mode(mode)).unwrap();
        let ours = temporary.path().join(format!("steadfast-{}", temporary.path().metadata().unwrap().uid()));
        (temporary, ours)
    }

    #[test]
    fn the_folder_is_closed_to_others_and_is_found_again() {
        for mode in [0o700, 0o755, 0o1777] {
            let (temporary, ours) = temporary(mode);
            for _ in 0..2 {
                assert_eq!(folder_in(temporary.path()).unwrap(), ours);
            }
            assert_eq!(ours.symlink_metadata().unwrap().mode() & 0o777, 0o700);
            assert_eq!(temporary.path().read_dir().unwrap().count(), 1, "the probe is removed");
        }
    }

    #[test]
    fn a_folder_that_others_have_made_or_can_change_is_refused() {
        let refused = |temporary: &tempfile::TempDir| folder_in(temporary.path()).unwrap_err().to_string();
        let (open, _) = temporary(0o777);
        assert!(refused(&open).contains("other users can replace"));
        let (place, ours) = temporary(0o1777);
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), &ours).unwrap();
        assert!(refused(&place).contains("Remove it"));
        assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
        std::fs::remove_file(&ours).unwrap();
        std::fs::write(&ours, "a file").unwrap();
        assert!(refused(&place).contains("Remove it"));
        std::fs::remove_file(&ours).unwrap();
        create_dir(&ours).unwrap();
        set_permissions(&ours, Permissions::from_mode(0o750)).unwrap();
        assert!(refused(&place).contains("Remove it"));
        set_permissions(&ours, Permissions::from_mode(0o700)).unwrap();
        folder_in(place.path()).unwrap();
        // Only root can give a folder away.
        if chown(&ours, Some(12_345), None).is_ok() {
            assert!(refused(&place).contains("Remove it"));
        }
    }
}
