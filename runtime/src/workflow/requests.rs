//! Human-in-the-loop requests: a question, and the durable wait for its answer.

use super::Flow;
use super::messages::after;
use super::outside::{Outside, unexpected};
use crate::command::{self, AwaitAnswer, Command, Given, Recode};
use crate::fields::Coder;
use crate::journal::Completion;
use crate::message::{self, Message};
use futures_util::future::FusedFuture;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

impl<C: 'static> Flow<C> {
    /// Makes a human-in-the-loop request and waits durably for its answer, without limit or [`within`](Request::within)
    /// a time.
    ///
    /// [`Engine::requests`](crate::Engine::requests) lists the request with an id, and
    /// [`Engine::answer`](crate::Engine::answer) answers it: once, and only by a value of this type. A question that
    /// cannot be stored is a [`RequestError::Unstorable`], and no request is made.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use steadfast::prelude::*;
    ///
    /// #[derive(Message, Serialize, Deserialize)]
    /// struct MayI(u64);
    ///
    /// #[derive(Message, Serialize, Deserialize)]
    /// struct Yes(bool);
    ///
    /// #[workflow]
    /// async fn expense(flow: &mut Flow, cents: u64) -> Result<bool> {
    ///     let Yes(yes) = flow.request(MayI(cents)).await?;
    ///     Ok(yes)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(expense).start().await?;
    /// let run = engine.start(expense, 500).await?;
    /// let open = loop {
    ///     if let Some(open) = engine.requests().await?.pop() {
    ///         break open;
    ///     }
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    /// };
    /// assert_eq!(open.read::<MayI>()?.0, 500);
    /// engine.answer(&open.id, Yes(true)).await?;
    /// assert!(run.result().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request<Q: Message, A: Message>(&self, question: Q) -> Request<'_, Q, A> {
        let value = message::encode(self.journal.coder(), &question).map_err(|error| error.to_string());
        drop(question);
        let question = Given::new(value, Recode::new(self.journal.coder(), message::recode::<Q>));
        let command = Command::Request(command::Request { name: Q::NAME, answer: Some(A::NAME), question, due: None });
        Request { call: Outside::new(&self.journal, command, answered), question: PhantomData }
    }

    /// Waits for the answer to a request that this run made before it continued as new: its id is [`Request::id`]. The
    /// request keeps its time limit: once it is over, even before this call, the answer is [`RequestError::Expired`].
    /// An id that can get no answer, because no such request is open and no unread answer was kept, is
    /// [`RequestError::NotOpen`] at once.
    pub fn answer_to<A: Message>(&self, request: impl Into<String>) -> Answer<'_, A> {
        let request: String = request.into();
        let command = Command::AwaitAnswer(AwaitAnswer { request: request.clone().into(), answer: Some(A::NAME) });
        Answer { call: Outside::new(&self.journal, command, answered), request }
    }
}

/// An answer, `None` after the time limit, or the reason why there can be none.
type Answered<A> = Result<Option<A>, String>;

fn answered<A: Message>(coder: Coder<'_>, completion: Completion) -> Result<Answered<A>, String> {
    match completion {
        Completion::Message(value) => {
            message::decode(coder, &value).map(Some).map(Ok).map_err(|error| error.to_string())
        }
        Completion::Fired => Ok(Ok(None)),
        Completion::Refused(message) => Ok(Err(message)),
        _ => unexpected("the answer to a request"),
    }
}

/// A human-in-the-loop request that waits durably for its answer.
#[must_use = "a question is asked only when the call is awaited: add `.await`"]
pub struct Request<'flow, Q, A> {
    call: Outside<'flow, Answered<A>>,
    question: PhantomData<fn() -> Q>,
}

impl<'flow, Q: Message, A: Message> Request<'flow, Q, A> {
    /// Returns the id by which it is answered; the same in every replay.
    #[must_use]
    pub fn id(&self) -> String {
        self.call.call.journal().derived_id(self.call.call.position())
    }

    /// Limits the wait to this duration, rounded up to milliseconds, from [`Flow::now`]: `None` means that no answer
    /// came, and none is accepted any longer. It is a duration, whatever the machine's clock is set to.
    #[must_use = "a question is asked only when the call is awaited: add `.await`"]
    pub fn within(
        self,
        limit: Duration,
    ) -> impl FusedFuture<Output = Result<Option<A>, RequestError>> + use<'flow, Q, A> {
        let Self { mut call, .. } = self;
        let begun = call.call.journal().elapsed();
        call.call.due(after(begun, limit));
        RequestWithin { call }
    }
}

impl<Q: Message, A: Message> Future for Request<'_, Q, A> {
    type Output = Result<A, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.call.poll(cx) {
            Poll::Ready(Ok(Some(answer))) => Poll::Ready(Ok(answer)),
            Poll::Ready(Err(message)) => Poll::Ready(Err(RequestError::Unstorable { message })),
            Poll::Ready(Ok(None)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<Q: Message, A: Message> FusedFuture for Request<'_, Q, A> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A request with a time limit: `None` if no answer came in time.
#[must_use = "a question is asked only when the call is awaited: add `.await`"]
struct RequestWithin<'flow, A> {
    call: Outside<'flow, Answered<A>>,
}

impl<A: Message> Future for RequestWithin<'_, A> {
    type Output = Result<Option<A>, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx).map(|answer| answer.map_err(|message| RequestError::Unstorable { message }))
    }
}

impl<A: Message> FusedFuture for RequestWithin<'_, A> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// A durable wait for the answer to an earlier request.
#[must_use = "an answer comes only when the call is awaited: add `.await`"]
pub struct Answer<'flow, A> {
    call: Outside<'flow, Answered<A>>,
    request: String,
}

impl<A: Message> Future for Answer<'_, A> {
    type Output = Result<A, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.call.poll(cx));
        let request = || self.request.clone();
        Poll::Ready(match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(RequestError::Expired { request: request() }),
            Err(_) => Err(RequestError::NotOpen { request: request() }),
        })
    }
}

impl<A: Message> FusedFuture for Answer<'_, A> {
    fn is_terminated(&self) -> bool {
        self.call.call.is_done()
    }
}

/// The reason why a request has no answer. Recorded, so a replay returns it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RequestError {
    /// The question cannot be stored, so no request was made.
    Unstorable {
        /// The question, and the reason.
        message: String,
    },
    /// No answer came within the time limit of the request, and none is accepted any longer.
    Expired {
        /// The request's id.
        request: String,
    },
    /// The run has no open request with this id: no earlier execution made it, it was dropped, or its answer was read
    /// before, or is awaited by another call. A request of this execution is awaited itself.
    NotOpen {
        /// The request's id.
        request: String,
    },
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstorable { message } => f.write_str(message),
            Self::Expired { request } => write!(f, "request {request} was not answered within its time limit"),
            Self::NotOpen { request } => write!(
                f,
                "request {request} is not open: no earlier execution of this run made it, or its answer was read or is awaited \
                 by another call"
            ),
        }
    }
}

impl std::error::Error for RequestError {}
