//! Answers as JSON, one object a line, in the form of `steadfast::inspect`.

use crate::escape::escaped_json;
use serde::Serialize;
use std::io;

/// The last line of a list that goes on, or of which rows cannot be read.
#[derive(Serialize)]
pub(crate) struct Rest<'a> {
    /// The cursor to pass as `--after`.
    pub(crate) next: Option<&'a str>,
    /// Why rows cannot be read.
    pub(crate) damaged: &'a [String],
}

/// Returns one line, with its end.
pub(crate) fn line(answer: &impl Serialize) -> io::Result<String> {
    Ok(escaped_json(&serde_json::to_string(answer)?) + "\n")
}
