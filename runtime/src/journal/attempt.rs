//! One attempt of a step, as a future of its outcome.

use crate::error::AttemptCause;
use crate::fields::Fields;
use crate::record::AttemptOutcome;
use crate::scope::{Ambient, enter};
use futures_util::future::BoxFuture;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// One attempt of a step.
//
// Not a `BoxFuture`, which would be a second box around that of the body.
pub struct Attempt(Stage);

enum Stage {
    /// No body runs.
    Ended(Option<AttemptOutcome>),
    /// The body, and the ambient state while it is polled.
    Running(Ambient, BoxFuture<'static, AttemptOutcome>),
}

impl Attempt {
    pub(crate) const fn ended(outcome: AttemptOutcome) -> Self {
        Self(Stage::Ended(Some(outcome)))
    }

    pub(crate) const fn running(ambient: Ambient, body: BoxFuture<'static, AttemptOutcome>) -> Self {
        Self(Stage::Running(ambient, body))
    }
}

impl Future for Attempt {
    type Output = AttemptOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<AttemptOutcome> {
        match &mut self.0 {
            Stage::Ended(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
            Stage::Running(ambient, body) => {
                let polled = {
                    let _ambient = enter(ambient.clone());
                    body.as_mut().poll(cx)
                };
                if let Poll::Ready(outcome) = &polled {
                    keep_fault(outcome, &ambient.env.fields);
                }
                polled
            }
        }
    }
}

/// Keeps the fault if the value that could not be stored is a secret without a key: the run then waits for the key.
pub(crate) fn keep_fault(outcome: &AttemptOutcome, fields: &Fields) {
    if matches!(outcome, AttemptOutcome::Failed { cause: AttemptCause::Unstorable, .. }) {
        fields.vault().keep_fault();
    }
}
