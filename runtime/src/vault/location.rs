//! Locations of values: a secret is bound to its location, so that it cannot be moved to another.

use std::fmt;

/// The location of a value that is encoded or decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// A field of a context, by the name under which it is recorded.
    Field(&'a str),
    /// The arguments of a step.
    Arguments(&'a str),
    /// The input of a child run of this workflow, as recorded by the run that starts it.
    ChildInput(&'a str),
    /// The result of a step, or its error.
    Result(&'a str),
    /// The input of a workflow.
    Input,
    /// The result of a workflow, or its error.
    Output,
    /// A message, a request or an answer, by the name of its channel.
    Message(&'a str),
    /// An output of a run, by its channel.
    Published(&'a str),
}

impl<'a> Location<'a> {
    /// Returns the kind and the name, which together a secret is bound to.
    pub(super) const fn parts(self) -> (&'static str, &'a str) {
        match self {
            Self::Field(name) => ("field:", name),
            Self::Arguments(step) => ("args:", step),
            Self::ChildInput(workflow) => ("args:start ", workflow),
            Self::Result(step) => ("result:", step),
            Self::Input => ("input", ""),
            Self::Output => ("output", ""),
            Self::Message(channel) => ("message:", channel),
            Self::Published(channel) => ("shown:", channel),
        }
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.parts();
        write!(f, "{kind}{name}")
    }
}
