//! A fresh database of a cluster.

use crate::stream::Address;
use crate::{PASSWORD, Rows, Session, USER};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// A database that only its test uses.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) name: String,
    pub(crate) socket: Address,
    pub(crate) url: String,
    pub(crate) tcp_url: String,
}

impl Database {
    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL over the Unix socket, which needs no password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL over TCP, with the password.
    #[must_use]
    pub fn tcp_url(&self) -> &str {
        &self.tcp_url
    }

    /// Executes statements on a connection of their own.
    ///
    /// # Errors
    /// The server is not reachable, or a statement fails.
    pub fn execute(&self, sql: &str) -> Result<Rows, String> {
        self.session()?.execute(sql)
    }

    /// Opens a connection over the Unix socket.
    ///
    /// # Errors
    /// The server is not reachable.
    pub fn session(&self) -> Result<Session, String> {
        Session::connect(&self.socket, &self.name)
    }
}

/// Returns the URL of a database over a Unix socket in a folder.
pub(crate) fn socket_url(folder: &Path, port: u16, database: &str) -> String {
    let mut host = String::new();
    for byte in folder.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._".contains(byte) {
            host.push(char::from(*byte));
        } else {
            let _ = write!(host, "%{byte:02X}");
        }
    }
    format!("postgres://{USER}@/{database}?host={host}&port={port}")
}

/// Returns the URL of a database over TCP.
pub(crate) fn tcp_url(address: SocketAddr, database: &str) -> String {
    format!("postgres://{USER}:{PASSWORD}@{address}/{database}")
}
