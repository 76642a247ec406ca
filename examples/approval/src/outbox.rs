//! The world outside, as a file: a line for each mail and payment, under the key of the call that it comes from.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// What the engine has at hand for the steps.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) path: PathBuf,
    /// How long a step takes on its way there and on its way back, to have time to kill it.
    pub(crate) pause: Duration,
    /// Whether what is sent is printed too.
    pub(crate) aloud: bool,
}

impl Outbox {
    /// Sends something once: what comes a second time under its key, after a kill, changes nothing.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) async fn send(&self, key: &str, text: &str) -> io::Result<()> {
        tokio::time::sleep(self.pause).await;
        // Text of a user must not look like a second line.
        let text = text.replace(['\n', '\r'], " ");
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        if !std::fs::read_to_string(&self.path)?.lines().any(|line| line.starts_with(key)) {
            file.write_all(format!("{key} {text}\n").as_bytes())?;
            if self.aloud {
                say(&text);
            }
        }
        tokio::time::sleep(self.pause).await;
        Ok(())
    }
}

/// Prints a line. Who reads only the beginning has seen what he wanted.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
