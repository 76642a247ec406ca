//! One connection, driven by the thread that uses it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket, tls::NoTlsStream};

/// A connection that makes progress while somebody waits for it, and costs no thread of its own: a statement and its
/// answer are not handed from thread to thread.
pub(super) struct Link {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    connection: Pin<Box<Connection<Socket, NoTlsStream>>>,
    /// Whether the server or the network has ended it.
    ended: bool,
}

/// An operation on a connection failed.
#[derive(Debug)]
pub(super) enum LinkError {
    /// The server, or the way to it.
    Postgres(tokio_postgres::Error),
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
    pub(super) fn connect(config: &Config, patience: Duration) -> Result<Self, LinkError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LinkError::System)?;
        let connecting = async { tokio::time::timeout(patience, config.connect(NoTls)).await };
        let connected = runtime.block_on(connecting).map_err(|_| LinkError::Silence(patience));
        match connected.and_then(|connected| Ok(connected?)) {
            Ok((client, connection)) => {
                Ok(Self { runtime: Some(runtime), client, connection: Box::pin(connection), ended: false })
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Returns whether it has ended, as far as is known.
    pub(super) fn has_ended(&self) -> bool {
        self.ended || self.client.is_closed()
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
        let Self { runtime: Some(runtime), client, connection, ended } = self else {
            return Err(LinkError::Silence(Duration::ZERO));
        };
        let mut acting = pin!(act(client));
        let both = poll_fn(|context| {
            // First the connection: it reads what the operation waits for.
            if !*ended && connection.as_mut().poll(context).is_ready() {
                *ended = true;
            }
            match acting.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(done),
                Poll::Pending => {
                    // What the operation has sent just now goes out at once.
                    if !*ended && connection.as_mut().poll(context).is_ready() {
                        *ended = true;
                        return acting.as_mut().poll(context);
                    }
                    Poll::Pending
                }
            }
        });
        let Ok(done) = runtime.block_on(async { tokio::time::timeout(patience, both).await }) else {
            *ended = true;
            return Err(LinkError::Silence(patience));
        };
        done.map_err(LinkError::Postgres)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped where nothing may block.
            runtime.shutdown_background();
        }
    }
}
