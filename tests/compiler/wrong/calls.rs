//! Calls with wrong arguments.
#![allow(unused)]
use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

#[derive(StepContext, Clone)]
pub struct Order { pub total: u64 }
#[derive(StepContext, Clone)]
pub struct Other { pub total: u64 }
#[step] async fn charge(ctx: &Order, cents: u64) -> Result<u64> { Ok(cents) }
#[step] async fn plain(cents: u64) -> Result<u64> { Ok(cents) }
#[workflow] async fn child(flow: &Flow, n: u64) -> Result<u64> { Ok(n) }

// ==== step of another context: Order
#[workflow(context = Other)] async fn process(start: Start<Other>) -> Result<u64> { let flow = start.with(Other::builder().total(1).build()).await?; Ok(charge(&flow, 5).await?) }
// ==== step before the context is set: with
#[workflow(context = Order)] async fn process(start: Start<Order>) -> Result<u64> { Ok(charge(&start, 5).await?) }
// ==== step without the handle: argument
#[workflow] async fn process(flow: &Flow) -> Result<u64> { Ok(plain(5).await?) }
// ==== step with another type: expected
#[workflow] async fn process(flow: &Flow) -> Result<u64> { Ok(plain(flow, "5").await?) }
// ==== not a workflow: put `#[workflow]`
async fn start(engine: &Engine) { let _ = engine.start(plain, 5).await; }
// ==== workflow called at the start: without calling it
async fn start(engine: &Engine, flow: &Flow) { let _ = engine.start(child(todo!(), 1), 5).await; }
// ==== update while a step is in flight: await
#[derive(StepContext, Clone)] pub struct Job { #[context(default)] pub done: u64 }
#[workflow(context = Job)] async fn process(flow: &mut Flow<Job>) -> Result<()> { let call = plain(&*flow, 1); flow.update(|c| c.done(1)).await?; call.await?; Ok(()) }
// ==== read inside an update: write `c.done`
#[derive(StepContext, Clone)] pub struct Job { #[context(default)] pub done: u64 }
#[workflow(context = Job)] async fn process(flow: &mut Flow<Job>) -> Result<()> { flow.update(|c| c.done(flow.done + 1)).await?; Ok(()) }
// ==== builder without a field: total
fn build() -> Order { Order::builder().build() }
// ==== builder with an unknown field: no method named `totla`
fn build() -> Order { Order::builder().totla(1).build() }
