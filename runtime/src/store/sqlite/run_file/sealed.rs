//! Checks, before SQLite opens it, whether a file is the file of a run and unchanged.

use super::{APPLICATION, CopyFolder, FORMAT};
use crate::store::{StoreError, StoreErrorKind};
use hmac_sha256::Hash;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::Path;

/// The length of the hash at the end, in bytes.
pub(super) const HASH: usize = 32;
/// The length of SQLite's header, its first bytes, and the offsets of the file's version and application id.
const HEADER: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
const VERSION_AT: usize = 60;
const APPLICATION_AT: usize = 68;
/// The first bytes of files that are no databases.
const BEFORE: [&[u8]; 2] = [b"steadfast run, format 1\n", b"steadfast run, format 2\n"];

/// A private copy of a file, without the hash, made while the hash was compared: whatever happens to the file, what is
/// read is what was checked.
pub(super) struct Checked {
    pub(super) format: Format,
    pub(super) folder: CopyFolder,
}

/// The format of a file whose hash was compared.
pub(super) enum Format {
    /// A database.
    Database,
    /// Records, of format 1 or 2.
    Records,
}

/// Appends the hash of the whole file, and returns its size in bytes.
pub(super) fn seal(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let hash = hash(&mut BufReader::new(&*file).take(length), |_| Ok(()))?;
    file.write_all(&hash)?;
    Ok(length + HASH as u64)
}

/// Checks a file's header and hash, and returns a copy of what was hashed.
///
/// # Errors
/// The file cannot be read, is not the file of a run, is of a newer version, or is damaged; or it cannot be copied.
pub(super) fn check(path: &Path) -> Result<Checked, StoreError> {
    let file = File::open(path).and_then(|file| Ok((file.metadata()?.len(), BufReader::new(file))));
    let (length, mut file) = file.map_err(|error| unreadable(path, error))?;
    let mut header = Vec::new();
    file.by_ref().take(HEADER as u64).read_to_end(&mut header).map_err(|error| unreadable(path, error))?;
    let format = format(path, &header)?;
    let Some(sealed) = length.checked_sub(HASH as u64) else {
        return Err(damaged(path, "it is too short"));
    };
    let folder = CopyFolder::new(&format!("the file `{}`", path.display()))?;
    let mut found = [0; HASH];
    let compared = file.rewind().and_then(|()| {
        let full = |error: io::Error| {
            let place = folder.copy();
            io::Error::new(error.kind(), format!("its copy {} cannot be written: {error}", place.display()))
        };
        let mut copy = File::create_new(folder.copy()).map_err(full)?;
        let expected = hash(&mut file.by_ref().take(sealed), |read| copy.write_all(read).map_err(full))?;
        file.read_exact(&mut found)?;
        Ok(found == expected)
    });
    if compared.map_err(|error| unreadable(path, error))? {
        return Ok(Checked { format, folder });
    }
    Err(damaged(path, "its content does not fit the hash at its end"))
}

fn format(path: &Path, header: &[u8]) -> Result<Format, StoreError> {
    let number = |at: usize| header.get(at..)?.first_chunk().map(|bytes| i64::from(u32::from_be_bytes(*bytes)));
    let name = path.display();
    match number(VERSION_AT).filter(|_| header.starts_with(MAGIC) && number(APPLICATION_AT) == Some(APPLICATION)) {
        Some(FORMAT) => Ok(Format::Database),
        Some(format) if format > FORMAT => {
            Err(newer(path, &format!("it has format {format}, and this version reads up to format {FORMAT}")))
        }
        _ if BEFORE.iter().any(|begin| header.starts_with(begin)) => Ok(Format::Records),
        _ => {
            let message = format!(
                "`{name}` is not the file of a run: it was not written by `export`. Give the path of a file that was"
            );
            Err(StoreError::new(StoreErrorKind::NotOurs, message))
        }
    }
}

/// Hashes bytes, and copies each part that it has hashed.
fn hash(bytes: &mut impl BufRead, mut copy: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<[u8; HASH]> {
    let mut hash = Hash::new();
    loop {
        let read = bytes.fill_buf()?;
        if read.is_empty() {
            return Ok(hash.finalize());
        }
        hash.update(read);
        copy(read)?;
        let count = read.len();
        bytes.consume(count);
    }
}

fn damaged(path: &Path, what: &str) -> StoreError {
    let message = format!(
        "the file `{}` is damaged: {what}. Nothing of it was imported; copy or export it again",
        path.display()
    );
    StoreError::new(StoreErrorKind::Damaged, message)
}

pub(super) fn newer(path: &Path, why: &str) -> StoreError {
    let message = format!(
        "the file `{}` was written by a newer version of steadfast than this one; import it with that version ({why})",
        path.display()
    );
    StoreError::new(StoreErrorKind::Newer, message)
}

pub(super) fn unreadable(path: &Path, why: io::Error) -> StoreError {
    let message = format!("the file `{}` cannot be read: {why}", path.display());
    StoreError::new(StoreErrorKind::Io, message).caused_by(why)
}
