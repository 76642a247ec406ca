//! What a language model is to this program.

use crate::conversation::Conversation;
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::sync::Arc;
use steadfast::Result;

/// A future in a box: a trait with `async fn`s could not be behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A model, of whatever maker.
pub trait Model: Send + Sync {
    /// What it makes of the conversation, whose last line was said to it just now. `key` is the same for all attempts of one
    /// thought: whoever bills by the thought can tell that it is the same.
    ///
    /// # Errors
    /// It cannot be reached, say: another attempt may help.
    fn think<'a>(&'a self, conversation: &'a Conversation, key: &'a str) -> BoxFuture<'a, Result<Thought>>;
}

/// What the engine has at hand for the steps: which model it is can change with every start.
pub type SharedModel = Arc<dyn Model>;

/// What comes of thinking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Thought {
    /// It has an answer.
    Say(String),
    /// It wants something to be remembered, and thinks on.
    Remember {
        /// What it is about.
        about: String,
        /// What is to be remembered of it.
        fact: String,
    },
    /// It needs a tool, and thinks on once it has what came of it.
    Use(Tool),
}

/// A tool that the model may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tool {
    /// Adds numbers.
    Add(Vec<i64>),
}
