//! The outside world, as a file: one line for each mail and payment, under the idempotency key of its call.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// The resource of the steps.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) path: PathBuf,
    /// The pause before and after each effect, to have time to kill the process.
    pub(crate) pause: Duration,
    /// Whether sent lines are also printed.
    pub(crate) aloud: bool,
}

impl Outbox {
    /// Appends a line once: a second attempt with the same key, after a kill, has no effect.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) async fn send(&self, key: &str, text: &str) -> io::Result<()> {
        tokio::time::sleep(self.pause).await;
        // A line break in a user's text would begin a second entry.
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

/// Prints a line. A closed pipe is no error: its reader has seen enough.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
