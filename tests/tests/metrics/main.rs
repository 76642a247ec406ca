//! Metrics: what a run did is counted once, whatever is replayed, restarted or answered twice, and no value of a user
//! is in a name or a label.
//!
//! One process has one recorder, so each test has workflows, queues and schedules with names of its own.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod again;
mod counted;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../it/faulty.rs"]
mod faulty;
mod lost;
mod page;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../it/place.rs"]
mod place;
mod private;
mod seen;
mod traces;
