//! Steadfast: typed, durable workflow state.

pub mod journal;
pub mod store;
pub mod value;
