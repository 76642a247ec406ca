//! The file of a run: a line that says what it is, records, and a hash of all before it.
//!
//! A record is one line of JSON, followed by as many raw bytes as it says. The file ends with the SHA-256 of everything
//! before, 32 bytes, so that a file that was cut or changed anywhere is found out before anything of it is used.

use super::record::Record;
use crate::engine::error::EngineError;
use bytes::Bytes;
use hmac_sha256::Hash;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The format of the file; one of a greater number is refused. Those of format 1 had neither outputs, requests, taken keys,
/// deduplication keys nor labels that were given after the start.
const FORMAT: u32 = 2;
const MAGIC: &str = "steadfast run, format ";
const HASH: u64 = 32;
/// The first line is no longer than this.
const LONGEST_MAGIC: u64 = 64;

/// A file that is being written under another name beside its own.
pub(super) struct FileWriter {
    file: Option<BufWriter<File>>,
    hash: Hash,
    path: PathBuf,
    draft: PathBuf,
    bytes: u64,
}

impl FileWriter {
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn create(path: &Path) -> Result<Self, EngineError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", uuid::Uuid::new_v4().simple()));
        let draft = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&draft);
        let file = file.map_err(|error| unwritable(path, error))?;
        let (file, path) = (Some(BufWriter::new(file)), path.to_owned());
        let mut writer = Self { file, hash: Hash::new(), path, draft, bytes: 0 };
        writer.put(format!("{MAGIC}{FORMAT}\n").as_bytes())?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, record: &Record, raw: &[u8]) -> Result<(), EngineError> {
        let mut line = serde_json::to_vec(record).expect("a record of strings and numbers is JSON");
        line.push(b'\n');
        self.put(&line)?;
        self.put(raw)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|error| unwritable(&self.path, error))
    }

    /// Gives the file its name, once all of it is on the disk, and says how many bytes it has.
    pub(super) fn finish(mut self) -> Result<u64, EngineError> {
        self.keep().map_err(|error| unwritable(&self.path, error))?;
        Ok(self.bytes + HASH)
    }

    fn keep(&mut self) -> std::io::Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let named = file.write_all(&self.hash.finalize()).and_then(|()| file.flush());
        let named = named.and_then(|()| file.get_ref().sync_all());
        drop(file);
        let named = named.and_then(|()| std::fs::rename(&self.draft, &self.path));
        if named.is_err() {
            // Best effort; the original error is returned.
            let _ = std::fs::remove_file(&self.draft);
        }
        named.and_then(|()| sync_folder(&self.path))
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.draft);
        }
    }
}

/// Brings the name of a file to the disk.
#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file, and the name is durable with the file.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// A file that is being read, after its hash was compared.
pub(in crate::engine) struct FileReader {
    file: BufReader<File>,
    path: PathBuf,
    at: u64,
    /// Where the hash begins.
    end: u64,
}

impl FileReader {
    /// # Errors
    /// It cannot be read, is no such file, of a newer format, or damaged.
    pub(super) fn open(path: &Path) -> Result<Self, EngineError> {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let mut reader = Self { file: BufReader::new(file), path: path.to_owned(), at: 0, end: 0 };
        reader.check_kind()?;
        reader.check_hash()?;
        Ok(reader)
    }

    fn check_kind(&mut self) -> Result<(), EngineError> {
        let mut line = Vec::new();
        let read = self.file.by_ref().take(LONGEST_MAGIC).read_until(b'\n', &mut line);
        self.at = read.map_err(|error| unreadable(&self.path, error))? as u64;
        let line = std::str::from_utf8(&line).ok().and_then(|line| line.strip_suffix('\n'));
        let format = line.and_then(|line| line.strip_prefix(MAGIC)).and_then(|format| format.parse::<u32>().ok());
        match format {
            Some(1..=FORMAT) => Ok(()),
            Some(format) if format > FORMAT => Err(EngineError::file(format!(
                "`{}` has format {format}, and this version reads files of runs up to format {FORMAT}: import it with the \
                 newer version that wrote it",
                self.path.display()
            ))),
            _ => Err(EngineError::file(format!(
                "`{}` is not the file of a run: it was not written by `export`",
                self.path.display()
            ))),
        }
    }

    fn check_hash(&mut self) -> Result<(), EngineError> {
        let begun = self.at;
        let length = self.file.get_ref().metadata().map_err(|error| unreadable(&self.path, error))?.len();
        let Some(end) = length.checked_sub(HASH).filter(|end| *end >= begun) else {
            return Err(self.damaged("it is too short"));
        };
        self.end = end;
        let matches = self.compare().map_err(|error| unreadable(&self.path, error))?;
        if !matches {
            return Err(self.damaged("its content does not fit the hash at its end"));
        }
        self.seek(begun)
    }

    fn compare(&mut self) -> std::io::Result<bool> {
        self.file.rewind()?;
        let mut hash = Hash::new();
        let mut all = self.file.by_ref().take(self.end);
        loop {
            let bytes = all.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            hash.update(bytes);
            let read = bytes.len();
            all.consume(read);
        }
        let mut found = [0; 32];
        self.file.read_exact(&mut found)?;
        Ok(found == hash.finalize())
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, EngineError> {
        if self.at == self.end {
            return Ok(None);
        }
        let mut line = Vec::new();
        let read = self.file.by_ref().take(self.end - self.at).read_until(b'\n', &mut line);
        self.at += read.map_err(|error| unreadable(&self.path, error))? as u64;
        let record = serde_json::from_slice(&line);
        record.map(Some).map_err(|error| self.damaged(&format!("a record is not what it should be: {error}")))
    }

    /// The raw bytes that follow a record.
    pub(super) fn raw(&mut self, count: u64) -> Result<Bytes, EngineError> {
        let mut bytes = Vec::new();
        let read = self.file.by_ref().take(count.min(self.end - self.at)).read_to_end(&mut bytes);
        self.at += read.map_err(|error| unreadable(&self.path, error))? as u64;
        if bytes.len() as u64 == count {
            Ok(bytes.into())
        } else {
            Err(self.damaged("a record is longer than the file"))
        }
    }

    /// Passes over raw bytes, and says where they are.
    pub(super) fn pass(&mut self, count: u64) -> Result<u64, EngineError> {
        let at = self.at;
        if count > self.end - at {
            return Err(self.damaged("a record is longer than the file"));
        }
        self.seek(at + count)?;
        Ok(at)
    }

    /// The raw bytes at a place that was passed.
    pub(in crate::engine) fn raw_at(&mut self, at: u64, count: u64) -> Result<Bytes, EngineError> {
        self.seek(at)?;
        self.raw(count)
    }

    fn seek(&mut self, to: u64) -> Result<(), EngineError> {
        self.file.seek(SeekFrom::Start(to)).map_err(|error| unreadable(&self.path, error))?;
        self.at = to;
        Ok(())
    }

    pub(super) fn damaged(&self, what: &str) -> EngineError {
        EngineError::file(format!(
            "the file `{}` is damaged: {what}. Nothing of it was imported; copy or export it again",
            self.path.display()
        ))
    }
}

fn unwritable(path: &Path, why: std::io::Error) -> EngineError {
    EngineError::file_of(format!("the file `{}` cannot be written: {why}", path.display()), why)
}

fn unreadable(path: &Path, why: std::io::Error) -> EngineError {
    EngineError::file_of(format!("the file `{}` cannot be read: {why}", path.display()), why)
}
