//! The rows, queries and writes of a [`Store`](super::Store), for authors of one: with the feature `conformance`.
//!
//! They may change with any version as long as every store is in this crate.

pub use super::audit::{Act, ActOutcome, AuditQuery, AuditRow, JobRow};
pub use super::belongings::{Belongings, Bond, TakenItem};
pub use super::indexed::IndexedIn;
pub use super::measures::{Measures, TableSize};
#[cfg(feature = "postgres")]
pub use super::postgres::PostgresStore;
pub use super::queue::{QueueChange, QueueLimits, QueueState, Rate};
pub use super::rows::{
    EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow,
    WaitingRuns,
};
pub use super::schedule::{
    Fire, FireSource, Fired, FiringOutcome, FiringRow, NextSchedule, Overlap, ScheduleRow, ScheduleState,
};
pub use super::signal::ChangeSignal;
pub use super::task::{QueueKeyRow, QueueRow, TaskKey, TaskRow, TaskState};
pub use super::trace_mark::{TraceKey, TraceMark, TracedRow};
pub use super::user_code::{Transaction, UserCode, Within};
pub use super::write::answer::{Rejected, Written};
pub use super::write::imported::ImportedRun;
pub use super::write::item::NewInboxItem;
pub use super::write::new_run::{Holder, NewQueued, NewRun, PlaceChange};
pub use super::write::outgoing::Outgoing;
pub use super::write::{Append, Change, Lease, Write};
pub use crate::record::inbox_kind::InboxKind;
pub use crate::record::outcome::AttemptOutcome;
pub use crate::sql::error::SqlErrorKind;
pub use crate::sql::statements::{RowValues, Statement, Statements, TxState};
pub use crate::value::Encoding;

/// The format in which entries are written by this version.
pub const FORMAT: u16 = crate::record::FORMAT;
