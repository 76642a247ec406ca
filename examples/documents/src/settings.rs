//! What the engine has at hand for the steps: where the catalogue is, and how long a step takes at least.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// A resource: it may be another one at the next start, so it has no place in the context.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) catalogue: PathBuf,
    pub(crate) pause: Duration,
}

/// Prints a line. Who reads only the beginning has seen what he wanted.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
