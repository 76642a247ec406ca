//! Building blocks of histories that several layers name and none owns: kinds of entries, outcomes of attempts, reasons
//! for parking, scopes of runs.

mod event_info;
mod identity;
pub(crate) mod inbox_kind;
mod kind;
mod limits;
pub(crate) mod millis;
pub(crate) mod outcome;
mod output;
mod park;
pub(crate) mod remote;
mod result_row;
mod routed;
mod run_scope;
mod step_write;
mod traceparent;

pub use event_info::EventInfo;
pub(crate) use identity::RunIdentity;
pub(crate) use inbox_kind::InboxKind;
pub use kind::Kind;
pub(crate) use kind::{About, Delivers, End, Role, Sealed, WrittenFields};
pub(crate) use limits::Limits;
pub use outcome::AttemptOutcome;
pub(crate) use output::OutputKind;
pub use park::{ParkCause, ParkReason};
pub(crate) use remote::{AttemptEnd, NoResult, RemoteEnd, RemoteWrite};
pub(crate) use result_row::{of_result, result_of};
pub(crate) use routed::RoutedValue;
pub use run_scope::Principal;
pub(crate) use run_scope::RunScope;
pub(crate) use step_write::{StepWrite, Written};
pub(crate) use traceparent::{SAMPLED, SpanOf, Traceparent};

/// The format in which this version writes entries and fields. A row with a greater number is refused.
///
/// 2 adds runs that were moved or continue another one, and fields in stores; 3 adds messages, requests, children,
/// outputs, limits and patches; 4 adds shared state, and events that steps send by hand.
pub(crate) const FORMAT: u16 = 4;
