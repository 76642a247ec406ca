//! What comes of a folder.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The result of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many files were counted.
    pub files: usize,
    /// How many words they have together.
    pub words: u64,
    /// How many different ones.
    pub different: usize,
    /// The most frequent of the longer words, with how often they were found.
    pub frequent: Vec<(String, u64)>,
    /// The files that were not counted, with the reason.
    pub skipped: Vec<(String, String)>,
}

/// For people.
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
