//! Whoever sits at the terminal: reads what comes of the folder, and is asked about doubtful files.

use ingest::{Doubtful, Verdict};
use std::io::Write as _;
use std::time::Duration;
use steadfast::{Engine, EngineError, Result, Run};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How often it is looked whether there is a question.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Answers the questions of a run as they come, for as long as it is awaited: with this verdict, or by asking.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn answer_questions(engine: &Engine, run: &Run, verdict: Option<Verdict>) -> Result<()> {
    let mut lines = None;
    loop {
        for open in run.requests().await? {
            let doubtful: Doubtful = open.read()?;
            let verdict = match verdict {
                Some(verdict) => verdict,
                None => ask(lines.get_or_insert_with(typed), &doubtful).await,
            };
            match engine.answer(&open.id, verdict).await {
                // Somebody else was faster.
                Ok(()) | Err(EngineError::NoSuchRequest { .. } | EngineError::Answered { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Asks until there is an answer. Meanwhile the workflow goes on with everything else.
async fn ask(lines: &mut UnboundedReceiver<String>, Doubtful { file, why }: &Doubtful) -> Verdict {
    loop {
        note(&format!("{file}: {why}. Count it all the same? [y/n]"));
        match lines.recv().await.as_deref().map(str::trim) {
            Some("y" | "yes") => return Verdict::Count,
            Some("n" | "no") => return Verdict::Drop,
            Some(_) => {}
            None => {
                note(&format!("nobody answers: {file} is left out"));
                return Verdict::Drop;
            }
        }
    }
}

/// The lines that are typed, until the end of the input. Reading them blocks a thread of its own, which ends with the
/// program.
fn typed() -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    std::thread::spawn(move || {
        std::io::stdin()
            .lines()
            .map_while(std::io::Result::ok)
            .take_while(|line| sender.send(line.clone()).is_ok())
            .count()
    });
    lines
}

/// Prints a line of the result. Who reads only the beginning has seen what he wanted.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line beside the result.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
