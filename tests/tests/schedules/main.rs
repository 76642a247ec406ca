//! Schedules: each nominal time starts its run exactly once, whatever runs, dies or restarts.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod killed;
mod missed;
mod moved;
#[path = "../remote/place.rs"]
mod place;
mod policies;
mod recorded;
mod refused;
mod shared;
mod simulated;
