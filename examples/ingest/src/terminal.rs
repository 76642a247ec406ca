//! The terminal: shows the progress, and asks about doubtful files.

use ingest::{Doubtful, Verdict};
use std::io::Write as _;
use std::time::Duration;
use steadfast::{Engine, EngineError, OpenRequest, Result, Run};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The interval between checks for open questions.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Shows the progress of a run until it has ended, and answers its questions: with `verdict`, or by asking.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn attend(engine: &Engine, run: &Run, mut verdict: Option<Verdict>) -> Result<()> {
    let mut lines = None;
    while verdict.is_none() {
        // While a question is open, nothing is drawn over it. The workflow continues with everything else.
        let open = tokio::select! {
            open = question(run) => open?,
            seen = run.watch_in_terminal() => return Ok(seen?),
        };
        match ask(lines.get_or_insert_with(typed), &open.read()?).await {
            Some(said) => answer(engine, &open, said).await?,
            None => verdict = Some(Verdict::Drop),
        }
    }
    let answering = async {
        while let Some(verdict) = verdict {
            answer(engine, &question(run).await?, verdict).await?;
        }
        Ok(())
    };
    tokio::select! {
        failed = answering => failed,
        seen = run.watch_in_terminal() => Ok(seen?),
    }
}

/// Waits for an open question, and returns the oldest.
async fn question(run: &Run) -> Result<OpenRequest> {
    loop {
        let open = run.requests().await?;
        if let Some(oldest) = open.into_iter().min_by_key(|open| open.asked_at) {
            return Ok(oldest);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn answer(engine: &Engine, open: &OpenRequest, verdict: Verdict) -> Result<()> {
    match engine.answer(&open.id, verdict).await {
        // The request may have been answered elsewhere.
        Ok(()) | Err(EngineError::NoSuchRequest { .. } | EngineError::Answered { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Asks until there is an answer. Returns `None` at the end of the input.
async fn ask(lines: &mut UnboundedReceiver<String>, Doubtful { file, why }: &Doubtful) -> Option<Verdict> {
    loop {
        note(&format!("{file}: {why}. Count it all the same? [y/n]"));
        match lines.recv().await.as_deref().map(str::trim) {
            Some("y" | "yes") => return Some(Verdict::Count),
            Some("n" | "no") => return Some(Verdict::Drop),
            Some(_) => {}
            None => {
                note("nobody answers: what is doubtful is left out");
                return None;
            }
        }
    }
}

/// Returns the typed lines, until the end of the input. Reading blocks its own thread, which ends with the program.
fn typed() -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    let read = move || {
        std::io::stdin()
            .lines()
            .map_while(std::io::Result::ok)
            .take_while(|line| sender.send(line.clone()).is_ok())
            .count()
    };
    // Without the thread the channel is closed, as at the end of the input.
    if let Err(error) = std::thread::Builder::new().spawn(read) {
        note(&format!("no lines are read from the terminal: {error}"));
    }
    lines
}

/// Prints a line of the result. A closed pipe is no error: its reader has seen enough.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line to standard error, beside the result.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
