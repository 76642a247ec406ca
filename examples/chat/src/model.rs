//! The interface of a language model.

use crate::conversation::Conversation;
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::sync::Arc;
use steadfast::Result;

/// A boxed future: a trait with `async fn`s could not be used through `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A language model.
pub trait Model: Send + Sync {
    /// Answers the conversation, whose last line is new. `key` is the same for all attempts of one thought, so that a
    /// service that bills each thought recognizes a repetition.
    ///
    /// # Errors
    /// The model cannot be reached, for example. Another attempt may succeed.
    fn think<'a>(&'a self, conversation: &'a Conversation, key: &'a str) -> BoxFuture<'a, Result<Thought>>;
}

/// The resource of the steps. Each start may use another model.
pub type SharedModel = Arc<dyn Model>;

/// The result of one call of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Thought {
    /// The answer.
    Say(String),
    /// A fact to remember. The model is called again.
    Remember {
        /// The subject of the fact.
        about: String,
        /// The fact itself.
        fact: String,
    },
    /// A call of a tool. The model is called again with the result.
    Use(Tool),
}

/// A tool that the model may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tool {
    /// Adds numbers.
    Add(Vec<i64>),
}
