//! Looks into a database of runs: read-only, without the types of the program and without its code.
//!
//! An [`Inspector`] opens a file of SQLite or a database of Postgres, or looks into that of a running engine
//! ([`Engine::inspect`](crate::Engine::inspect)). It takes no lease and no run, writes nothing, shows committed state only,
//! and no [`Secret`](crate::Secret).
//!
//! # JSON
//!
//! Every answer is [`Serialize`](serde::Serialize), and its JSON form is stable: names of fields and words of enums are in
//! `snake_case`, an enum that has more than a word is an object with a tag, times are integers, in milliseconds since 1970,
//! and what is not known is `null`. A later version may add fields and words.

mod asked;
mod audit;
pub(crate) mod changes;
mod context;
mod diagram;
mod entries;
mod error;
pub(crate) mod filter;
pub(crate) mod fleet;
mod health;
pub(crate) mod heard;
mod inspector;
pub(crate) mod jobs;
mod outputs;
mod page;
pub(crate) mod queues;
mod reasons;
pub(crate) mod recorded;
mod run;
mod runs;
#[cfg(feature = "schedules")]
pub(crate) mod schedules;
mod shown;
mod state;
mod steps;
mod timeline;
pub(crate) mod trace;
pub(crate) mod waits;

pub use crate::context::{FieldCondition, IndexedField};
pub use asked::{InboxItem, RequestView};
pub use audit::{AuditEntry, AuditOutcome, AuditQuery};
pub use context::{ContextChange, ContextView, Difference, EntryRef, FieldDiff, FieldView};
pub use entries::Entry;
pub use error::InspectError;
pub use health::{StoreHealth, TableSize};
pub use inspector::Inspector;
pub use jobs::{Job, JobAction, JobStatus};
pub use outputs::{Channel, ChannelKind, Item};
pub use page::{Count, Page, Paging};
pub use reasons::ReasonGroup;
pub use run::{RunDetails, RunRef};
pub use runs::{RunSummary, RunsQuery, StatusCount};
pub use shown::Shown;
pub use state::StateView;
pub use steps::{Attempt, Step, StepStatus};
pub use timeline::{Timeline, TimelineCall};
pub use trace::TraceReader;
