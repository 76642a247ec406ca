//! An HTTP service on durable workflows: a request starts a run, and the answer comes from the run, whatever restarts
//! between.
//!
//! Read `workflow.rs` first, then `routes.rs`. `serve.rs` is how the service begins and ends.

mod bank;
mod json;
mod problem;
mod routes;
mod serve;
mod workflow;

pub use bank::Bank;
pub use serve::serve;
pub use workflow::{Approval, MayCharge, Order, Receipt, charge, fulfil};

/// The code of the guide's chapter on HTTP services.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/http.md")]
pub struct Chapter;
