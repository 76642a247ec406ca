//! The narrow seam between the engine and the rows that it owns in a database.
//!
//! A store sees integers, strings and bytes, never a user's type. All writes go through [`Store::commit`], in one
//! transaction. Each write of a batch is checked by itself, and a rejected one leaves the others alone.

pub(crate) mod audit;
#[cfg(feature = "conformance")]
pub mod backend;
mod belongings;
#[cfg(feature = "conformance")]
pub mod conformance;
mod decide;
#[cfg(feature = "sqlite")]
mod durability;
mod ended;
mod error;
mod indexed;
mod interface;
mod measures;
mod memory;
mod open_files;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod rows;
#[cfg(feature = "sqlite")]
mod run_rows;
mod schedule;
mod signal;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod status;
mod successor;
mod task;
mod trace_mark;
pub(crate) mod user_code;
#[cfg_attr(not(feature = "conformance"), expect(clippy::option_option, reason = "a change leaves, clears or sets"))]
mod write;

pub(crate) use audit::{Act, ActOutcome, AuditQuery, AuditRow, JobRow};
pub(crate) use belongings::{Belongings, Bond, TakenItem};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use durability::Durability;
pub use error::{StoreError, StoreErrorKind};
pub(crate) use indexed::{IndexedIn, KeyRange};
pub use interface::Store;
pub(crate) use measures::{Measures, TableSize};
pub use memory::MemoryStore;
pub(crate) use open_files::is_out_of_files;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::PgOptions;
pub(crate) use queue::{QueueChange, QueueLimits, QueueState, Rate};
pub(crate) use rows::{
    EntryRow, FieldRow, InboxRow, LeaseRow, NOBODY, OutputRow, RequestKey, RequestRow, RunKey, RunPage, RunQuery,
    RunRow, WaitingRuns,
};
#[cfg(feature = "sqlite")]
pub(crate) use run_rows::{FileInfo, RunRows};
#[cfg(feature = "schedules")]
#[cfg_attr(docsrs, doc(cfg(feature = "schedules")))]
pub use schedule::Overlap;
#[cfg(not(feature = "schedules"))]
pub(crate) use schedule::Overlap;
#[cfg(any(feature = "schedules", feature = "conformance"))]
pub(crate) use schedule::ScheduleState;
pub(crate) use schedule::{Fire, FireSource, Fired, FiringOutcome, FiringRow, NextSchedule, ScheduleRow};
pub(crate) use signal::{ChangeSignal, Shown};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::{LookingStore, RunFile, RunFileWriter};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::{SqliteOptions, SqliteStore};
pub use status::Status;
pub(crate) use successor::{lineage_flaw, successor};
pub(crate) use task::{QueueKeyRow, QueueRow, TaskKey, TaskRow, TaskState};
pub(crate) use trace_mark::{TraceKey, TraceMark, TracedRow};
pub(crate) use user_code::{Transaction, UserCode};
pub(crate) use write::answer::{Rejected, Written};
pub(crate) use write::imported::ImportedRun;
pub(crate) use write::item::NewInboxItem;
pub(crate) use write::new_run::{Holder, NewQueued, NewRun, PlaceChange};
pub(crate) use write::outgoing::Outgoing;
pub(crate) use write::{Append, Change, Lease, Write};
