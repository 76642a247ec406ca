//! The calls that the loop waits for.

use crate::graph::{items::Item, scopes::ScopeId};
use crate::journal::Completion;
use crate::record::EventInfo;
use crate::workflow::PendingCall;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The purpose of a call.
#[derive(Debug)]
pub(super) enum What {
    Step,
    Timer { step: usize, tick: u64 },
    Asked { item: Item, scope: ScopeId, caught: u32 },
    Event(&'static EventInfo),
    Sent,
}

/// A call in flight, until its completion.
pub(super) struct InFlight {
    call: PendingCall,
    what: Option<What>,
}

impl InFlight {
    pub(super) fn new(call: PendingCall, what: What) -> Self {
        Self { call, what: Some(what) }
    }
}

impl Future for InFlight {
    type Output = (What, u64, Completion);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(completion) = self.call.poll(cx, |_, completion| Ok(completion)) else { return Poll::Pending };
        let position = self.call.position();
        match self.what.take() {
            Some(what) => Poll::Ready((what, position, completion)),
            None => Poll::Pending,
        }
    }
}
