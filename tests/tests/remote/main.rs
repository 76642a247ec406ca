//! Remote steps: they run in another process, with the typed context of their workflow.

#![expect(clippy::unused_async, reason = "a workflow is async, whatever it does")]

mod basics;
mod bulk;
mod carried;
mod changed;
mod crashed;
mod crashed_queues;
mod dropped;
mod killed;
mod outcomes;
mod place;
mod places;
mod queues;
mod refused;
mod reports;
mod runs;
mod stopped;
mod times;
mod unserved;
