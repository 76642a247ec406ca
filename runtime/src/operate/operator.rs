//! Who acts, and on which database.

use super::acting::Acting;
use crate::engine::{Engine, EngineBuilder, EngineError};
use crate::inspect::Inspector;
use crate::lengths;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::store::StoreError;

/// Acts on a database of runs under the name of an actor, without the types of the program.
///
/// ```
/// use steadfast::inspect::{AuditQuery, Paging};
/// use steadfast::prelude::*;
///
/// #[workflow]
/// async fn nap(flow: &mut Flow) -> Result<()> {
///     Ok(flow.sleep(Duration::from_secs(3600)).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(nap).start().await?;
/// engine.start(nap, ()).id("a").await?;
///
/// // Or `Operator::sqlite("runs.db", "ada").await?`, `Operator::postgres("postgres://..", "ada").await?`.
/// let operator = engine.operate("ada")?;
/// operator.because("the customer has called").cancel("a").await?;
///
/// let records = engine.inspect().audit(&AuditQuery::all().subject("a"), &Paging::first(10)).await?;
/// assert_eq!((records.items[0].who.as_str(), records.items[0].action.as_str()), ("ada", "cancel"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Operator {
    engine: Engine,
    who: String,
}

impl Operator {
    /// Opens a file of SQLite that exists and has the tables of this version; `who` is the name in the records.
    ///
    /// # Errors
    /// Those of [`Inspector::sqlite`], the file cannot be written, or the name is empty or longer than 512 bytes.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub async fn sqlite(path: impl AsRef<std::path::Path>, who: impl Into<String>) -> Result<Self, EngineError> {
        let path = path.as_ref().to_owned();
        // An engine would create the file, and convert an older one.
        let looked = path.clone();
        blocking(move || crate::store::LookingStore::open(&looked).map(drop)).await?;
        Self::of(Engine::builder().sqlite(path).client().start().await?, who)
    }

    /// Opens a database of Postgres that has the tables of this version; `who` is the name in the records. A role with
    /// [`grants_for_runtime`](crate::store::PgOptions::grants_for_runtime) is enough.
    ///
    /// # Errors
    /// Those of [`Inspector::postgres`], or the name is empty or longer than 512 bytes.
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub async fn postgres<O>(options: O, who: impl Into<String>) -> Result<Self, EngineError>
    where
        O: TryInto<crate::store::PgOptions>,
        StoreError: From<O::Error>,
    {
        let options = options.try_into().map_err(StoreError::from)?;
        Self::on_postgres(options, who).await
    }

    #[cfg(feature = "postgres")]
    async fn on_postgres(options: crate::store::PgOptions, who: impl Into<String>) -> Result<Self, EngineError> {
        let looked = options.clone();
        blocking(move || looked.look().map(drop)).await?;
        let options = options.without_migrations().poll_only();
        Self::of(Engine::builder().postgres(options).client().start().await?, who)
    }

    /// Opens the database of a program's builder, with its keys, field stores and workflows. It is a
    /// [client](crate::EngineBuilder::client), and leaves the limits of queues and the schedules in the database as they are,
    /// whatever the builder declares.
    ///
    /// # Errors
    /// Those of [`start`](crate::EngineBuilder::start), or the name is empty or longer than 512 bytes.
    pub async fn with(builder: EngineBuilder, who: impl Into<String>) -> Result<Self, EngineError> {
        Self::of(builder.client().without_declarations().start().await?, who)
    }

    fn of(engine: Engine, who: impl Into<String>) -> Result<Self, EngineError> {
        let who = who.into();
        lengths::check("the name of who acts", &who, 1).map_err(EngineError::value)?;
        Ok(Self { engine, who })
    }

    /// Returns an operator of the same database under another name: for a program in which several people act.
    ///
    /// # Errors
    /// The name is empty or longer than 512 bytes.
    pub fn named(&self, who: impl Into<String>) -> Result<Self, EngineError> {
        Self::of(self.engine.clone(), who)
    }

    /// Begins an action, with the reason for its record.
    pub fn because(&self, why: impl Into<String>) -> Acting<'_> {
        Acting::new(&self.engine, &self.who, lengths::cut(why))
    }

    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Begins actions of a job in the name of who created it.
    pub(super) fn on_behalf_of<'a>(&'a self, who: &'a str, why: &str) -> Acting<'a> {
        Acting::new(&self.engine, who, why.to_owned())
    }

    /// Returns the name in the records.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.who
    }

    /// Returns an inspector of the same database.
    #[must_use]
    pub fn inspect(&self) -> Inspector {
        self.engine.inspect()
    }

    /// Ends what is under way, and closes the database.
    ///
    /// # Errors
    /// The database cannot be closed in order.
    pub async fn close(self) -> Result<(), EngineError> {
        self.engine.shutdown(std::time::Duration::from_secs(10)).await.map(drop)
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
async fn blocking(open: impl FnOnce() -> Result<(), StoreError> + Send + 'static) -> Result<(), EngineError> {
    Ok(tokio::task::spawn_blocking(open).await.map_err(|_| EngineError::ShuttingDown)??)
}

impl Engine {
    /// Returns an operator of the engine's database: actions by ids and JSON, each with a record of who and why.
    ///
    /// # Errors
    /// The name is empty or longer than 512 bytes.
    pub fn operate(&self, who: impl Into<String>) -> Result<Operator, EngineError> {
        Operator::of(self.clone(), who)
    }
}
