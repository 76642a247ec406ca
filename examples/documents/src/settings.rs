//! The resource of the steps: the path of the catalogue, and the least duration of a step.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of this start. They may differ at the next start, so they are no part of the context.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) catalogue: PathBuf,
    pub(crate) pause: Duration,
}

/// Prints a line. A closed pipe is no error: its reader has seen enough.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
