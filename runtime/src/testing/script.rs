//! The script of a scenario's outside: messages, events and starts, one after the other, and answers to requests.

use super::starts::Start;
use crate::fields::Fields;
use crate::graph::{Event, event};
use crate::message::{self, Message};
use crate::store::RequestRow;
use crate::value::Value;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) type Encode = dyn Fn(&Arc<Fields>) -> Result<Value, String> + Send + Sync;
type Reply = dyn Fn(&Arc<Fields>, &Value) -> Result<Value, String> + Send + Sync;

/// The script of the outside.
#[derive(Default)]
pub(super) struct Script {
    words: Vec<Word>,
    replies: Vec<Answerer>,
}

/// What comes from outside.
pub(super) enum Word {
    /// A message or an event for the run.
    Message(&'static str, Box<Encode>),
    Start(Box<Start>),
}

struct Answerer {
    question: &'static str,
    answer: &'static str,
    reply: Box<Reply>,
}

impl Script {
    pub(super) fn message<M: Message>(&mut self, message: M) {
        let message = Mutex::new(message);
        let encode = move |fields: &Arc<Fields>| {
            let message = message.lock().unwrap_or_else(PoisonError::into_inner);
            message::encode(fields.coder(), &*message)
                .map_err(|error| format!("message `{}` cannot be stored: {error}", M::NAME))
        };
        self.words.push(Word::Message(M::NAME, Box::new(encode)));
    }

    pub(super) fn event<E: Event>(&mut self, from_outside: E) {
        let from_outside = Mutex::new(from_outside);
        let encode = move |fields: &Arc<Fields>| {
            let from_outside = from_outside.lock().unwrap_or_else(PoisonError::into_inner);
            event::encode_message(fields.coder(), &*from_outside)
                .map_err(|error| format!("event `{}` cannot be stored: {error}", E::NAME))
        };
        self.words.push(Word::Message(E::INFO.channel, Box::new(encode)));
    }

    pub(super) fn start(&mut self, start: Start) {
        self.words.push(Word::Start(Box::new(start)));
    }

    pub(super) fn answer<Q: Message, A: Message>(&mut self, answer: impl Fn(Q) -> A + Send + Sync + 'static) {
        let reply = move |fields: &Arc<Fields>, question: &Value| {
            let coder = fields.coder();
            let question = message::decode(coder, question).map_err(|error| format!("a `{}`: {error}", Q::NAME))?;
            message::encode(coder, &answer(question))
                .map_err(|error| format!("a `{}` cannot be stored: {error}", A::NAME))
        };
        self.replies.push(Answerer { question: Q::NAME, answer: A::NAME, reply: Box::new(reply) });
    }

    /// Returns the messages and starts.
    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Returns the answer to a request, if there is one.
    pub(super) fn reply(&self, fields: &Arc<Fields>, request: &RequestRow) -> Option<Result<Value, String>> {
        let fits = |known: &&Answerer| known.question == request.name && known.answer == request.answer;
        self.replies.iter().find(fits).map(|known| (known.reply)(fields, &request.value))
    }
}
