#![allow(unused)]
use std::cell::RefCell;
use std::rc::Rc;
use steadfast::prelude::*;
struct Blob(u64);
// ==== argument without serde, and its call: derive `serde::Serialize` and `serde::Deserialize`
#[step]
async fn pay(n: Blob) -> Result<u64> {
    Ok(n.0)
}
#[workflow]
async fn buy(flow: &mut Flow, input: u64) -> Result<u64> {
    Ok(pay(flow, Blob(input)).await? + pay(flow, Blob(2)).await?)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== result without serde, and its use: derive `serde::Serialize` and `serde::Deserialize`
#[step]
async fn pay(n: u64) -> Result<Blob> {
    Ok(Blob(n))
}
#[workflow]
async fn buy(flow: &mut Flow, input: u64) -> Result<u64> {
    let (one, other) = try_join!(pay(flow, input), pay(flow, 2))?;
    Ok(one.0 + other.0)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== argument and result without serde: derive `serde::Serialize` and `serde::Deserialize`
#[step(retry(attempts = 3))]
async fn pay(n: Blob, _more: Vec<Blob>) -> Result<Option<Blob>> {
    Ok(Some(n))
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(pay(flow, Blob(1), Vec::new()).await?.map_or(0, |blob| blob.0))
}
// ==== result of a transaction without serde: derive `serde::Serialize` and `serde::Deserialize`
#[transaction]
fn pay(_tx: &mut Tx<'_>, n: u64) -> Result<Blob> {
    Ok(Blob(n))
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(pay(flow, 1).await?.0)
}
// ==== input of a workflow without serde, and its start: derive `serde::Serialize` and `serde::Deserialize`
#[workflow]
async fn buy(_flow: &mut Flow, input: Blob) -> Result<u64> {
    Ok(input.0)
}
#[workflow]
async fn sell(flow: &mut Flow) -> Result<u64> {
    Ok(flow.start(buy, Blob(1)).id("child").await.await?)
}
async fn start(engine: &Engine) -> std::result::Result<u64, Box<dyn std::error::Error>> {
    Ok(engine.start(buy, Blob(1)).id("one").await?.result().await?)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy).workflow(sell);
}
// ==== result of a workflow without serde, and its use: derive `serde::Serialize` and `serde::Deserialize`
#[workflow]
async fn buy(_flow: &mut Flow, input: u64) -> Result<Blob> {
    Ok(Blob(input))
}
async fn start(engine: &Engine) -> std::result::Result<u64, Box<dyn std::error::Error>> {
    let run = engine.handle(buy, "one").await?;
    Ok(engine.start(buy, 1).await?.result().await?.0 + run.result().await?.0)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== input and result of a workflow without serde: derive `serde::Serialize` and `serde::Deserialize`
#[workflow]
async fn buy(_flow: &mut Flow, input: Blob) -> Result<Blob> {
    Ok(input)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== error of a step without serde: cannot be the error of a step or workflow
#[step]
async fn pay(n: u64) -> Result<u64, Blob> {
    Err(Blob(n))
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(pay(flow, 1).await.unwrap_or_default())
}
// ==== Rc as an argument: derive `serde::Serialize` and `serde::Deserialize`
#[step]
async fn pay(n: Rc<u64>) -> Result<u64> {
    Ok(*n)
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(pay(flow, Rc::new(1)).await?)
}
// ==== Rc as a result: derive `serde::Serialize` and `serde::Deserialize`
#[step]
async fn pay(n: u64) -> Result<Rc<u64>> {
    Ok(Rc::new(n))
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(*pay(flow, 1).await?)
}
// ==== Rc as an input: derive `serde::Serialize` and `serde::Deserialize`
#[workflow]
async fn buy(_flow: &mut Flow, n: Rc<RefCell<u64>>) -> Result<u64> {
    Ok(*n.borrow())
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== Rc as the result of a workflow: derive `serde::Serialize` and `serde::Deserialize`
#[workflow]
async fn buy(_flow: &mut Flow, n: u64) -> Result<Rc<u64>> {
    Ok(Rc::new(n))
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== own type as a return type: write `Result<Receipt>`
#[derive(serde::Serialize, serde::Deserialize)]
struct Receipt(u64);
#[step]
async fn pay(n: u64) -> Receipt {
    Receipt(n)
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(pay(flow, 1).await?.0)
}
// ==== option as a return type: write `Result<Option<u64>>`
#[workflow]
async fn buy(_flow: &mut Flow) -> Option<u64> {
    Some(1)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== input and result of events without serde: derive `serde::Serialize` and `serde::Deserialize`
#[derive(Event)]
struct Counted(u64);
struct Words;
#[workflow]
impl Words {
    #[step]
    async fn split(begin: Begin<Blob>) -> Result<Counted> {
        Ok(Counted(begin.0.0))
    }
    #[step]
    async fn add(counted: Counted) -> Result<Stop<Blob>> {
        Ok(Stop(Blob(counted.0)))
    }
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(Words);
}
