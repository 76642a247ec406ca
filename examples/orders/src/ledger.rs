//! The ledger: a line for every request that a service outside has got. It stands in for the books of those services,
//! and survives whatever happens to this program.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use steadfast::{Error, Result};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The idempotency key: requests with the same key are one and the same, and have one effect.
    pub(crate) key: String,
    pub(crate) order: u64,
    pub(crate) step: String,
    pub(crate) attempt: u32,
    pub(crate) cents: u64,
    pub(crate) answer: Answer,
}

/// What the service did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// What it was asked; if it has done so for this key before, nothing more.
    Done,
    /// Nothing, and it never will.
    Refused,
    /// Nothing this time.
    Busy,
    /// What it was asked, but the answer was lost on its way back.
    Lost,
}

/// The ledger, open for more.
pub(crate) struct Ledger {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    keys: HashSet<String>,
}

impl Ledger {
    /// Opens a ledger, which is created if it is missing.
    ///
    /// # Errors
    /// It cannot be opened, or is something else.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|error| unusable(&path, &error))?;
        let entries = read(&path)?;
        // A line is written in one piece; should a power cut have left half of one, it was never answered.
        let whole = whole_lines(&std::fs::read(&path).map_err(|error| unusable(&path, &error))?).len();
        file.set_len(whole as u64).map_err(|error| unusable(&path, &error))?;
        let keys = entries.into_iter().map(|entry| entry.key).collect();
        Ok(Self { path, open: Mutex::new(Open { file, keys }) })
    }

    /// Whether nothing was ever asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).keys.is_empty()
    }

    /// Adds a request; `entry` is told whether its key is new, and says the answer.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(&self, key: &str, entry: impl FnOnce(bool) -> Entry) -> io::Result<Answer> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry(!open.keys.contains(key));
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        open.file.write_all(&line)?;
        open.keys.insert(entry.key);
        Ok(entry.answer)
    }

    /// Everything that was ever asked, as the file has it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>> {
        read(&self.path)
    }
}

fn read(path: &Path) -> Result<Vec<Entry>> {
    let bytes = std::fs::read(path).map_err(|error| unusable(path, &error))?;
    let lines = whole_lines(&bytes).split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
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

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    &bytes[..end]
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::msg(format!("the ledger {} cannot be used: {error}; --ledger names another file", path.display()))
}
