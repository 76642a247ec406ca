//! Functions that cannot be steps or workflows.
#![allow(unused)]
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::sync::Arc;
use steadfast::prelude::*;

#[derive(StepContext, Clone)]
pub struct Order { pub total: u64 }

pub struct Money(u64);

// ==== not async: write `async fn`
#[step] fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== blocking and async: drop `async`
#[step(blocking)] async fn charge(n: u32) -> Result<u32> { Ok(n) }
// ==== no result: add `-> Result<()>`
#[step] async fn charge(n: u32) { println!("{n}"); }
// ==== unit: write `-> Result<()>`
#[step] async fn charge(n: u32) -> () { println!("{n}"); }
// ==== no result but a number: write `Result<u32>`
#[step] async fn charge(n: u32) -> u32 { n }
// ==== generic: write the types themselves
#[step] async fn charge<T: Serialize>(n: T) -> Result<()> { Ok(()) }
// ==== with a receiver: make it a function outside of the `impl`
struct Bank; impl Bank { #[step] async fn charge(&self, n: u32) -> Result<u32> { Ok(n) } }
// ==== on a struct: put `#[step]` on an `async fn`
#[step] struct Charge;
// ==== text argument: write `String`
#[step] async fn charge(card: &str) -> Result<()> { Ok(()) }
// ==== second text argument: write `String`
#[step] async fn charge(n: u32, card: &str) -> Result<()> { Ok(()) }
// ==== slice argument: write `Vec<u32>`
#[step] async fn charge(n: u32, cards: &[u32]) -> Result<()> { Ok(()) }
// ==== impl argument: write the type itself
#[step] async fn charge(cards: impl Iterator<Item = u32>) -> Result<()> { Ok(()) }
// ==== argument without serde: derive
#[step] async fn charge(price: Money) -> Result<()> { Ok(()) }
// ==== result without serde: derive
#[step] async fn charge() -> Result<Money> { Ok(Money(1)) }
// ==== error without serde: return `steadfast::Result<T>`
#[derive(Debug)] struct CardError;
#[step] async fn charge() -> Result<(), CardError> { Ok(()) }
// ==== error of another crate: return `steadfast::Result<T>`
#[step] async fn charge() -> std::io::Result<()> { Ok(()) }
// ==== handle in a step: take what it reads
#[step] async fn charge(flow: &Flow<Order>, n: u32) -> Result<u32> { Ok(n) }
// ==== handle in a step without a context: take what it reads
#[step] async fn charge(flow: &Flow, n: u32) -> Result<u32> { Ok(n) }
// ==== handle behind another argument: take what it reads
#[step] async fn charge(n: u32, flow: &mut Flow<Order>) -> Result<u32> { Ok(n) }
// ==== context by value: `ctx: &Order`
#[step] async fn charge(ctx: Order) -> Result<u64> { Ok(ctx.total) }
// ==== context that is none: derive
#[step] async fn charge(ctx: &Money) -> Result<u64> { Ok(ctx.0) }
// ==== borrowed result: `Result<String>`
#[step] async fn charge() -> Result<&'static str> { Ok("a") }
// ==== rc in a step: cannot be sent between threads
#[step] async fn charge(n: u32) -> Result<u32> { let rc = Rc::new(n); tokio::task::yield_now().await; Ok(*rc) }
// ==== rc in a workflow: cannot be sent between threads
#[workflow] async fn process(flow: &Flow) -> Result<()> { let rc = Rc::new(1); flow.sleep(Duration::from_secs(1)).await?; println!("{rc}"); Ok(()) }
// ==== workflow not async: write `async fn process
#[workflow] fn process(flow: &Flow) -> Result<()> { Ok(()) }
// ==== workflow without a handle: write `flow: &mut Flow`
#[workflow] async fn process(n: u32) -> Result<()> { Ok(()) }
// ==== workflow without anything: write `flow: &mut Flow`
#[workflow] async fn process() -> Result<()> { Ok(()) }
// ==== workflow without a result: add `-> Result<()>`
#[workflow] async fn process(flow: &Flow) { }
// ==== workflow with two inputs: make them one
#[workflow] async fn process(flow: &Flow, a: u32, b: u32) -> Result<()> { Ok(()) }
// ==== workflow with a borrowed input: `String` instead of `&str`
#[workflow] async fn process(flow: &Flow, name: &str) -> Result<()> { Ok(()) }
// ==== context not named: write `#[workflow(context = Order)]`
#[workflow] async fn process(flow: &mut Flow<Order>) -> Result<()> { Ok(()) }
// ==== context not carried: write `&mut Flow<Order>`
#[workflow(context = Order)] async fn process(flow: &mut Flow) -> Result<()> { Ok(()) }
// ==== session in a workflow: take it in a step
#[workflow] async fn process(flow: &Flow, session: &Session) -> Result<()> { Ok(()) }
// ==== update through a shared flow: write `flow: &mut Flow<Job>`
#[derive(StepContext, Clone)] pub struct Job { #[context(default)] pub done: u32 }
#[workflow(context = Job)] async fn process(flow: &Flow<Job>) -> Result<()> { flow.update(|c| c.done(1)).await?; Ok(()) }
// ==== assigned through the flow: flow.update(|c| c.done(..)).await?
#[derive(StepContext, Clone)] pub struct Job { #[context(default)] pub done: u32 }
#[workflow(context = Job)] async fn process(flow: &mut Flow<Job>) -> Result<()> { flow.done = 1; Ok(()) }
// ==== pushed through the flow: flow.update(|c| c.field(..)).await?
#[derive(StepContext, Clone)] pub struct Job { #[context(default)] pub done: Vec<u32> }
#[workflow(context = Job)] async fn process(flow: &mut Flow<Job>) -> Result<()> { flow.done.push(1); Ok(()) }
// ==== taken through the flow: flow.update(|c| c.field(..)).await?
#[derive(StepContext, Clone)] pub struct Job { #[context(default)] pub note: Option<String> }
#[workflow(context = Job)] async fn process(flow: &mut Flow<Job>) -> Result<()> { if true { let _ = flow.note.take(); } Ok(()) }
// ==== not awaited: await
#[workflow] async fn process(flow: &Flow) -> Result<()> { flow.sleep(Duration::from_secs(1)); Ok(()) }
// ==== thrown away: add `.await`
#[workflow] async fn process(flow: &Flow) -> Result<()> { let _ = flow.sleep(Duration::from_secs(1)); Ok(()) }
// ==== step called in a step: let it return, and the workflow call the next one
#[step] async fn reserve(n: u32) -> Result<u32> { Ok(n) }
#[step] async fn charge(ctx: &Order, n: u32) -> Result<u32> { Ok(reserve(ctx, n).await?) }
// ==== handle as the first argument of a plain function: take what it reads
#[step] async fn charge(handle: &mut Flow) -> Result<u32> { Ok(1) }
