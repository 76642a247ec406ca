//! The static data on a graph, for checks by the compiler.

use crate::record::EventInfo;
use std::time::Duration;

/// A request, by its recorded names.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The name of the question's type.
    pub name: &'static str,
    /// The name of the answer's type.
    pub answer: &'static str,
}

/// The origin of an event.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A step that returns or sends it, or the outside.
    Event(EventInfo),
    /// The start of the run, with this input.
    Begin(fn() -> &'static str),
    /// The answer to a request.
    Answer(Question),
    /// A step that failed for good.
    Failure,
}

/// The origin of the events of a parameter's type.
pub(super) type Taken = Source;

/// The events that a return type may emit.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// No event.
    Nothing,
    /// One event.
    Event(&'static EventInfo),
    /// The end of the run, with this result.
    Stop(fn() -> &'static str),
    /// A request.
    Ask(Question),
    /// A change of the context of this name.
    Update(&'static str),
    /// Any number of the inner shape.
    Many(&'static Self),
    /// The inner shape, or nothing.
    Maybe(&'static Self),
    /// All of these.
    All(&'static [&'static Self]),
    /// One of these.
    One(&'static [&'static Self]),
}

/// One event parameter of a step.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The origin of its events.
    pub taken: Taken,
    /// Whether it waits for several events.
    pub collect: bool,
    /// The number of events to wait for; `None` for all of a fan-out.
    pub count: Option<usize>,
    /// The step whose fan-out it waits for; `None` for the nearest above.
    pub from: Option<&'static str>,
}

/// The trigger that starts a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Its events.
    Events,
    /// A timer that fires again and again, with this period.
    Every(Duration),
    /// A timer that fires once, this long after the start.
    After(Duration),
}

/// One step of a graph.
#[derive(Clone, Copy, Debug)]
pub struct StepShape {
    /// The recorded name.
    pub name: &'static str,
    /// Its event parameters.
    pub inputs: &'static [Input],
    /// The events that it returns.
    pub output: Shape,
    /// The events that it sends by hand.
    pub sends: &'static [EventInfo],
    /// The trigger that starts it.
    pub trigger: Trigger,
    /// The number of calls that run at once; `None` for no limit.
    pub workers: Option<usize>,
    /// Whether it reads the context.
    pub reads: bool,
    /// The number of failures it catches along one chain of events; `None` if it catches none.
    pub catches: Option<u32>,
}

impl StepShape {
    /// The shape of a step that does not compile, for which there are no further rules.
    pub(super) const UNKNOWN: Self = Self {
        name: "",
        inputs: &[],
        output: Shape::Nothing,
        sends: &[],
        trigger: Trigger::Events,
        workers: None,
        reads: false,
        catches: None,
    };
}

impl Shape {
    /// Returns whether it may emit several events, so that the step opens a fan-out.
    #[must_use]
    pub const fn is_several(&self) -> bool {
        match self {
            Self::Many(_) => true,
            Self::All(parts) => {
                let (mut index, mut events) = (0, 0);
                while index < parts.len() {
                    // A change of the context does not count as an event.
                    if !matches!(parts[index], Self::Update(_)) {
                        events += 1;
                    }
                    if events > 1 || parts[index].is_several() {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            Self::Maybe(inner) => inner.is_several(),
            Self::One(parts) => {
                let mut index = 0;
                while index < parts.len() {
                    if parts[index].is_several() {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            Self::Nothing | Self::Event(_) | Self::Stop(_) | Self::Ask(_) | Self::Update(_) => false,
        }
    }

    /// Calls `visit` for each event, request and stop that it may emit, with whether there may be several.
    pub(super) fn each(&'static self, visit: &mut dyn FnMut(&'static Self, bool)) {
        self.visit(false, visit);
    }

    fn visit(&'static self, many: bool, visit: &mut dyn FnMut(&'static Self, bool)) {
        match self {
            Self::Nothing | Self::Update(_) => {}
            Self::Event(_) | Self::Stop(_) | Self::Ask(_) => visit(self, many),
            Self::Many(inner) => inner.visit(true, visit),
            Self::Maybe(inner) => inner.visit(many, visit),
            Self::All(parts) | Self::One(parts) => parts.iter().for_each(|part| part.visit(many, visit)),
        }
    }

    /// Returns whether it may emit the event that an input takes.
    #[must_use]
    pub const fn gives(&self, taken: &Taken) -> bool {
        match (self, taken) {
            (Self::Event(event), Source::Event(taken)) => same(event.path, taken.path),
            (Self::Ask(asked), Source::Answer(taken)) => asked.is(taken),
            (Self::Many(inner) | Self::Maybe(inner), taken) => inner.gives(taken),
            (Self::All(parts) | Self::One(parts), taken) => {
                let mut index = 0;
                while index < parts.len() {
                    if parts[index].gives(taken) {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            _ => false,
        }
    }

    /// Returns whether it may end the run.
    #[must_use]
    pub const fn stops(&self) -> bool {
        match self {
            Self::Stop(_) => true,
            Self::Many(inner) | Self::Maybe(inner) => inner.stops(),
            Self::All(parts) | Self::One(parts) => {
                let mut index = 0;
                while index < parts.len() {
                    if parts[index].stops() {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            Self::Nothing | Self::Event(_) | Self::Ask(_) | Self::Update(_) => false,
        }
    }

    /// Returns the name of the context that it may change.
    #[must_use]
    pub const fn updates(&self) -> Option<&'static str> {
        match self {
            Self::Update(context) => Some(context),
            Self::Many(inner) | Self::Maybe(inner) => inner.updates(),
            Self::All(parts) | Self::One(parts) => {
                let mut index = 0;
                while index < parts.len() {
                    if let Some(context) = parts[index].updates() {
                        return Some(context);
                    }
                    index += 1;
                }
                None
            }
            Self::Nothing | Self::Event(_) | Self::Stop(_) | Self::Ask(_) => None,
        }
    }

    /// Returns whether it calls no step and does not end the run.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing | Self::Update(_) => true,
            Self::Many(inner) | Self::Maybe(inner) => inner.is_nothing(),
            Self::All(parts) | Self::One(parts) => {
                let mut index = 0;
                while index < parts.len() {
                    if !parts[index].is_nothing() {
                        return false;
                    }
                    index += 1;
                }
                true
            }
            Self::Event(_) | Self::Stop(_) | Self::Ask(_) => false,
        }
    }
}

impl StepShape {
    /// Returns whether it may return or send the event that an input takes.
    #[must_use]
    pub const fn gives(&self, taken: &Taken) -> bool {
        if self.output.gives(taken) {
            return true;
        }
        let Source::Event(event) = taken else { return false };
        let mut index = 0;
        while index < self.sends.len() {
            if same(self.sends[index].path, event.path) {
                return true;
            }
            index += 1;
        }
        false
    }

    /// Returns whether its events wait for others of their fan-out.
    #[must_use]
    pub const fn collects(&self) -> bool {
        !self.inputs.is_empty() && self.inputs[0].collect
    }
}

impl Question {
    /// Returns whether both requests are the same.
    #[must_use]
    pub const fn is(&self, other: &Self) -> bool {
        same(self.name, other.name) && same(self.answer, other.answer)
    }
}

impl Source {
    /// Returns whether both origins are the same.
    #[must_use]
    pub const fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Event(one), Self::Event(other)) => same(one.path, other.path),
            (Self::Answer(one), Self::Answer(other)) => one.is(other),
            (Self::Begin(_), Self::Begin(_)) | (Self::Failure, Self::Failure) => true,
            _ => false,
        }
    }
}

/// Returns whether two texts are equal. Compares from the end, where paths of types differ first: the compiler
/// interprets this often.
pub(super) const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = one.len();
    while index > 0 {
        index -= 1;
        if one[index] != other[index] {
            return false;
        }
    }
    true
}
