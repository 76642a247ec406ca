//! Writes of a step before it ends.

use crate::value::Value;

/// The kind of a step's write.
#[derive(Debug)]
pub(crate) enum Written {
    /// An item of a stream, for observers.
    Item { stream: String },
    /// An event, for the following steps.
    Event { name: &'static str },
}

/// A write of a step before it ends.
#[derive(Debug)]
pub(crate) struct StepWrite {
    pub(crate) position: u64,
    pub(crate) attempt: u32,
    /// The place of the write in the source and how often it was reached: the same for all attempts.
    pub(crate) key: String,
    pub(crate) what: Written,
    pub(crate) value: Value,
}
