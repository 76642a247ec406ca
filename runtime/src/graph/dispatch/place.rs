//! Where events are in the journal: what the entry of a step says of those that it takes.

use super::Node;
use crate::graph::payload::Each;
use crate::value::Value;
use std::fmt::{self, Write as _};

/// Where an event is in the journal.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// It is the input of the run.
    Begin,
    /// In the result of the step at a position: which of its events, from 0.
    Returned(u64, usize),
    /// Sent by hand by the step at a position: which of its events, from 1.
    Sent(u64, u64),
    /// It is the failure of the step at a position.
    Failure(u64),
    /// It came to the call at a position, from outside.
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

/// Where the events of an invocation are, for its entry: they are stored once, with the step that returned them.
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
            // A text takes whatever is written.
            let _ = write!(text, "\"{}\"", node.place);
        }
        if several {
            text.push(']');
        }
    }
    text.push(']');
    Value::json(text.into_bytes())
}
