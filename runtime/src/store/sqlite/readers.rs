//! The connections for reads: one for the engine's loads, and a few for users.
//!
//! A long query of a user delays neither loads nor, with a few connections, the short queries of others.

use super::SqliteOptions;
use super::open::connect_reader;
use crate::store::StoreError;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Idle connections that are kept. Concurrent calls may open more.
const KEPT: usize = 4;

/// The connections for users, opened when first needed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    name: String,
    options: SqliteOptions,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) const fn new(path: PathBuf, name: String, options: SqliteOptions) -> Self {
        Self { path, name, options, idle: Mutex::new(Vec::new()) }
    }

    /// Reads with a connection that no other call uses meanwhile. Calls `check` before opening a connection: the path
    /// must still name the open file.
    pub(super) fn with<T>(
        &self,
        check: impl FnOnce() -> Result<(), StoreError>,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let connection = if let Some(connection) = idle {
            connection
        } else {
            check()?;
            connect_reader(&self.path, &self.name, &self.options)?
        };
        // After a panic or an error the connection is closed, along with its open transaction.
        let answer = read(&connection)?;
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(answer)
    }

    /// Returns the idle connections.
    pub(super) fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
