//! Tests of event-driven workflows, as a user writes them.

mod caught;
mod crashed;
mod fan_in;
mod killed;
mod outside;
mod routing;
mod secret;
mod sent;
mod stopped;
mod stubs;
mod updated;

use steadfast::prelude::*;

/// Starts an in-memory engine with one graph.
async fn engine<F, G: steadfast::Startable<F>>(graph: G) -> Engine {
    Engine::builder().in_memory().workflow(graph).start().await.unwrap()
}
