//! The events between the steps, and the question to a person.

use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// A file to read.
#[derive(Event)]
pub(crate) struct File {
    pub(crate) name: String,
    /// Whether a person has accepted the file, whatever its content.
    pub(crate) accepted: bool,
}

/// The text of a file.
#[derive(Event)]
pub(crate) struct Text {
    pub(crate) text: String,
}

/// A part of a text.
#[derive(Event)]
pub(crate) struct Paragraph {
    pub(crate) text: String,
}

/// The number of words of a paragraph.
#[derive(Event)]
pub(crate) struct Counted {
    pub(crate) words: u64,
}

/// The number of words of a whole file.
#[derive(Event)]
pub(crate) struct Done {
    pub(crate) words: u64,
}

/// A file that is not counted.
#[derive(Event)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// The possible results of reading a file.
#[derive(Events)]
pub(crate) enum Read {
    Text(Text),
    Doubtful(Ask<Doubtful, Verdict>),
}

/// The possible results of an answer.
#[derive(Events)]
pub(crate) enum Decided {
    /// The file is read after all: a loop in the graph.
    Accepted(File),
    Skipped(Skipped),
}

/// A question to a person: does this file count?
#[derive(Clone, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
pub struct Doubtful {
    /// The name of the file.
    pub file: String,
    /// The reason for the doubt.
    pub why: String,
}

/// The answer to [`Doubtful`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
pub enum Verdict {
    /// Count the file as far as it is text.
    Count,
    /// Leave the file out.
    Drop,
}
