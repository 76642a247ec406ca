//! A connection pool in front of a cluster, in transaction mode.

use crate::cluster::free_port;
use crate::database::{socket_url, tcp_url};
use crate::folder::Folder;
use crate::stream::Address;
use crate::watched::Watched;
use crate::{Cluster, LIMIT, Missing, Session, USER};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a pool differs from the default.
#[derive(Debug, Clone)]
pub struct PgBouncerOptions {
    /// The most connections to the server for one database; by default 4.
    pub pool_size: u32,
    /// The address of a [`Proxy`](crate::Proxy) between the pool and the server; by default there is none.
    pub through: Option<SocketAddr>,
    /// Further lines of the section `pgbouncer`, such as `("query_wait_timeout", "5".into())`.
    pub settings: Vec<(&'static str, String)>,
}

impl Default for PgBouncerOptions {
    fn default() -> Self {
        Self { pool_size: 4, through: None, settings: Vec::new() }
    }
}

/// A `PgBouncer` in transaction mode, on a Unix socket and a TCP port without authentication. It is gone after a drop,
/// and after the end of this process, however it ends.
#[derive(Debug)]
pub struct PgBouncer {
    folder: Folder,
    log: PathBuf,
    port: u16,
    /// Behind a lock, so that tests may share a pool.
    process: Mutex<Option<Watched>>,
}

impl PgBouncer {
    /// Starts a pool for all databases of a cluster.
    ///
    /// # Errors
    /// There is no `pgbouncer`, or no user that may run it.
    ///
    /// # Panics
    /// It does not start. The message has the log.
    pub fn start(cluster: &Cluster) -> Result<Self, Missing> {
        Self::start_with(cluster, &PgBouncerOptions::default())
    }

    /// Starts a pool with options.
    ///
    /// # Errors
    /// There is no `pgbouncer`, or no user that may run it.
    ///
    /// # Panics
    /// It does not start. The message has the log.
    pub fn start_with(cluster: &Cluster, options: &PgBouncerOptions) -> Result<Self, Missing> {
        let program = find()?;
        let folder = Folder::create()?;
        folder.can_execute(&program)?;
        let log = folder.path().join("log");
        let mut pool = Self { folder, log, port: free_port(), process: Mutex::new(None) };
        while let Err(failed) = pool.try_start(&program, cluster, options) {
            // Another process may have taken the port since.
            assert!(failed.contains("Address already in use"), "pgbouncer does not start: {failed}");
            pool.port = free_port();
        }
        Ok(pool)
    }

    /// Starts the pool in place of an earlier try, and waits until it answers. Returns the log if it ends before that.
    fn try_start(&mut self, program: &Path, cluster: &Cluster, options: &PgBouncerOptions) -> Result<(), String> {
        let file = self.folder.write("pgbouncer.ini", &self.settings(cluster, options));
        self.folder.write("log", "");
        let mut command = self.folder.command(program);
        command.arg(file);
        let mut started = Watched::new(&self.folder, &self.log, "TERM", &command);
        if let Some(before) = self.process().take() {
            before.leave();
        }
        started.go();
        let since = Instant::now();
        while Session::connect(&self.socket(), "postgres").is_err() {
            let has_ended = started.is_gone_within(Duration::from_millis(10));
            assert!(since.elapsed() < LIMIT, "pgbouncer does not answer: {}", self.log());
            if has_ended {
                *self.process() = Some(started);
                return Err(self.log());
            }
        }
        *self.process() = Some(started);
        Ok(())
    }

    fn settings(&self, cluster: &Cluster, options: &PgBouncerOptions) -> String {
        let folder = self.folder.path().display();
        let (host, port) = options.through.map_or_else(
            || (cluster.folder().display().to_string(), cluster.tcp().port()),
            |proxy| (proxy.ip().to_string(), proxy.port()),
        );
        let mut lines = format!("[databases]\n* = host={host} port={port} user={USER}\n");
        let _ = writeln!(lines, "[pgbouncer]\nunix_socket_dir = {folder}\nlisten_addr = 127.0.0.1");
        let _ = writeln!(lines, "listen_port = {}\ndefault_pool_size = {}", self.port, options.pool_size);
        lines += "pool_mode = transaction\nauth_type = any\nmax_client_conn = 500\n";
        lines += "ignore_startup_parameters = extra_float_digits\n";
        for (name, value) in &options.settings {
            let _ = writeln!(lines, "{name} = {value}");
        }
        lines
    }

    fn process(&mut self) -> &mut Option<Watched> {
        self.process.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of the Unix socket.
    #[must_use]
    pub fn socket(&self) -> Address {
        Address::Socket(self.folder.path().join(format!(".s.PGSQL.{}", self.port)))
    }

    /// The address of the TCP port.
    #[must_use]
    pub fn tcp(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the URL of a database over the Unix socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        socket_url(self.folder.path(), self.port, database)
    }

    /// Returns the URL of a database over TCP.
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> String {
        tcp_url(self.tcp(), database)
    }

    /// Returns the log of the pool.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        *self.process() = None;
        self.folder.delete();
    }
}

/// Returns the path of `pgbouncer`, which Debian installs where `PATH` of a user does not lead.
fn find() -> Result<PathBuf, Missing> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let none = || Missing("no pgbouncer found in PATH, /usr/sbin".to_owned());
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file()).ok_or_else(none)
}
