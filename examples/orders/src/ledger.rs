//! The ledger: one line for each request that an outside service has received. It stands in for the books of those
//! services, and survives any crash of this program. Several processes may write it at once.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use steadfast::{Error, Result};

/// One request to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The idempotency key. Requests with the same key have one effect.
    pub(crate) key: String,
    pub(crate) order: u64,
    pub(crate) step: String,
    pub(crate) attempt: u32,
    pub(crate) cents: u64,
    pub(crate) answer: Answer,
}

/// The answer of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The request was carried out, or had been under the same key before.
    Done,
    /// The request was refused for good.
    Refused,
    /// The service was busy. Another attempt may succeed.
    Busy,
    /// The request was carried out, but the answer was lost.
    Lost,
}

/// The open ledger.
pub(crate) struct Ledger {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    keys: HashSet<String>,
    /// The length of the part whose keys are known.
    read: u64,
}

impl Ledger {
    /// Opens a ledger. Creates the file if it is missing.
    ///
    /// # Errors
    /// The file cannot be opened, or is no ledger.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let file = OpenOptions::new().create(true).read(true).append(true).open(&path);
        let file = file.map_err(|error| unusable(&path, &error))?;
        let ledger = Self { path, open: Mutex::new(Open { file, keys: HashSet::new(), read: 0 }) };
        ledger.entries()?;
        // A power cut can leave half a line. Its request was never answered, so the line is cut off.
        ledger.locked(Open::cut).map_err(|error| unusable(&ledger.path, &error))?;
        Ok(ledger)
    }

    /// Returns whether the ledger has no entries.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).keys.is_empty()
    }

    /// Removes the file if it is empty, so that a failed start leaves nothing.
    pub(crate) fn discard_if_empty(&self) {
        if self.is_empty() {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// Appends a request. `entry` receives whether its key is new, and returns the line with the answer.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(&self, key: &str, entry: impl FnOnce(bool) -> Entry) -> io::Result<Answer> {
        self.locked(|open| {
            open.catch_up()?;
            let entry = entry(!open.keys.contains(key));
            let mut line = serde_json::to_vec(&entry)?;
            line.push(b'\n');
            open.file.write_all(&line)?;
            Ok(entry.answer)
        })
    }

    /// Does something while no other process uses the file. The system takes the lock from a process that is killed.
    fn locked<T>(&self, act: impl FnOnce(&mut Open) -> io::Result<T>) -> io::Result<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.file.lock()?;
        let done = act(&mut open);
        open.file.unlock().and(done)
    }

    /// Reads all entries from the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>> {
        let path = &self.path;
        let bytes = std::fs::read(path).map_err(|error| unusable(path, &error))?;
        let lines = lines(&bytes);
        let entry = |(number, line)| {
            serde_json::from_slice(line).map_err(|_| {
                let shown = path.display();
                Error::msg(format!(
                    "{shown}:{number}: expected a line of a ledger, found something else; --ledger names another file"
                ))
            })
        };
        (1_usize..).zip(lines).map(entry).collect()
    }
}

impl Open {
    /// Reads the keys of what has been written since the last time, also by others.
    fn catch_up(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.read_to_end(&mut bytes)?;
        for line in lines(&bytes) {
            self.keys.insert(serde_json::from_slice::<Entry>(line)?.key);
        }
        self.read += whole_lines(&bytes).len() as u64;
        Ok(())
    }

    fn cut(&mut self) -> io::Result<()> {
        self.catch_up()?;
        self.file.set_len(self.read)
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    whole_lines(bytes).split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    &bytes[..end]
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::msg(format!("the ledger {} cannot be used: {error}; --ledger names another file", path.display()))
}
