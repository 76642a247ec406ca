//! What is known of a graph before anything runs: plain data, so that the compiler can check it.

use crate::record::EventInfo;
use std::time::Duration;

/// A request, by the recorded names.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What is asked.
    pub name: &'static str,
    /// What is answered.
    pub answer: &'static str,
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A step.
    Event(EventInfo),
    /// The start of the run, with this input.
    Begin(fn() -> &'static str),
    /// The answer to a question.
    Answer(Question),
    /// A step that failed for good.
    Failure,
}

/// What a type that a step takes stands for.
pub(super) type Taken = Source;

/// What a type that a step returns stands for.
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
    /// Any number of what is inside.
    Many(&'static Self),
    /// Perhaps what is inside.
    Maybe(&'static Self),
    /// All of these.
    All(&'static [&'static Self]),
    /// One of these.
    One(&'static [&'static Self]),
}

/// One event parameter of a step.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// What it takes.
    pub taken: Taken,
    /// Whether it waits for several.
    pub collect: bool,
    /// How many; all of a fan-out if none is said.
    pub count: Option<usize>,
    /// The step whose fan-out it waits for; the nearest above if none is said.
    pub from: Option<&'static str>,
}

/// What a step begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Its events.
    Events,
    /// Time: again and again after this.
    Every(Duration),
    /// Time: once, so long after the start.
    After(Duration),
}

/// One step of a graph.
#[derive(Clone, Copy, Debug)]
pub struct StepShape {
    /// The recorded name.
    pub name: &'static str,
    /// Its event parameters.
    pub inputs: &'static [Input],
    /// What it returns.
    pub output: Shape,
    /// What it sends by hand.
    pub sends: &'static [EventInfo],
    /// What it begins with.
    pub trigger: Trigger,
    /// How many of it run at once; any number if none is said.
    pub workers: Option<usize>,
    /// Whether it reads the context.
    pub reads: bool,
    /// How often it takes the failure of a step in one line of descent, if it is the one that does.
    pub catches: Option<u32>,
}

impl Shape {
    /// Whether it may stand for several events, so that what returns it opens a fan-out.
    #[must_use]
    pub const fn is_several(&self) -> bool {
        match self {
            Self::Many(_) => true,
            Self::All(parts) => {
                let (mut index, mut events) = (0, 0);
                while index < parts.len() {
                    // A change of the context is no event beside the others.
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

    /// Calls with everything that it may stand for: an event, a question or a stop.
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

    /// Whether it may stand for what an input takes.
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

    /// Whether it may end the run.
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

    /// The name of the context that it may change.
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

    /// Whether nobody is called by it and nothing ends with it.
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
    /// Whether it may give what an input takes, in its result or by hand.
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

    /// Whether its events wait for others of their fan-out.
    #[must_use]
    pub const fn collects(&self) -> bool {
        !self.inputs.is_empty() && self.inputs[0].collect
    }
}

impl Question {
    /// Whether both are the same.
    #[must_use]
    pub const fn is(&self, other: &Self) -> bool {
        same(self.name, other.name) && same(self.answer, other.answer)
    }
}

impl Source {
    /// Whether both are the same.
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

/// Whether two texts are the same. From the end on, where the paths of types differ first: this is interpreted by the
/// compiler, often.
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
