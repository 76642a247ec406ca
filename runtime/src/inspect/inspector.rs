//! What looks: a database, and the threads on which it is read.

use super::InspectError;
use super::heard::Hearing;
use super::waits::Seen;
use crate::store::{Store, StoreError, StoreErrorKind};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The reads at a time; the others wait without a thread.
const AT_ONCE: usize = 8;

/// The time without a heartbeat after which a worker counts as gone, if the inspector has looked twice: the default lease term
/// of engines on Postgres.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
const TERM: Duration = Duration::from_secs(10);

/// Looks into a database of runs. It needs neither the types nor the code of the program, takes no lease and no run, and
/// writes nothing. All that it shows was committed.
///
/// A clone is the same inspector. Its methods read on threads of the runtime that may block.
///
/// ```
/// use steadfast::inspect::{Inspector, Paging, RunsQuery};
/// use steadfast::prelude::*;
///
/// #[workflow]
/// async fn hello(_flow: &mut Flow, name: String) -> Result<String> {
///     Ok(format!("Hello, {name}!"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
/// engine.start(hello, "Ada".to_owned()).id("a").await?.result().await?;
///
/// let inspector = engine.inspect(); // or `Inspector::sqlite("runs.db").await?`, `Inspector::postgres("postgres://..").await?`
/// let page = inspector.runs(&RunsQuery::all().workflow("hello")).await?;
/// assert_eq!(page.items[0].id, "a");
/// for entry in inspector.history("a", &Paging::first(100)).await?.items {
///     println!("{}", serde_json::to_string(&entry)?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Inspector {
    source: Arc<Source>,
    turns: Arc<Semaphore>,
}

/// The database of an inspector, and what earlier looks have seen.
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    pub(super) seen: Seen,
    pub(super) hearing: Hearing,
}

impl Inspector {
    /// Opens a file of SQLite that exists. Neither the file nor its log is written, and no right to write is needed: not to
    /// the file, and not to its folder while no engine has it open. An engine without a heartbeat for 10 seconds between two
    /// looks is shown as gone, which may be wrong of one whose lease term is longer than 50 seconds.
    ///
    /// # Errors
    /// There is no file, it is no Steadfast database, its schema is older or newer than that of this version, or it cannot
    /// be read. The text names the file and says what to do.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub async fn sqlite(path: impl AsRef<std::path::Path>) -> Result<Self, InspectError> {
        let path = path.as_ref().to_owned();
        Self::opened(move || Ok(Arc::new(crate::store::LookingStore::open(&path)?))).await
    }

    /// Opens a database of Postgres by its connection string. Each read is a transaction that only reads, and the server
    /// ends a statement after 5 seconds. A role with [`grants_for_read_only`](crate::store::PgOptions::grants_for_read_only)
    /// is enough. Engines are shown as gone as with `sqlite`.
    ///
    /// # Errors
    /// The server cannot be reached, or there are no tables, or those of another version. The text names the database and
    /// says what to do.
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub async fn postgres(url: &str) -> Result<Self, InspectError> {
        Self::postgres_with(crate::store::PgOptions::new(url)?).await
    }

    /// Opens a database of Postgres as [`postgres`](Self::postgres) does, with options: a schema, a time limit.
    ///
    /// # Errors
    /// Those of [`postgres`](Self::postgres).
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub async fn postgres_with(options: crate::store::PgOptions) -> Result<Self, InspectError> {
        Self::opened(move || Ok(Arc::new(options.look()?))).await
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    async fn opened(
        open: impl FnOnce() -> Result<Arc<dyn Store>, StoreError> + Send + 'static,
    ) -> Result<Self, InspectError> {
        let store = tokio::task::spawn_blocking(open).await.map_err(|error| stopped(&error))??;
        Ok(Self::of(store, TERM))
    }

    /// Returns the inspector of a store whose engines have this lease term.
    pub(crate) fn of(store: Arc<dyn Store>, term: Duration) -> Self {
        let source = Source { store, seen: Seen::default(), hearing: Hearing::new(term) };
        Self { source: Arc::new(source), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Reads on a thread that may block, when it is its turn.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Source) -> Result<T, InspectError> + Send + 'static,
    ) -> Result<T, InspectError> {
        let source = self.source.clone();
        if !source.store.waits() {
            return read(&source);
        }
        // The semaphore is never closed.
        let turn = self.turns.clone().acquire_owned().await;
        // The read goes on if the caller gives up: so its turn lasts as long.
        let read = move || {
            let _turn = turn;
            read(&source)
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| stopped(&error))?
    }
}

fn stopped(error: &tokio::task::JoinError) -> InspectError {
    if error.is_panic() {
        let message = format!("a read of the database has panicked ({error}); this is a fault of steadfast");
        return StoreError::new(StoreErrorKind::Damaged, message).into();
    }
    InspectError::Stopped
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("database", &self.source.store.database_id()).finish_non_exhaustive()
    }
}
