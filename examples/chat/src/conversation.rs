//! The memory of the assistant: the typed state that is carried from turn to turn.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use steadfast::StepContext;

/// The number of lines that are kept. It bounds both the model's input and the state that each turn stores.
pub(crate) const KEPT: usize = 40;

/// The state of a conversation. Each turn begins with the state at the end of the previous one.
#[derive(StepContext, Clone, Debug)]
pub struct Conversation {
    /// The number of turns so far.
    #[context(default)]
    pub turns: u32,
    /// The facts to remember, by subject.
    #[context(default)]
    pub facts: BTreeMap<String, String>,
    /// The last lines, the oldest first.
    #[context(default)]
    pub lines: Vec<Line>,
}

impl Conversation {
    /// Returns the lines with one more, cut to the last [`KEPT`].
    pub(crate) fn with_line(&self, speaker: Speaker, text: &str) -> Vec<Line> {
        let mut lines = self.lines.clone();
        lines.push(Line { speaker, text: text.to_owned() });
        lines.drain(..lines.len().saturating_sub(KEPT));
        lines
    }
}

/// One line of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The speaker.
    pub speaker: Speaker,
    /// The spoken text.
    pub text: String,
}

/// A speaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaker {
    /// The person.
    Person,
    /// The assistant.
    Assistant,
    /// A tool, whose lines only the assistant reads.
    Tool,
}
