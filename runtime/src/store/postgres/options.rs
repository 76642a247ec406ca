//! The options for opening a database of Postgres.

use super::PostgresStore;
use super::grants::{self, Role};
use super::link::LinkError;
use super::text::quoted;
use super::tls::{self, Connected, Tls};
use crate::store::{StoreError, StoreErrorKind};
use std::fmt;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The options for opening a database of Postgres, from a connection string on.
///
/// ```
/// use steadfast::store::PgOptions;
///
/// let options = PgOptions::new("postgres://app@db.example/orders?connect_timeout=5")?.schema("workflows");
/// # Ok::<(), steadfast::store::StoreError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct PgOptions {
    config: Config,
    tls: Tls,
    pub(super) schema: Option<String>,
    pub(super) poll: Duration,
    pub(super) poll_only: bool,
    pub(super) migrates: bool,
    pub(super) patience: Duration,
}

/// The time for which an operation waits for the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time for which each host of the connection string may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(10);

impl PgOptions {
    /// Reads a connection string as libpq has it: `postgres://user:password@host:port/database?option=value`, or
    /// `host=.. user=.. dbname=..`.
    ///
    /// With the feature `postgres-tls`, `sslmode`, `sslrootcert`, `sslcert`, `sslkey` and `channel_binding` mean what
    /// they mean in libpq. Without it, an option that asks for encryption is an error. With `sslmode=require` or a
    /// stricter one, nothing is sent without encryption.
    ///
    /// # Errors
    /// The string has a fault, which is named; so is an option that is not known.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let read = tls::read(url).map_err(|error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let message = format!(
                "the connection string has a fault: {why}; expected is \
                 `postgres://user:password@host:port/database?option=value` with options of libpq"
            );
            StoreError::new(StoreErrorKind::NotOurs, message).caused_by(error)
        })?;
        let honoured = read.and_then(|(config, tls)| without_host(&config).map_or(Ok((config, tls)), Err));
        let (config, tls) = honoured.map_err(|why| {
            let message = format!("the connection string cannot be honoured: {why}");
            StoreError::new(StoreErrorKind::NotOurs, message)
        })?;
        Ok(Self::with(config, tls))
    }

    fn with(mut config: Config, tls: Tls) -> Self {
        if config.get_application_name().is_none() {
            config.application_name("steadfast");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTING);
        }
        Self {
            config,
            tls,
            schema: None,
            poll: Duration::from_secs(1),
            poll_only: false,
            migrates: true,
            patience: PATIENCE,
        }
    }

    /// Sets the schema of the engine's tables; without it they are where the server's `search_path` leads, usually in
    /// `public`. The schema must exist.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// Sets how often the engine looks for what other processes have written; 1 second by default. Notifications make
    /// it look earlier.
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Neither sends nor expects notifications: what other processes write is found by looking for it.
    pub fn poll_only(mut self) -> Self {
        self.poll_only = true;
        self
    }

    /// Does not create or convert the engine's tables: they must be there, as [`migrations`](Self::migrations) has them.
    pub fn without_migrations(mut self) -> Self {
        self.migrates = false;
        self
    }

    /// Sets how long an operation waits for an answer of the server, after which it counts as lost; 30 seconds by
    /// default. To connect takes no longer either, by default 10 seconds for each host (`connect_timeout`).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience = timeout;
        self
    }

    /// Returns the statements that create the engine's tables, or convert those of an earlier version, for a database
    /// where no program may do that. Executed again, they change nothing.
    #[must_use]
    pub fn migrations(&self) -> String {
        super::schema::printed(self.schema.as_deref())
    }

    /// Returns the statements that let a role create the engine's tables and convert them: to be executed before
    /// [`migrations`](Self::migrations), by the owner of the schema.
    #[must_use]
    pub fn grants_for_owner(&self, role: &str) -> String {
        grants::printed(self.schema.as_deref(), Role::Owner, role)
    }

    /// Returns the statements that let a role run engines on existing tables. They name the engine's tables, and are
    /// executed after [`migrations`](Self::migrations).
    #[must_use]
    pub fn grants_for_runtime(&self, role: &str) -> String {
        grants::printed(self.schema.as_deref(), Role::Runtime, role)
    }

    /// Returns the statements that let a role look, as a client does: lists, states, histories. They name the engine's
    /// tables, and are executed after [`migrations`](Self::migrations).
    ///
    /// ```
    /// use steadfast::store::PgOptions;
    ///
    /// let options = PgOptions::new("postgres://app@db.example/orders")?.schema("workflows");
    /// let grants = options.grants_for_read_only("support");
    /// assert!(grants.starts_with("GRANT USAGE ON SCHEMA \"workflows\" TO \"support\";"));
    /// # Ok::<(), steadfast::store::StoreError>(())
    /// ```
    #[must_use]
    pub fn grants_for_read_only(&self, role: &str) -> String {
        grants::printed(self.schema.as_deref(), Role::ReadOnly, role)
    }

    /// Opens the database; creates the engine's tables if there are none. It blocks the calling thread meanwhile.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or what is there is no database of this version. The message names the
    /// database and says what to do.
    pub fn open(self) -> Result<PostgresStore, StoreError> {
        beside_a_runtime(|| PostgresStore::open(self))
    }

    /// Opens the database to look into it: nothing is ever written, and nothing converted.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or what is there is no database of this version.
    pub(crate) fn look(self) -> Result<PostgresStore, StoreError> {
        beside_a_runtime(|| PostgresStore::look(self))
    }

    /// Makes a connection, encrypted as the connection string asks for.
    pub(super) async fn connect(&self) -> Result<Connected, LinkError> {
        self.tls.connect(&self.config).await
    }

    pub(super) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Returns how long the making of a connection may take, over all hosts.
    pub(super) fn connecting(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(u32::MAX).max(1);
        let each = self.config.get_connect_timeout().copied().unwrap_or(CONNECTING);
        each.min(self.patience).saturating_mul(hosts)
    }

    /// Returns what names the database in messages, without the password.
    pub(super) fn name(&self) -> String {
        let config = &self.config;
        let hosts: Vec<_> = config.get_hosts().iter().map(host).collect();
        let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
        let hosts = if hosts.is_empty() { addresses.collect() } else { hosts };
        let ports: Vec<_> = config.get_ports().iter().map(ToString::to_string).collect();
        let port = if ports.is_empty() { "5432".to_owned() } else { ports.join(",") };
        let user = config.get_user().unwrap_or_default();
        let database = config.get_dbname().unwrap_or(user);
        let schema = self.schema.as_deref().map_or_else(String::new, |schema| format!(", schema {}", quoted(schema)));
        format!("postgres {database:?} (user {user:?}, host {}, port {port}{schema})", hosts.join(","))
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(host) => host.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

/// Returns the fault of a connection string that names no host.
fn without_host(config: &Config) -> Option<String> {
    let names_none = config.get_hosts().is_empty() && config.get_hostaddrs().is_empty();
    names_none.then(|| {
        "it names no host; name one, such as `localhost`, or the folder of a socket \
         (`postgres:///database?host=/var/run/postgresql`)"
            .to_owned()
    })
}

/// Does what drives connections: each has a runtime of its own, which a thread of another runtime cannot drive.
pub(super) fn beside_a_runtime<T: Send>(act: impl FnOnce() -> Result<T, StoreError> + Send) -> Result<T, StoreError> {
    if tokio::runtime::Handle::try_current().is_err() {
        return act();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("steadfast-open".to_owned());
        let acting = thread.spawn_scoped(scope, act).map_err(|error| {
            StoreError::new(StoreErrorKind::Io, format!("no thread can be started to open a database: {error}"))
        })?;
        acting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl TryFrom<&str> for PgOptions {
    type Error = StoreError;

    fn try_from(url: &str) -> Result<Self, StoreError> {
        Self::new(url)
    }
}

impl TryFrom<String> for PgOptions {
    type Error = StoreError;

    fn try_from(url: String) -> Result<Self, StoreError> {
        Self::new(&url)
    }
}

impl fmt::Debug for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgOptions").field("database", &self.name()).finish_non_exhaustive()
    }
}
