//! What a database must do: the narrow seam between the engine and the rows it owns.
//!
//! A store sees integers, words and bytes, never a user's type. All writes go through [`Store::commit`], in one
//! transaction; each write of a batch is checked by itself, and one that is rejected leaves the others alone.

mod belongings;
#[cfg(feature = "conformance")]
pub mod conformance;
mod durability;
mod ended;
mod error;
mod memory;
mod rows;
mod run_rows;
mod sql;
mod sqlite;
mod status;
mod successor;
pub(crate) mod user_code;
#[cfg_attr(not(feature = "conformance"), expect(clippy::option_option, reason = "a change leaves, clears or sets"))]
mod write;

pub(crate) use belongings::{Belongings, Bond, TakenItem};
pub use durability::Durability;
pub use error::{StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub(crate) use rows::{
    EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow,
};
pub(crate) use run_rows::{FileInfo, RunRows};
pub(crate) use sqlite::{RunFile, RunFileWriter, is_out_of_files};
pub use sqlite::{SqliteOptions, SqliteStore};
pub use status::Status;
pub(crate) use successor::{lineage_flaw, successor};
pub(crate) use user_code::{Transaction, UserCode};
pub(crate) use write::imported::ImportedRun;
pub(crate) use write::{Append, Change, Lease, NewInboxItem, NewRun, Outgoing, Rejected, Write, Written};

/// The rows, queries and writes of a [`Store`], for those who write one: with the feature `conformance`.
///
/// They change with any version as long as every store is in this crate.
#[cfg(feature = "conformance")]
pub mod backend {
    pub use super::belongings::{Belongings, Bond, TakenItem};
    pub use super::rows::{
        EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow,
    };
    pub use super::user_code::{Transaction, UserCode};
    pub use super::write::imported::ImportedRun;
    pub use super::write::{Append, Change, Lease, NewInboxItem, NewRun, Outgoing, Rejected, Write, Written};
    pub use crate::record::inbox_kind::InboxKind;
    pub use crate::record::outcome::AttemptOutcome;
    pub use crate::value::Encoding;

    /// The format in which entries are written by this version.
    pub const FORMAT: u16 = crate::record::FORMAT;
}

/// A database that holds runs, journals, context fields, inboxes and leases.
///
/// Methods may block; the engine calls `commit` from one thread of its own and reads from others, at the same time.
/// A method returns an error only if nothing can be said of the outcome or the database is unusable; the engine then
/// reads back before it repeats anything.
pub trait Store: Send + Sync + 'static {
    /// Applies `writes` in order in one transaction and returns one answer for each, in order.
    ///
    /// When this returns `Ok`, all that was not rejected is as durable as the store was asked to make it.
    ///
    /// # Errors
    /// The transaction as a whole failed, or its outcome is not known.
    fn commit(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError>;

    /// One run, by its number or by its id.
    ///
    /// # Errors
    /// The database cannot be read.
    fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError>;

    /// The runs that fit `query`, in ascending order of their number, or in the order that it asks for.
    ///
    /// # Errors
    /// The database cannot be read.
    fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError>;

    /// At most `limit` entries of a run with a sequence number greater than `after`, in order.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged: [`StoreErrorKind::Damaged`] names run and sequence number.
    fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError>;

    /// The same without their values and what they say of others: what was called and what came, and how it went.
    ///
    /// # Errors
    /// As of [`entries`](Store::entries).
    fn outline(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let entries = self.entries(run, after, limit)?;
        Ok(entries.into_iter().map(|entry| EntryRow { value: None, other: None, ..entry }).collect())
    }

    /// The rows of context fields written by the entries `from..=to` of a run, ordered by sequence number and name.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError>;

    /// The items waiting in the inboxes of the runs that a lease owns, or of one run; in order of arrival, after the item
    /// with number `after`, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn inbox(&self, of: RunKey<'_>, after: i64, limit: usize) -> Result<Vec<InboxRow>, StoreError>;

    /// Questions that runs have asked.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError>;

    /// At most `limit` items of a channel of a first run after the item with number `after`, in order; the newest ones, if
    /// `newest` is set, still in order.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> Result<Vec<OutputRow>, StoreError>;

    /// The labels of a run, in order of their names.
    ///
    /// # Errors
    /// The database cannot be read.
    fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError>;

    /// What a run has beyond what the other methods give, for copies and moves. `None` if there is no such run,
    /// or if the store does not tell, as this default: then no run is moved out of it, and of what runs have shown only what
    /// their journals name is copied.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    fn belongings(&self, run: i64) -> Result<Option<Belongings>, StoreError> {
        let _ = run;
        Ok(None)
    }

    /// Every lease, in order of its number.
    ///
    /// # Errors
    /// The database cannot be read.
    fn leases(&self) -> Result<Vec<LeaseRow>, StoreError>;

    /// A number that changes when another writer (another process, another store object) has committed.
    ///
    /// # Errors
    /// The database cannot be read.
    fn foreign_changes(&self) -> Result<u64, StoreError>;

    /// The random id drawn when this database was created: 32 hexadecimal digits.
    fn database_id(&self) -> &str;

    /// Where other processes reach the same database, as a folder and name for lock files; `None` if only this process can.
    fn lock_stem(&self) -> Option<std::path::PathBuf> {
        None
    }

    /// The same database for those who look at runs from outside (status, lists, histories): its reads do not wait for the
    /// reads of this store, nor these for those. `None` if reads do not wait for each other anyway.
    fn for_users(&self) -> Option<std::sync::Arc<dyn Store>> {
        None
    }

    /// Whether a commit waits for a disk or a network. If not, the engine commits where it stands instead of handing
    /// the batch to a thread.
    fn waits(&self) -> bool {
        true
    }
}
