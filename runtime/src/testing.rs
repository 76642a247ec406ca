//! Tools for unit tests of workflows: faults at every commit, sleeps that take no time, and stubs of steps.
//!
//! They need the feature `testing`:
//!
//! * [`crash_everywhere`] runs a workflow again and again with every fault at every commit, and checks that nothing is
//!   lost, repeated or changed;
//! * [`EngineBuilder::skip_sleeps`](crate::EngineBuilder::skip_sleeps) makes durable sleeps and backoffs take no time;
//! * [`EngineBuilder::stub`](crate::EngineBuilder::stub) and [`CrashTest::stub`] replace a step by a closure.

mod attempts;
mod commit;
mod crash;
mod database;
mod everywhere;
mod far;
mod fault;
mod loaded;
mod observers;
mod oracle;
mod outside;
mod perform;
mod places;
mod progress;
mod queued;
mod reading;
mod sample;
mod scenario;
mod script;
mod secrets;
mod starts;
mod stub;
mod subject;
mod time;

pub use crash::{CrashReport, CrashTest, crash_everywhere};
