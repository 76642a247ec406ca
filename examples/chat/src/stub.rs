//! A model without a network: the same conversation always returns the same thought.

use crate::conversation::{Conversation, Line, Speaker};
use crate::model::{BoxFuture, Model, Thought, Tool};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use steadfast::Result;

/// A model that knows a handful of sentences.
#[derive(Clone, Debug, Default)]
pub struct Stub {
    /// The time for one thought, to have time to kill the process.
    pub pause: Duration,
    /// A file that gets a line for each thought, as a bill would.
    pub bill: Option<PathBuf>,
}

impl Model for Stub {
    fn think<'a>(&'a self, conversation: &'a Conversation, key: &'a str) -> BoxFuture<'a, Result<Thought>> {
        Box::pin(async move {
            if let Some(bill) = &self.bill {
                let mut bill = std::fs::OpenOptions::new().create(true).append(true).open(bill)?;
                bill.write_all(format!("{key}\n").as_bytes())?;
            }
            tokio::time::sleep(self.pause).await;
            Ok(thought(conversation))
        })
    }
}

fn thought(conversation: &Conversation) -> Thought {
    let Some(Line { speaker, text }) = conversation.lines.last() else { return Thought::Say("Yes?".into()) };
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric() && letter != '-').filter(|word| !word.is_empty()).collect();
    if *speaker == Speaker::Tool {
        return Thought::Say(format!("That is {text}."));
    }
    let name = conversation.facts.get("name");
    let lower = text.to_lowercase();
    if let Some(given) = lower.find("my name is ").and_then(|at| text.get(at + "my name is ".len()..)) {
        let given = given.trim_end_matches(['.', '!', ' ']);
        return if name.is_some_and(|name| name == given) {
            Thought::Say(format!("Nice to meet you, {given}."))
        } else {
            Thought::Remember { about: "name".into(), fact: given.to_owned() }
        };
    }
    let numbers: Vec<i64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if numbers.len() > 1 {
        return Thought::Use(Tool::Add(numbers));
    }
    Thought::Say(match lower.as_str() {
        _ if lower.contains("my name") => {
            name.map_or_else(|| "You have not told me your name.".into(), |name| format!("Your name is {name}."))
        }
        _ if lower.contains("how many") => format!("This is turn {}.", conversation.turns + 1),
        _ if lower.contains("before") => {
            let said = conversation.lines.iter().rev().filter(|line| line.speaker == Speaker::Person).nth(1);
            said.map_or_else(|| "Nothing, so far.".into(), |line| format!("You said: {}", line.text))
        }
        _ => match name {
            Some(name) => format!("I see, {name}: {} words.", words.len()),
            None => format!("I see: {} words.", words.len()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::thought;
    use crate::conversation::{Conversation, Line, Speaker};
    use crate::model::{Thought, Tool};

    fn of(speaker: Speaker, text: &str) -> Thought {
        let line = Line { speaker, text: text.into() };
        thought(&Conversation::builder().lines(vec![line]).turns(3).build())
    }

    #[test]
    fn the_same_gives_the_same() {
        let say = |text: &str| Thought::Say(text.into());
        assert_eq!(of(Speaker::Person, "hello there"), say("I see: 2 words."));
        assert_eq!(of(Speaker::Person, "How many?"), say("This is turn 4."));
        assert_eq!(of(Speaker::Person, "What is my name?"), say("You have not told me your name."));
        let remember = Thought::Remember { about: "name".into(), fact: "Ada".into() };
        assert_eq!(of(Speaker::Person, "My name is Ada."), remember);
        assert_eq!(of(Speaker::Person, "add 2 and -3"), Thought::Use(Tool::Add(vec![2, -3])));
        assert_eq!(of(Speaker::Tool, "-1"), say("That is -1."));
    }
}
