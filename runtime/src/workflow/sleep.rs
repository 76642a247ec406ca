//! Durable timers.

use super::pending_call::PendingCall;
use crate::command::{Command, Sleep as SleepCommand};
use crate::journal::{Due, Journal};
use futures_util::future::FusedFuture;
use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A durable wait: a future that is ready at its time, even after a restart.
///
/// Its command index is fixed by the call; the wait is recorded when it is first polled. It cannot fail; it returns a
/// `Result` so that every durable call reads alike.
#[must_use = "a sleep passes only when it is awaited: add `.await`"]
pub struct Sleep<'flow> {
    call: PendingCall,
    flow: PhantomData<&'flow ()>,
}

impl Sleep<'_> {
    pub(super) fn new(journal: &Arc<dyn Journal>, due: Due) -> Self {
        Self { call: PendingCall::new(journal, Command::Sleep(SleepCommand { due })), flow: PhantomData }
    }
}

impl Future for Sleep<'_> {
    type Output = Result<(), Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll(cx, |_, _| Ok(Ok(())))
    }
}

/// Allows use in `select_biased!`.
impl FusedFuture for Sleep<'_> {
    fn is_terminated(&self) -> bool {
        self.call.is_done()
    }
}
