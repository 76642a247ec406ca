//! Connections that are kept between uses.

use super::fault::{Place, fault};
use super::link::Link;
use super::options::PgOptions;
use crate::store::StoreError;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Connections for one purpose, made when they are needed.
pub(super) struct Links {
    options: PgOptions,
    name: String,
    /// How many idle ones are kept.
    kept: usize,
    idle: Mutex<Vec<Link>>,
}

impl Links {
    pub(super) const fn new(options: PgOptions, name: String, kept: usize) -> Self {
        Self { options, name, kept, idle: Mutex::new(Vec::new()) }
    }

    /// Does something with a connection that nobody else uses meanwhile.
    ///
    /// # Errors
    /// Those of `act`; or no connection can be made.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Link) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut link = self.link()?;
        // After a panic it is closed, and with it a transaction that was left open.
        let answer = act(&mut link);
        let patience = self.options.patience();
        if answer.is_ok() || !link.has_ended() && link.wait(patience, |client| client.batch_execute("ROLLBACK")).is_ok()
        {
            self.keep(link);
        } else {
            // The others probably went the same way: what is tried again gets a new connection.
            self.idle().clear();
        }
        answer
    }

    fn link(&self) -> Result<Link, StoreError> {
        let idle = std::iter::from_fn(|| self.idle().pop()).find_map(|mut link| link.is_alive().then_some(link));
        if let Some(link) = idle {
            return Ok(link);
        }
        let PgOptions { config, .. } = &self.options;
        Link::connect(config, self.options.connecting()).map_err(|error| fault(&self.name, error, Place::Connecting))
    }

    fn keep(&self, link: Link) {
        let mut idle = self.idle();
        if !link.has_ended() && idle.len() < self.kept {
            idle.push(link);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}
