//! A server with its throw-away folder.

use crate::database::{Database, socket_url, tcp_url};
use crate::folder::Folder;
use crate::installation::{Installation, first};
use crate::stream::Address;
use crate::watched::Watched;
use crate::{LIMIT, Missing, PASSWORD, Rows, Session, USER};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a cluster differs from the default.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// The folder of `postgres` and `initdb`; by default that of the first [installation](crate::installations).
    pub bin: Option<PathBuf>,
    /// Settings of `postgresql.conf`, such as `("fsync", "off".into())`. That one makes tests with many restarts
    /// faster: the files of a killed process keep its writes also without a sync.
    pub settings: Vec<(&'static str, String)>,
    /// Files in the folder of the server's data, such as `("pg_hba.conf", "local all all trust\n".into())`. Only the
    /// server may read them.
    pub files: Vec<(&'static str, String)>,
}

/// A Postgres server with a folder, a Unix socket and a TCP port on 127.0.0.1 of its own. Server and folder are gone
/// after a drop, and after the end of this process, however it ends.
#[derive(Debug)]
pub struct Cluster {
    installation: Installation,
    folder: Folder,
    log: PathBuf,
    port: u16,
    databases: AtomicU32,
    server: Mutex<Option<Watched>>,
}

impl Cluster {
    /// Creates and starts a cluster of the first [installation](crate::installations).
    ///
    /// # Errors
    /// There is no installation, or no user that may run it.
    ///
    /// # Panics
    /// The server does not start. The message has the log.
    pub fn start() -> Result<Self, Missing> {
        Self::start_with(&ClusterOptions::default())
    }

    /// Creates and starts a cluster of the installation in a folder.
    ///
    /// # Errors
    /// The folder has no installation, or there is no user that may run it.
    ///
    /// # Panics
    /// The server does not start. The message has the log.
    pub fn start_in(bin: impl Into<PathBuf>) -> Result<Self, Missing> {
        Self::start_with(&ClusterOptions { bin: Some(bin.into()), ..ClusterOptions::default() })
    }

    /// Creates and starts a cluster with options.
    ///
    /// # Errors
    /// There is no installation, or no user that may run it.
    ///
    /// # Panics
    /// The server does not start. The message has the log.
    pub fn start_with(options: &ClusterOptions) -> Result<Self, Missing> {
        let installation = options.bin.as_ref().map_or_else(first, Installation::in_folder)?;
        let folder = Folder::create()?;
        let log = folder.path().join("log");
        let (databases, server) = (AtomicU32::new(0), Mutex::new(None));
        let mut cluster = Self { installation, folder, log, port: free_port(), databases, server };
        cluster.folder.can_execute(&cluster.program("initdb"))?;
        cluster.create();
        cluster.configure(&cluster.settings(&options.settings));
        for (name, contents) in &options.files {
            cluster.write(name, contents);
        }
        while let Err(failed) = cluster.try_start() {
            // Another process may have taken the port since.
            assert!(failed.contains("Address already in use"), "postgres does not start: {failed}");
            cluster.port = free_port();
            cluster.configure(&format!("port = {}\n", cluster.port));
            std::fs::write(&cluster.log, "").expect("the log is there");
        }
        Ok(cluster)
    }

    fn program(&self, name: &str) -> PathBuf {
        self.installation.bin.join(name)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs `initdb` to its end, under a watcher that a server's then replaces.
    fn create(&self) {
        let password = self.folder.write("password", PASSWORD);
        let mut initdb = self.folder.command(self.program("initdb"));
        initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(password);
        initdb.args(["--username", USER, "--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.args(["--encoding=UTF8", "--no-locale", "--no-sync"]);
        let mut watched = Watched::new(&self.folder, &self.log, "TERM", &initdb);
        watched.go();
        let has_ended = watched.is_gone_within(LIMIT);
        let is_created = has_ended && self.data().join("PG_VERSION").is_file();
        assert!(is_created, "initdb fails: {}", self.log());
        *self.server() = Some(watched);
    }

    /// Returns the lines of `postgresql.conf` for this cluster.
    fn settings(&self, chosen: &[(&'static str, String)]) -> String {
        let mut lines = String::from("listen_addresses = '127.0.0.1'\nshared_buffers = 32MB\nmax_connections = 200\n");
        let _ = writeln!(lines, "unix_socket_directories = '{}'", self.folder.path().display());
        let _ = writeln!(lines, "port = {}", self.port);
        if cfg!(target_os = "linux") {
            // After a crash Postgres syncs its folder, by default file by file, which takes seconds beside other
            // builds.
            lines += "recovery_init_sync_method = syncfs\n";
        }
        for (name, value) in chosen {
            let _ = writeln!(lines, "{name} = '{}'", value.replace('\'', "''"));
        }
        lines
    }

    /// Appends lines to `postgresql.conf`, where the last line of a setting counts.
    fn configure(&self, lines: &str) {
        let path = self.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&path).expect("initdb has written it");
        std::fs::write(path, before + lines).expect("it can be written");
    }

    /// Writes a file in the folder of the server's data, which only the server may read.
    ///
    /// # Panics
    /// The folder cannot be written.
    pub fn write(&self, name: &str, contents: &str) {
        let path = self.folder.write(&format!("data/{name}"), contents);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("it was just written");
    }

    /// Starts the server in place of the process that was watched before, and waits until it accepts connections.
    /// Returns the log if it ends before that.
    fn try_start(&self) -> Result<(), String> {
        let mut server = self.server();
        let mut postgres = self.folder.command(self.program("postgres"));
        postgres.arg("-D").arg(self.data());
        // SIGQUIT: shared memory is released, which SIGKILL would leave in the kernel.
        let mut started = Watched::new(&self.folder, &self.log, "QUIT", &postgres);
        if let Some(before) = server.take() {
            before.leave();
        }
        started.go();
        let since = Instant::now();
        while Session::connect(&self.socket(), "postgres").is_err() {
            let has_ended = started.is_gone_within(Duration::from_millis(10));
            if has_ended || since.elapsed() > LIMIT {
                // The folder must be there for another try.
                *server = Some(started);
                return Err(self.log());
            }
        }
        *server = Some(started);
        Ok(())
    }

    fn server(&self) -> MutexGuard<'_, Option<Watched>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The installation that runs.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The address of the Unix socket, which asks for no password.
    #[must_use]
    pub fn socket(&self) -> Address {
        Address::Socket(self.folder.path().join(format!(".s.PGSQL.{}", self.port)))
    }

    /// The address of the TCP port, which asks for the password.
    #[must_use]
    pub fn tcp(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The folder of the socket, which is deleted at the end.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the log of `initdb` and the server.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Creates a database with a unique name that begins with the hint.
    ///
    /// # Panics
    /// The server does not create it.
    pub fn database(&self, name_hint: &str) -> Database {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let hint: String = name_hint.chars().map(word).take(40).collect();
        let name = format!("{hint}_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("create database \"{name}\"")).expect("a database is created");
        let (url, tcp_url) = (socket_url(self.folder(), self.port, &name), tcp_url(self.tcp(), &name));
        Database { name, socket: self.socket(), url, tcp_url }
    }

    /// Executes statements in a database as superuser, on a connection of their own.
    ///
    /// # Errors
    /// The server is not reachable, or a statement fails.
    pub fn execute(&self, database: &str, sql: &str) -> Result<Rows, String> {
        Session::connect(&self.socket(), database)?.execute(sql)
    }

    /// Kills all processes of the server at once, as a crash of the machine does, and waits until they are gone. The
    /// files stay.
    ///
    /// # Panics
    /// They are not gone within a minute.
    pub fn kill(&self) {
        self.end(|server| {
            let Some(postmaster) = self.postmaster() else { return };
            // A stopped postmaster forks nothing, and does not react to the end of a child.
            server.signal("STOP", &[]);
            server.signal("KILL", &children(postmaster));
        });
    }

    /// Stops the server in order: transactions are rolled back, connections are closed.
    ///
    /// # Panics
    /// It does not end within a minute.
    pub fn stop_fast(&self) {
        self.end(|server| server.signal("INT", &[]));
    }

    fn end(&self, how: impl FnOnce(&mut Watched)) {
        let mut server = self.server();
        let server = server.as_mut().expect("it was started");
        if !server.is_gone_within(Duration::ZERO) {
            how(server);
            assert!(server.is_gone_within(LIMIT), "postgres does not end: {}", self.log());
        }
    }

    /// Starts the server again on the same folder, socket and port, and waits until it accepts connections. A server
    /// that runs is stopped before.
    ///
    /// # Panics
    /// It does not start. The message has the log.
    pub fn restart(&self) {
        self.stop_fast();
        self.try_start().unwrap_or_else(|log| panic!("postgres does not start: {log}"));
    }

    /// Returns the process id of the postmaster, as it stands in its lock file.
    fn postmaster(&self) -> Option<u32> {
        let lock = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        lock.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        *self.server() = None;
        self.folder.delete();
    }
}

/// Returns the processes that another has forked. Empty without `/proc`, where they end by themselves soon after their
/// parent.
fn children(parent: u32) -> Vec<u32> {
    let is_child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // `id (name) state parent ..`, where the name may contain anything.
        let parent_of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent_of == Some(parent)
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}

/// Returns a TCP port of 127.0.0.1 that is free now. It is below the ports of outgoing connections, so that none
/// of them takes it while a server restarts.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const PORTS: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes at the same time begin at different ports.
    let begin = u16::try_from(std::process::id().wrapping_mul(61) % u32::from(PORTS)).expect("below");
    let port = || FIRST + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
    std::iter::repeat_with(port)
        .take(usize::from(PORTS))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}
