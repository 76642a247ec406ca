//! Human-in-the-loop requests between two steps of a graph.

use super::emit::{Emission, Emits};
use super::items::ASK;
use super::payload::Payload;
use super::shape::{Question, Shape, Source, Taken};
use super::start::{NoBegin, NoStop};
use super::take::{Takes, another};
use crate::codec::{self, CodecError, JsonText, Location};
use crate::fields::Coder;
use crate::message::{self, Message};
use crate::value::Value;
use std::marker::PhantomData;
use std::time::Duration;

/// A human-in-the-loop request that a step returns. The run waits durably for its answer `A`, and continues with the
/// step that takes `Answered<Q, A>`. The asking step does not run again.
///
/// [`Engine::requests`](crate::Engine::requests) lists it, and [`Engine::answer`](crate::Engine::answer) answers it.
#[derive(Clone, Debug)]
pub struct Ask<Q, A> {
    question: Q,
    within: Option<Duration>,
    answer: PhantomData<fn() -> A>,
}

impl<Q: Message, A: Message> Ask<Q, A> {
    /// Creates a request without a time limit.
    #[must_use]
    pub const fn new(question: Q) -> Self {
        Self { question, within: None, answer: PhantomData }
    }

    /// Sets a time limit, rounded up to milliseconds, from the end of the step: after it the answer is `None`.
    #[must_use]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }
}

/// A human-in-the-loop request with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<Q, A> {
    /// The question.
    pub question: Q,
    /// The answer; `None` if none came within the time limit.
    pub answer: Option<A>,
}

/// A request as it is written in the result of a step.
pub(super) struct Written<'a> {
    /// The time limit, in milliseconds.
    pub(super) within: Option<i64>,
    pub(super) question: JsonText<'a>,
}

#[diagnostic::do_not_recommend]
impl<Q: Message, A: Message> Emits for Ask<Q, A> {
    const SHAPE: Shape = Shape::Ask(Question { name: Q::NAME, answer: A::NAME });
    type Stop = NoStop;

    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        let question = codec::record_at(out.coder(), out.location(), &self.question)?;
        let question = JsonText::new(&question.bytes).map_err(|error| CodecError {
            path: String::new(),
            message: format!("question `{}` cannot be asked: {error}", Q::NAME),
        })?;
        let within = self.within.map(|limit| i64::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX));
        let within = within.map_or_else(|| "null".to_owned(), |limit| limit.to_string());
        let text = format!(r#"{{"within":{within},"question":{}}}"#, question.get());
        out.json(&format!("{ASK}{}", Q::NAME), text.as_bytes())
    }
}

#[diagnostic::do_not_recommend]
impl<Q: Message, A: Message> Takes for Answered<Q, A> {
    const TAKEN: Taken = Source::Answer(Question { name: Q::NAME, answer: A::NAME });
    type Begin = NoBegin;

    fn take(coder: Coder<'_>, payload: &Payload) -> Result<Self, CodecError> {
        let Payload::Answer(asked, answer) = payload else { return Err(another(Q::NAME)) };
        let written = written(&asked.text)?;
        let question = question(&asked.text, &written);
        let question = match asked.step {
            Some(step) => codec::decode_at::<Q>(coder, Location::Result(step), &question),
            None => codec::decode(coder, &question),
        }?;
        let answer = answer.as_ref().map(|answer| message::decode::<A>(coder, answer)).transpose()?;
        Ok(Self { question, answer })
    }
}

/// Reads a request without its types.
pub(super) fn written(text: &bytes::Bytes) -> Result<Written<'_>, CodecError> {
    let wrong = |why: &dyn std::fmt::Display| CodecError {
        path: String::new(),
        message: format!("expected a question: {why}"),
    };
    let members = JsonText::new(text).and_then(JsonText::members).map_err(|error| wrong(&error))?;
    let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let within = match member("within") {
        Some(within) => serde_json::from_str(within.get()).map_err(|error| wrong(&error))?,
        None => None,
    };
    let question = member("question").ok_or_else(|| wrong(&"it has no member `question`"))?;
    Ok(Written { within, question })
}

/// Returns the question of a request.
pub(super) fn question(text: &bytes::Bytes, written: &Written<'_>) -> Value {
    Value::json(text.slice_ref(written.question.get().as_bytes()))
}
