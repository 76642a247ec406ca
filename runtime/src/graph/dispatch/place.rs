//! The places of events in the journal, for the entry of the step that takes them.

use super::Node;
use crate::graph::payload::Each;
use crate::value::Value;
use std::fmt::{self, Write as _};

/// The place of an event in the journal.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// The input of the run.
    Begin,
    /// In the result of the step at a command index: the index of the event, from 0.
    Returned(u64, usize),
    /// Sent by hand by the step at a command index: the number of the event, from 1.
    Sent(u64, u64),
    /// The failure of the step at a command index.
    Failure(u64),
    /// Received from outside by the call at a command index.
    Came(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => f.write_str("begin"),
            Self::Returned(position, place) => write!(f, "{position}.{place}"),
            Self::Sent(position, number) => write!(f, "{position}+{number}"),
            Self::Failure(position) => write!(f, "{position}!"),
            Self::Came(position) => write!(f, "{position}"),
        }
    }
}

/// Encodes the places of a call's events, for its entry: the events are stored once, in the result of the step that
/// returned them.
pub(super) fn sources(inputs: &Each<Node>) -> Value {
    let mut text = String::with_capacity(24);
    text.push('[');
    for parameter in 0..inputs.parameters() {
        let nodes = inputs.parameter(parameter);
        if parameter > 0 {
            text.push(',');
        }
        let several = nodes.len() != 1;
        if several {
            text.push('[');
        }
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\"{}\"", node.place);
        }
        if several {
            text.push(']');
        }
    }
    text.push(']');
    Value::json(text.into_bytes())
}
