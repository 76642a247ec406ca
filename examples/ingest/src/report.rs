//! The report about a folder.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The result of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The number of counted files.
    pub files: usize,
    /// The number of their words.
    pub words: u64,
    /// The number of distinct words.
    pub different: usize,
    /// The most frequent of the longer words, with their number of occurrences.
    pub frequent: Vec<(String, u64)>,
    /// The files that were not counted, with the reason.
    pub skipped: Vec<(String, String)>,
}

/// Writes the report as text.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, words, different, frequent, skipped } = self;
        let noun = if *files == 1 { "file" } else { "files" };
        writeln!(f, "{files} {noun}, {words} words, {different} different ones")?;
        let frequent: Vec<_> = frequent.iter().map(|(word, times)| format!("{word} ({times})")).collect();
        write!(f, "most frequent: {}", if frequent.is_empty() { "none".to_owned() } else { frequent.join(", ") })?;
        for (file, why) in skipped {
            write!(f, "\nskipped {file}: {why}")?;
        }
        Ok(())
    }
}
