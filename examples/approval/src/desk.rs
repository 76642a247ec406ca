//! The commands of a person in another process: list open questions, answer one, read a history.

use crate::expense::{Decision, Question, State, Verdict};
use crate::moment::utc;
use crate::outbox::say;
use crate::workflow::{LINES, STATE};
use steadfast::{Engine, EngineError, Error, Result};

/// Prints the open questions, the oldest first.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn list(engine: &Engine) -> Result<()> {
    let mut open = engine.requests().await?;
    open.sort_by_key(|request| request.asked_at);
    for request in &open {
        let Question { expense, asked, remark } = request.read()?;
        let until =
            request.due.map_or_else(|| "for as long as it takes".to_owned(), |due| format!("until {}", utc(due)));
        say(&format!("{}  {expense}", request.id));
        say(&format!("    asks {asked}, {until}; expense {}", request.run));
        if let Some(remark) = remark {
            say(&format!("    asked again: {remark}"));
        }
    }
    if open.is_empty() {
        say("no question is open");
    }
    Ok(())
}

/// Answers a question. The answer is durable when this returns, also if no other process runs.
///
/// # Errors
/// The question is closed or does not exist: one sentence says which.
pub(crate) async fn answer(engine: &Engine, question: &str, verdict: Verdict) -> Result<()> {
    let word = if verdict.decision == Decision::Approved { "approved" } else { "rejected" };
    let open = match engine.request(question).await {
        Ok(open) => Some(open),
        Err(EngineError::Answered { .. }) => None,
        Err(error) => return Err(in_words(error)),
    };
    let by = verdict.by.clone();
    engine.answer(question, verdict).await.map_err(in_words)?;
    match open {
        Some(open) => say(&format!("{word} by {by}: {}", open.read::<Question>()?.expense)),
        None => say(&format!("{question} was {word} by {by} before: nothing has changed")),
    }
    Ok(())
}

/// Converts an error of the engine into a sentence of this program.
fn in_words(error: EngineError) -> Error {
    match error {
        EngineError::NoSuchRequest { id } => {
            Error::msg(format!("no question {id} waits for an answer; `approval list` shows those that do"))
        }
        EngineError::Answered { request } => {
            let help = "`approval history` of its expense says how";
            Error::msg(format!("question {request} was answered already, and otherwise: {help}"))
        }
        other => other.into(),
    }
}

/// Prints the published state of an expense, its stream of lines, and its journal.
///
/// # Errors
/// There is no such expense.
pub(crate) async fn history(engine: &Engine, id: &str) -> Result<()> {
    let run = match engine.run(id).await {
        Err(EngineError::NoSuchRun { id }) => {
            return Err(Error::msg(format!("there is no expense {id}; `approval list` names those that wait")));
        }
        run => run?,
    };
    let state = run.try_published::<State>(STATE).await?;
    say(&state.map_or_else(|| "has not begun".to_owned(), |state| state.to_string()));
    let mut lines = run.stream::<String>(LINES);
    while let Some((number, line)) = lines.try_next().await? {
        say(&format!("{number:>5} {line}"));
    }
    say("\nthe journal:");
    for entry in run.history().await? {
        say(&entry.to_string());
    }
    Ok(())
}
