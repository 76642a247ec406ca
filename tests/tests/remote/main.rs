//! Remote steps: they run in another process, with the typed context of their workflow.

mod basics;
mod bulk;
mod carried;
mod crashed;
mod killed;
mod place;
mod queues;
mod refused;
mod times;
