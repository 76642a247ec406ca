//! Looking into databases from outside: what there is to see, that it is the same with and without an engine, and that
//! looking changes nothing.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod around;
mod bad_input;
mod contexts;
mod golden;
mod killed;
mod large;
mod lists;
mod order;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../it/place.rs"]
mod place;
mod seen;
mod strange;
mod timelines;
mod untouched;
