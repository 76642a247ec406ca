//! What the steps say to each other, and what people are asked.

use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

/// A file is to be read.
#[derive(Event)]
pub struct File {
    /// Its name in the folder.
    pub name: String,
    /// Somebody has said that it counts, whatever is in it.
    pub accepted: bool,
}

/// A file was read.
#[derive(Event)]
pub struct Text {
    /// What is in it.
    pub text: String,
}

/// A part of a text.
#[derive(Event)]
pub struct Paragraph {
    /// Its lines.
    pub text: String,
}

/// The words of a paragraph are counted.
#[derive(Event)]
pub struct Counted {
    /// How many there are.
    pub words: u64,
}

/// All paragraphs of a file are.
#[derive(Event)]
pub struct Done {
    /// How many words it has.
    pub words: u64,
}

/// A file does not count.
#[derive(Event)]
pub struct Skipped {
    /// Its name in the folder.
    pub name: String,
    /// The reason.
    pub why: String,
}

/// What may come of a file.
#[derive(Events)]
pub enum Read {
    /// A text.
    Text(Text),
    /// A question to a person.
    Doubtful(Ask<Doubtful, Verdict>),
}

/// What may come of an answer.
#[derive(Events)]
pub enum Decided {
    /// It is read after all: the way leads back.
    Accepted(File),
    /// It does not count.
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
