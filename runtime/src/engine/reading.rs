//! Turns readers into streams, for `StreamExt` and `select!`.

use super::error::EngineError;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// The result of a read: the reader, which had moved into it, and the item.
type Read<R, T> = (R, Result<Option<T>, EngineError>);

/// The read that a reader has in flight as a stream, if any.
///
/// The reader moves into the read and comes back with the item. Meanwhile a copy that has read nothing ahead takes its
/// place; so dropping a read loses nothing: the copy reads the same item again. The mutex is never locked: it only
/// makes readers `Sync`.
pub(super) struct Reading<R, T>(Mutex<Option<BoxFuture<'static, Read<R, T>>>>);

impl<R, T> Reading<R, T> {
    pub(super) const fn none() -> Self {
        Self(Mutex::new(None))
    }

    fn begun(&mut self) -> &mut Option<BoxFuture<'static, Read<R, T>>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the read, because the reader is used in another way; its cursor is unchanged.
    pub(super) fn forget(&mut self) {
        *self.begun() = None;
    }
}

impl<R, T> fmt::Debug for Reading<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

/// A reader of one item after the other.
pub(super) trait Reader: Send + Sized + 'static {
    /// An item, with its cursor if the reader has one.
    type Item: Send;

    /// Returns a reader at the same cursor that has read nothing ahead.
    fn here(&self) -> Self;

    /// Returns the read in flight.
    fn reading(&mut self) -> &mut Reading<Self, Self::Item>;

    /// Waits for the next item.
    fn read_next(&mut self) -> impl Future<Output = Result<Option<Self::Item>, EngineError>> + Send;
}

/// Polls a reader for its next item.
pub(super) fn poll_next<R: Reader>(reader: &mut R, cx: &mut Context<'_>) -> Poll<Option<Result<R::Item, EngineError>>> {
    let mut begun = reader.reading().begun().take().unwrap_or_else(|| {
        let here = reader.here();
        let mut away = std::mem::replace(reader, here);
        let read = async move {
            let next = away.read_next().await;
            (away, next)
        };
        read.boxed()
    });
    match begun.poll_unpin(cx) {
        Poll::Pending => {
            *reader.reading().begun() = Some(begun);
            Poll::Pending
        }
        Poll::Ready((back, next)) => {
            *reader = back;
            Poll::Ready(next.transpose())
        }
    }
}
