//! A turn-by-turn assistant: each turn is a run that continues the one before, so the conversation lives as long as its
//! file.
//!
//! Read `workflow.rs` first. The model is behind a trait in `model.rs`, and `stub.rs` has one that needs no network.

mod conversation;
mod model;
mod stub;
mod workflow;

pub use conversation::{Conversation, Line, Speaker};
pub use model::{BoxFuture, Model, SharedModel, Thought, Tool};
pub use stub::Stub;
pub use workflow::{calculate, think, turn};
