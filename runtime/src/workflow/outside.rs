//! A call whose answer comes from outside, with the type of that answer.

use super::pending_call::PendingCall;
use crate::fields::Coder;
use crate::journal::{Asked, Completion, Journal};
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Decodes a completion.
pub(super) type Decode<T> = fn(Coder<'_>, Completion) -> Result<T, String>;

/// A call that borrows its flow and decodes its answer to `T`.
pub(super) struct Outside<'flow, T> {
    pub(super) call: PendingCall,
    decode: Decode<T>,
    flow: PhantomData<&'flow ()>,
}

impl<T> Outside<'_, T> {
    pub(super) fn new(journal: &Arc<dyn Journal>, command: Asked, decode: Decode<T>) -> Self {
        Self { call: PendingCall::new(journal, command), decode, flow: PhantomData }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let decode = self.decode;
        self.call.poll(cx, decode)
    }
}

/// Returns the error for a completion of the wrong kind: the comparison of calls cannot see this difference between
/// journal and code.
pub(super) fn unexpected<T>(expected: &str) -> Result<T, String> {
    Err(format!("what came is not {expected}"))
}
