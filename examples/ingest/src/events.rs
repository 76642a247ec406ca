//! What the steps say to each other, and what people are asked.

use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// A file is to be read.
#[derive(Event)]
pub(crate) struct File {
    pub(crate) name: String,
    /// Somebody has said that it counts, whatever is in it.
    pub(crate) accepted: bool,
}

/// A file was read.
#[derive(Event)]
pub(crate) struct Text {
    pub(crate) text: String,
}

/// A part of a text.
#[derive(Event)]
pub(crate) struct Paragraph {
    pub(crate) text: String,
}

/// The words of a paragraph are counted.
#[derive(Event)]
pub(crate) struct Counted {
    pub(crate) words: u64,
}

/// All paragraphs of a file are.
#[derive(Event)]
pub(crate) struct Done {
    pub(crate) words: u64,
}

/// A file does not count.
#[derive(Event)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// What may come of a file.
#[derive(Events)]
pub(crate) enum Read {
    Text(Text),
    Doubtful(Ask<Doubtful, Verdict>),
}

/// What may come of an answer.
#[derive(Events)]
pub(crate) enum Decided {
    /// It is read after all: the way leads back.
    Accepted(File),
    Skipped(Skipped),
}

/// A question to a person: does this file count?
#[derive(Clone, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
pub struct Doubtful {
    /// Its name.
    pub file: String,
    /// What is strange about it.
    pub why: String,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
pub enum Verdict {
    /// It is counted as far as it is text.
    Count,
    /// It is left out.
    Drop,
}
