use steadfast::prelude::*;
#[derive(StepContext, Clone)]
struct Order {
    #[context(default)]
    total: u64,
}
// ==== step in an impl: move it out of the `impl`
struct Shop;
impl Shop {
    #[step]
    async fn charge(ctx: &Order, n: u64) -> Result<u64> {
        Ok(ctx.total + n)
    }
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(Shop::charge(flow, 1).await? + Shop::charge(flow, 2).await?)
}
// ==== transaction in an impl: move it out of the `impl`
struct Shop;
impl Shop {
    #[transaction]
    fn charge(tx: &mut Tx<'_>, n: u64) -> Result<u64> {
        Ok(n)
    }
}
// ==== workflow in an impl: move it out of the `impl`
struct Shop;
impl Shop {
    #[workflow]
    async fn buy(_flow: &mut Flow, n: u64) -> Result<u64> {
        Ok(n)
    }
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(Shop::buy);
}
// ==== step in a trait: move it out of the `impl`
struct Shop;
trait Charge {
    async fn charge(n: u64) -> Result<u64>;
}
impl Charge for Shop {
    #[step]
    async fn charge(n: u64) -> Result<u64> {
        Ok(n)
    }
}
// ==== two steps of one name: give one of them another name
#[step]
async fn charge(ctx: &Order, n: u64) -> Result<u64> {
    Ok(ctx.total + n)
}
#[step]
async fn charge(ctx: &Order, n: u64) -> Result<u64> {
    Ok(ctx.total - n)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(charge(flow, 1).await?)
}
// ==== the same step twice: give one of them another name
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n)
}
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n)
}
// ==== two steps of one name in a module: give one of them another name
mod shop {
    use steadfast::prelude::*;
    #[step]
    pub async fn charge(n: u64) -> Result<u64> {
        Ok(n)
    }
    #[step(retry(attempts = 3))]
    pub async fn charge(n: u64) -> Result<u64> {
        Ok(n + 1)
    }
}
// ==== two workflows of one name: give one of them another name
#[workflow]
async fn buy(_flow: &mut Flow) -> Result<u64> {
    Ok(1)
}
#[workflow]
async fn buy(_flow: &mut Flow) -> Result<u64> {
    Ok(2)
}
fn main() {
    let _ = Engine::builder().in_memory().workflow(buy);
}
// ==== step and transaction of one name: give one of them another name
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n)
}
#[transaction]
fn charge(tx: &mut Tx<'_>, n: u64) -> Result<u64> {
    Ok(n)
}
// ==== step and function of one name: give one of them another name
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n)
}
fn charge(n: u64) -> u64 {
    n
}
// ==== step and module of one name: give one of them another name
mod charge {
    pub const FEE: u64 = 1;
}
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n + charge::FEE)
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    Ok(charge(flow, 1).await? + charge(flow, 2).await?)
}
// ==== workflow called as a step: flow.start(workflow, input)
#[workflow(context = Order)]
async fn pay(flow: &mut Flow<Order>, n: u64) -> Result<u64> {
    Ok(flow.total + n)
}
#[workflow(context = Order)]
async fn buy(flow: &mut Flow<Order>) -> Result<u64> {
    Ok(pay(flow, 1).await?)
}
// ==== workflow without input called as a step: flow.start(workflow, input)
#[workflow]
async fn pay(_flow: &mut Flow) -> Result<u64> {
    Ok(1)
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    let n = pay(flow).await?;
    Ok(n + 1)
}
// ==== workflow called in a step: flow.start(workflow, input)
#[workflow]
async fn pay(_flow: &mut Flow, n: u64) -> Result<u64> {
    Ok(n)
}
#[step]
async fn buy(ctx: &Order, n: u64) -> Result<u64> {
    Ok(pay(ctx, n).await?)
}
