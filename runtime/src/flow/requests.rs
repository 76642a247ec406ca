//! Requests: a question to somebody outside, and the durable wait for the answer.

use super::Flow;
use super::messages::after;
use super::outside::{Outside, unexpected};
use crate::journal::{Completion, Operation};
use crate::message::{self, Message};
use futures_util::future::FusedFuture;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

impl<C: Send + Sync + 'static> Flow<C> {
    /// Asks a question and waits durably for the answer, for as long as it takes or [`within`](Request::within) a time.
    ///
    /// The question stands in [`Engine::requests`](crate::Engine::requests) with an id, and is answered by
    /// [`Engine::answer`](crate::Engine::answer): once, and by a value of this type only.
    pub fn request<Q: Message, A: Message>(&self, question: Q) -> Request<'_, Q, A> {
        let operation = Operation::Request {
            name: Q::NAME,
            answer: A::NAME,
            value: message::encode(&question).map_err(|error| error.to_string()),
            recode: |recorded| message::encode(&message::decode::<Q>(recorded).ok()?).ok(),
            due: None,
        };
        drop(question);
        Request { call: Outside::new(&self.journal, operation, answered), question: PhantomData }
    }

    /// Waits for the answer to a request that this run has asked before it went on with a fresh journal: its id is
    /// [`Request::id`]. The time limit that the request was given holds on: once it is over, also before this call, the
    /// answer is [`RequestExpired`].
    pub fn answer_to<A: Message>(&self, request: impl Into<String>) -> Answer<'_, A> {
        let request: String = request.into();
        let operation = Operation::Answer { id: request.clone(), answer: A::NAME };
        Answer { call: Outside::new(&self.journal, operation, answered), request }
    }
}

fn answered<A: Message>(completion: Completion) -> Result<Option<A>, String> {
    match completion {
        Completion::Message(value) => message::decode(&value).map(Some).map_err(|error| error.to_string()),
        Completion::Fired => Ok(None),
        _ => unexpected("the answer to a request"),
    }
}

/// A question that waits durably for its answer. It cannot fail; its `?` is there so that every durable call reads alike.
#[must_use = "a question is asked only when the call is awaited: add `.await`"]
pub struct Request<'flow, Q, A> {
    call: Outside<'flow, Option<A>>,
    question: PhantomData<fn() -> Q>,
}

impl<'flow, Q: Message, A: Message> Request<'flow, Q, A> {
    /// The id by which it is answered; the same in every replay.
    #[must_use]
    pub fn id(&self) -> String {
        self.call.call.journal().derived_id(self.call.call.position())
    }

    /// Waits no longer than this, rounded up to milliseconds, from [`Flow::now`]: `None` says that nobody answered, and
    /// nobody can any longer. It is a duration, whatever the machine's clock is set to.
    pub fn within(self, limit: Duration) -> RequestWithin<'flow, A> {
        let Self { mut call, .. } = self;
        let begun = call.call.journal().elapsed();
        call.call.due(after(begun, limit));
        RequestWithin { call }
    }
}

impl<Q: Message, A: Message> Future for Request<'_, Q, A> {
    type Output = Result<A, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.call.poll(cx) {
            Poll::Ready(Some(answer)) => Poll::Ready(Ok(answer)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<Q: Message, A: Message> FusedFuture for Request<'_, Q, A> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A question with a time limit: `None` says that nobody answered in time.
#[must_use = "a question is asked only when the call is awaited: add `.await`"]
pub struct RequestWithin<'flow, A> {
    call: Outside<'flow, Option<A>>,
}

impl<A: Message> Future for RequestWithin<'_, A> {
    type Output = Result<Option<A>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx).map(Ok)
    }
}

impl<A: Message> FusedFuture for RequestWithin<'_, A> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A durable wait for the answer to an earlier question.
#[must_use = "an answer comes only when the call is awaited: add `.await`"]
pub struct Answer<'flow, A> {
    call: Outside<'flow, Option<A>>,
    request: String,
}

impl<A: Message> Future for Answer<'_, A> {
    type Output = Result<A, RequestExpired>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.call.poll(cx) {
            Poll::Ready(Some(answer)) => Poll::Ready(Ok(answer)),
            Poll::Ready(None) => Poll::Ready(Err(RequestExpired { request: self.request.clone() })),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<A: Message> FusedFuture for Answer<'_, A> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// Nobody answered a request within its time limit, and nobody can any longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestExpired {
    /// The request's id.
    pub request: String,
}

impl fmt::Display for RequestExpired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody answered request {} within its time limit", self.request)
    }
}

impl std::error::Error for RequestExpired {}
