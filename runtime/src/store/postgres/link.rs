//! One connection, driven by the thread that uses it.

use super::options::PgOptions;
use super::tls;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Connection, Socket};

/// A connection that makes progress while a thread waits for it, and needs no thread of its own: a statement and its
/// answer are not handed from thread to thread.
pub(super) struct Link {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    /// `None` once the server or the network has ended it: the client's operations fail only when it is dropped.
    connection: Option<Driven>,
    /// What the server has said at its end.
    why: Option<tokio_postgres::Error>,
}

type Driven = Pin<Box<Connection<Socket, tls::Stream>>>;

/// An operation on a connection failed.
#[derive(Debug)]
pub(super) enum LinkError {
    /// The server, or the way to it.
    Postgres(tokio_postgres::Error),
    /// The server has ended the connection, and said why.
    Ended(tokio_postgres::Error),
    /// The connection had ended before anything of this was sent: whatever it was, it did not happen.
    Unsent(Option<tokio_postgres::Error>),
    /// A file of the options for TLS cannot be used: which, why, and what to do.
    #[cfg(feature = "postgres-tls")]
    Tls(String),
    /// The system gave no resources for a connection.
    System(std::io::Error),
    /// No answer came within this time.
    Silence(Duration),
}

impl From<tokio_postgres::Error> for LinkError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub(super) fn connect(options: &PgOptions) -> Result<Self, LinkError> {
        let patience = options.connecting();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LinkError::System)?;
        let connecting = async { tokio::time::timeout(patience, options.connect()).await };
        let connected = runtime.block_on(connecting).map_err(|_| LinkError::Silence(patience));
        match connected.flatten() {
            Ok((client, connection)) => {
                let connection = Some(Box::pin(connection));
                Ok(Self { runtime: Some(runtime), client, connection, why: None })
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Returns whether it has ended, as far as is known.
    pub(super) fn has_ended(&self) -> bool {
        self.connection.is_none() || self.client.is_closed()
    }

    /// Returns whether it has not ended, after a look at what has come from the server since the last use.
    pub(super) fn is_alive(&mut self) -> bool {
        let Self { runtime: Some(runtime), connection, why, .. } = self else { return false };
        runtime.block_on(async {
            // The runtime sees what has come only when it has nothing to do.
            for _ in 0..2 {
                poll_fn(|context| Poll::Ready(advance(connection, why, context))).await;
                tokio::task::yield_now().await;
            }
        });
        !self.has_ended()
    }

    /// Does something with the client, and waits for it at most this long.
    ///
    /// # Errors
    /// Those of the operation; or the server is silent, and the connection is of no further use.
    pub(super) fn wait<'a, T, F>(
        &'a mut self,
        patience: Duration,
        act: impl FnOnce(&'a Client) -> F,
    ) -> Result<T, LinkError>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let Self { runtime: Some(runtime), client, connection, why } = self else {
            return Err(LinkError::Silence(Duration::ZERO));
        };
        let mut acting = pin!(act(client));
        let mut has_begun = false;
        let both = poll_fn(|context| {
            // First the connection: it reads what the operation waits for. It needs no wake-up for what the operation
            // sends at first, because it is polled again below; a wake-up would be a call of the system.
            let waker = if has_begun { context.waker() } else { Waker::noop() };
            if advance(connection, why, &mut Context::from_waker(waker)) && !has_begun {
                return Poll::Ready(None);
            }
            has_begun = true;
            match acting.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending => {
                    // What the operation has sent just now goes out at once.
                    let has_ended = advance(connection, why, context);
                    if has_ended { acting.as_mut().poll(context).map(Some) } else { Poll::Pending }
                }
            }
        });
        let Ok(done) = runtime.block_on(async { tokio::time::timeout(patience, both).await }) else {
            *connection = None;
            return Err(LinkError::Silence(patience));
        };
        let Some(done) = done else { return Err(LinkError::Unsent(why.take())) };
        done.map_err(|error| match why.take_if(|_| error.is_closed()) {
            Some(why) => LinkError::Ended(why),
            None => LinkError::Postgres(error),
        })
    }
}

/// Sends and reads what is there, and returns whether the connection has ended.
fn advance(
    connection: &mut Option<Driven>,
    why: &mut Option<tokio_postgres::Error>,
    context: &mut Context<'_>,
) -> bool {
    if let Some(Poll::Ready(end)) = connection.as_mut().map(|connection| connection.as_mut().poll(context)) {
        *connection = None;
        *why = end.err();
    }
    connection.is_none()
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped where nothing may block.
            runtime.shutdown_background();
        }
    }
}
