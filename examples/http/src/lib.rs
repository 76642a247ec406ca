//! An HTTP service on durable workflows: a request starts a run, and the response comes from the run, also after a
//! restart.
//!
//! Read `workflow.rs` first, then `routes.rs`. `serve.rs` starts and stops the service.

mod bank;
mod json;
mod problem;
mod routes;
mod serve;
mod workflow;

pub use bank::Bank;
pub use serve::serve;
pub use workflow::{Approval, MayCharge, Order, Receipt, charge, fulfil};

/// The programs of the guide's chapter on HTTP services.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/http.md")]
pub struct Chapter;
