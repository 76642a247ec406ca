#![allow(unused)]
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use steadfast::prelude::*;
#[derive(Clone, Default)]
struct Blob(u64);
// ==== field without serde, read and changed: cannot be a stored field of a context
#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    blob: Blob,
    #[context(default)]
    total: u64,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    Ok(ctx.blob.0)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    flow.update(|c| c.total(1).blob(Blob(1))).await?;
    Ok(pay(flow).await? + flow.blob.0)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== Rc as a field, read and changed: cannot be a stored field of a context
#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    blob: Rc<u64>,
    #[context(default)]
    total: u64,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    tokio::task::yield_now().await;
    Ok(*ctx.blob)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    flow.update(|c| c.total(1)).await?;
    Ok(pay(flow).await? + *flow.blob)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== Cell as a field, read and changed: cannot be a stored field of a context
#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    blob: Cell<u64>,
    #[context(default)]
    total: u64,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    Ok(ctx.blob.get())
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    flow.update(|c| c.total(1)).await?;
    Ok(pay(flow).await? + flow.total)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== Rc and RefCell as a required field: cannot be a stored field of a context
#[derive(StepContext, Clone)]
struct Order {
    blob: Rc<RefCell<Vec<u64>>>,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    Ok(ctx.blob.borrow().len() as u64)
}
#[workflow(context = Order)]
async fn buy(start: Start<Order>, n: u64) -> Result<u64> {
    let mut flow = start.with(Order::builder().blob(Rc::default()).build()).await?;
    flow.update(|c| c.blob(Rc::default())).await?;
    Ok(pay(&flow).await? + n)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== Rc as a transient field: cannot be a transient field of a context
#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
    #[context(transient)]
    blob: Rc<u64>,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    flow.update(|c| c.total(1)).await?;
    Ok(pay(flow).await? + flow.total)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== no Clone, read and changed: #[derive(StepContext, Clone)]
#[derive(StepContext)]
struct Order {
    #[context(default)]
    total: u64,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    flow.update(|c| c.total(1)).await?;
    Ok(pay(flow).await? + flow.total)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== a context without the derive in a workflow: put `#[derive(StepContext, Clone)]` on it
#[derive(Clone)]
struct Order {
    total: u64,
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(flow.now().elapsed().map_or(0, |since| since.as_secs()))
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== a context without the derive in a step: put `#[derive(StepContext, Clone)]` on it
struct Order {
    total: u64,
}
#[step]
async fn pay(ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}
// ==== no context, read by a step and by a workflow: put `#[derive(StepContext, Clone)]` on it
/// An order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    pub total: u64,
}
#[step]
async fn pay(ctx: &Order, cents: u64) -> Result<u64> {
    Ok(ctx.total + cents)
}
#[step]
async fn refund(ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    let paid = pay(flow, flow.total).await?;
    flow.update(|c| c.total(c.total + paid)).await?;
    Ok(flow.total + refund(flow).await?)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== no context, of a workflow alone: put `#[derive(StepContext, Clone)]` on it
pub struct Order {
    pub total: u64,
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(flow.total)
}
// ==== no context, read by a transaction and a workflow: put `#[derive(StepContext, Clone)]` on it
#[derive(Clone)]
pub struct Order {
    pub total: u64,
}
#[transaction]
fn book(tx: &mut Tx<'_>, ctx: &Order) -> Result<u64> {
    Ok(ctx.total)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(book(flow).await? + flow.total)
}
