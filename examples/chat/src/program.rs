//! Runs the turns of one conversation, one after the other.

use crate::arguments::{Arguments, Task};
use chat::{Conversation, SharedModel, Speaker, Stub, turn};
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;
use steadfast::{Engine, EngineError, Error, Result, RunFilter};

/// Runs the subcommand.
///
/// # Errors
/// The database cannot be used, or the model returns no answer.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { task, conversation, database, pause } = arguments;
    if task == Task::History && !database.exists() {
        let shown = database.display();
        return Err(Error::msg(format!("{shown} does not exist; say something first, or name it with --database")));
    }
    let mut bill = database.as_os_str().to_owned();
    bill.push("-bill");
    let model: SharedModel = Arc::new(Stub { pause, bill: Some(bill.into()) });
    let engine = Engine::builder().sqlite(&database).workflow(turn).resource(model);
    let engine = engine.start().await?;
    let mut talk = Talk::open(engine, conversation).await?;
    match task {
        Task::Talk => {
            if let Some(answer) = talk.left_over().await? {
                say_late(&answer);
            }
            while let Some(line) = typed()? {
                if !line.trim().is_empty() {
                    talk.turn(line.trim()).await?;
                }
            }
        }
        Task::Say(said) => talk.turn(&said).await?,
        Task::History => talk.history().await?,
    }
    talk.engine.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

/// A conversation: its turns are runs named `NAME/1`, `NAME/2` and so on.
struct Talk {
    engine: Engine,
    name: String,
    /// The number of turns that were started.
    turns: u64,
}

impl Talk {
    async fn open(engine: Engine, name: String) -> Result<Self> {
        let mut talk = Self { engine, name, turns: 0 };
        let mut filter = RunFilter::all().id_prefix(format!("{}/", talk.name));
        loop {
            let page = talk.engine.list(filter.clone()).await?;
            let Some(last) = page.last() else { return Ok(talk) };
            filter = filter.after(last.number);
            talk.turns += page.len() as u64;
        }
    }

    fn id(&self, turn: u64) -> String {
        format!("{}/{turn}", self.name)
    }

    /// Waits for the answer of the last turn, if a killed process left that turn unfinished. Otherwise returns `None`.
    async fn left_over(&self) -> Result<Option<String>> {
        if self.turns == 0 {
            return Ok(None);
        }
        let last = self.engine.handle(turn, &self.id(self.turns)).await?;
        if last.status().await?.status.is_final() {
            return Ok(None);
        }
        Ok(Some(last.result().await?))
    }

    /// Says something, and prints the answer. An unfinished turn is completed first. If it has the same input, it is
    /// this turn: a message that is repeated after a kill counts once.
    async fn turn(&mut self, said: &str) -> Result<()> {
        if let Some(answer) = self.left_over().await? {
            if self.begin(self.turns, said).await? {
                say(&answer);
                return Ok(());
            }
            say_late(&answer);
        }
        loop {
            self.turns += 1;
            if self.begin(self.turns, said).await? {
                say(&self.engine.handle(turn, &self.id(self.turns)).await?.result().await?);
                return Ok(());
            }
            // Another process has started this turn with another input.
            self.engine.handle(turn, &self.id(self.turns)).await?.result().await?;
        }
    }

    /// Starts a turn, unless it exists already. Returns `false` if it exists with another input.
    async fn begin(&self, number: u64, said: &str) -> Result<bool> {
        let mut start = self.engine.start(turn, said.to_owned()).id(self.id(number));
        if number > 1 {
            start = start.continuing(self.id(number - 1));
        }
        match start.await {
            Ok(_) => Ok(true),
            Err(EngineError::OtherInput { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Prints the conversation and the remembered facts.
    async fn history(&self) -> Result<()> {
        let mut conversation = None;
        // A turn that has just begun has no context yet.
        for turn in (1..=self.turns).rev().take(2) {
            let run = self.engine.run(&self.id(turn)).await?;
            conversation = run.context_at::<Conversation>(u64::MAX).await?;
            if conversation.is_some() {
                break;
            }
        }
        let none = || Error::msg(format!("nothing was said in conversation `{}`", self.name));
        let conversation = conversation.ok_or_else(none)?;
        for line in &conversation.lines {
            let speaker = match line.speaker {
                Speaker::Person => "you",
                Speaker::Assistant => "it",
                Speaker::Tool => "tool",
            };
            say(&format!("{speaker:>5}: {}", line.text));
        }
        say(&format!("{} turns", conversation.turns));
        for (about, fact) in &conversation.facts {
            say(&format!("remembered: {about} is {fact}"));
        }
        Ok(())
    }
}

/// Reads the next line of the input. Returns `None` at its end.
fn typed() -> Result<Option<String>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let mut output = std::io::stdout();
        output.write_all(b"> ")?;
        output.flush()?;
    }
    let mut line = String::new();
    Ok((input.read_line(&mut line)? > 0).then_some(line))
}

fn say_late(answer: &str) {
    say(&format!("(to what was said before: {answer})"));
}

/// Prints a line. A closed pipe is no error: its reader has seen enough.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
