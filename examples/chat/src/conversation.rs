//! What an assistant knows: the typed state that goes from turn to turn.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use steadfast::StepContext;

/// How many lines are kept: what a model is told must end somewhere, and so must what each turn stores.
pub(crate) const KEPT: usize = 40;

/// The state of a conversation. Each turn begins with that of the turn before.
#[derive(StepContext, Clone, Debug)]
pub struct Conversation {
    /// How many turns there were.
    #[context(default)]
    pub turns: u32,
    /// What the assistant has been asked to remember.
    #[context(default)]
    pub facts: BTreeMap<String, String>,
    /// The last lines, the oldest first.
    #[context(default)]
    pub lines: Vec<Line>,
}

impl Conversation {
    /// The lines with one more.
    pub(crate) fn with_line(&self, speaker: Speaker, text: &str) -> Vec<Line> {
        let mut lines = self.lines.clone();
        lines.push(Line { speaker, text: text.to_owned() });
        lines.drain(..lines.len().saturating_sub(KEPT));
        lines
    }
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// By whom.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaker {
    /// The person.
    Person,
    /// The assistant.
    Assistant,
    /// A tool, to the assistant only.
    Tool,
}
