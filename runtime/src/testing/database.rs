//! The database of a scenario: in memory, or a file for workflows with transactions.

#[cfg(feature = "sqlite")]
mod file;

use crate::store::{Lease, MemoryStore, Store, Write, Written};

/// The users' tables, each with its number of rows.
type Counts = Vec<(String, i64)>;

/// A database, with the user's own tables in it.
pub(super) struct Database {
    store: Box<dyn Store>,
    /// Counts the rows of the user's tables. It owns the folder of the file, and is dropped after the store.
    count: Box<dyn Fn() -> Result<Counts, String> + Send + Sync>,
    /// The same database, if it is in memory: then its clock can be set.
    memory: Option<MemoryStore>,
}

impl Database {
    /// Creates one in memory, or, if there are statements that create the user's tables, a new file with them.
    pub(super) fn new(statements: &[String]) -> Result<Self, String> {
        match statements {
            [] => {
                let memory = MemoryStore::new();
                let count = Box::new(|| Ok(Counts::new()));
                Ok(Self { store: Box::new(memory.clone()), count, memory: Some(memory) })
            }
            #[cfg(feature = "sqlite")]
            statements => file::create(statements),
            #[cfg(not(feature = "sqlite"))]
            _ => Err("tables need the feature `sqlite`".into()),
        }
    }

    /// Sets its clock; `false` if that of a file is the machine's.
    pub(super) fn set_clock(&self, now: i64) -> bool {
        self.memory.as_ref().map(|memory| memory.set_clock(now)).is_some()
    }

    /// Returns whether its clock is that of the scenario.
    pub(super) const fn is_simulated(&self) -> bool {
        self.memory.is_some()
    }

    /// Returns each of the user's tables with its number of rows.
    pub(super) fn rows(&self) -> Result<Counts, String> {
        (self.count)()
    }

    pub(super) fn open_lease(&self) -> Result<Lease, String> {
        match self.write(Write::OpenLease { owner: "crash-test".into() })? {
            Written::Number(number) => Ok(Lease { number, epoch: 1 }),
            other => Err(format!("opening a lease gave {other:?}")),
        }
    }

    pub(super) fn write(&self, write: Write) -> Result<Written, String> {
        let answers = self.store.commit(&[write]).map_err(|error| error.to_string())?;
        answers.into_iter().next().ok_or("no answer")?.map_err(|rejected| format!("a write was rejected: {rejected:?}"))
    }
}

impl std::ops::Deref for Database {
    type Target = dyn Store;

    fn deref(&self) -> &(dyn Store + 'static) {
        &*self.store
    }
}
