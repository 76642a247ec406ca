// Functions of one name in different places, and ones of which only one is there.
// ==== steps of one name in modules, blocks and under conditions
use steadfast::prelude::*;
mod shop {
    use steadfast::prelude::*;
    #[step]
    pub async fn charge(n: u64) -> Result<u64> {
        Ok(n)
    }
    pub mod inner {
        use steadfast::prelude::*;
        #[step]
        pub async fn charge(n: u64) -> Result<u64> {
            Ok(n)
        }
    }
}
#[cfg(windows)]
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n)
}
#[cfg(not(windows))]
#[step]
async fn charge(n: u64) -> Result<u64> {
    Ok(n + 1)
}
#[cfg(windows)]
fn refund(n: u64) -> u64 {
    n
}
#[step]
#[cfg(not(windows))]
async fn refund(n: u64) -> Result<u64> {
    Ok(n)
}
#[workflow]
async fn buy(flow: &mut Flow) -> Result<u64> {
    let shop = shop::charge(flow, 1).await? + shop::inner::charge(flow, 2).await?;
    Ok(shop + charge(flow, 3).await? + refund(flow, 4).await?)
}
fn one() {
    #[step]
    async fn charge(n: u64) -> Result<u64> {
        Ok(n)
    }
    #[workflow]
    async fn buy(flow: &mut Flow) -> Result<u64> {
        Ok(charge(flow, 1).await?)
    }
    let _ = Engine::builder().workflow(buy);
}
struct Shop;
impl Shop {
    fn charge(&self) {
        #[step]
        async fn charge(n: u64) -> Result<u64> {
            Ok(n)
        }
        #[workflow]
        async fn buy(flow: &mut Flow) -> Result<u64> {
            Ok(charge(flow, 1).await?)
        }
        let _ = Engine::builder().workflow(buy);
    }
}
fn main() {
    one();
    Shop.charge();
    let _ = Engine::builder().workflow(buy);
}
// ==== one type in several places, by several names, and aliases of a result
use steadfast::prelude::*;
use std::collections::HashMap;
type Tags = HashMap<String, u64>;
type Counts = HashMap<String, u64>;
type Fallible<T> = std::result::Result<T, Error>;
type Done = Result<Tags>;
#[step]
async fn pass(tags: Tags, counts: Counts) -> Result<HashMap<String, u64>> {
    Ok(tags.into_iter().chain(counts).collect())
}
#[step]
async fn again(tags: Tags) -> Fallible<Counts> {
    Ok(tags)
}
#[workflow]
async fn all(flow: &mut Flow, tags: Tags) -> Done {
    let tags = pass(flow, tags.clone(), tags).await?;
    Ok(again(flow, tags).await?)
}
fn main() {
    let _ = all;
    let workflow = all;
    let _ = Engine::builder().workflow(workflow);
}
// ==== a name of a result that something else has elsewhere
use steadfast::prelude::*;
mod report {
    pub enum Result {
        Won,
        Lost,
    }
}
mod api {
    pub type Receipt = steadfast::Result<u64>;
}
mod rows {
    pub struct Receipt;
}
use api::Receipt;
#[step]
async fn judge(n: u32) -> Result<u32> {
    Ok(n)
}
#[step]
async fn pay(n: u64) -> Receipt {
    Ok(n)
}
fn main() {
    let _ = (report::Result::Won, report::Result::Lost, rows::Receipt);
}
// ==== steps in arguments, macros and generated functions
use steadfast::prelude::*;
fn block_on(_: impl Future<Output = ()>) {}
macro_rules! scenario {
    ($name:ident) => {
        fn $name() -> impl Future<Output = ()> {
            #[step]
            async fn charge(n: u64) -> Result<u64> {
                Ok(n)
            }
            #[workflow]
            async fn buy(flow: &mut Flow) -> Result<u64> {
                Ok(charge(flow, 1).await?)
            }
            let _ = Engine::builder().workflow(buy);
            async {}
        }
    };
}
scenario!(first);
scenario!(second);
fn third() {
    block_on(async {
        #[step]
        async fn charge(n: u64) -> Result<u64> {
            Ok(n)
        }
        #[workflow]
        async fn buy(flow: &mut Flow) -> Result<u64> {
            Ok(charge(flow, 1).await?)
        }
        let _ = Engine::builder().workflow(buy);
    });
}
fn fourth() {
    if matches!(1, 1 | 2) {
        #[step]
        async fn charge(n: u64) -> Result<u64> {
            Ok(n)
        }
        #[workflow]
        async fn buy(flow: &mut Flow) -> Result<u64> {
            Ok(charge(flow, 1).await?)
        }
        let _ = Engine::builder().workflow(buy);
    }
}
struct Held<const N: usize>;
impl Held<{ 1 + 1 }> {
    fn number<F>(&self) -> usize
    where
        F: for<'a> Fn(&'a u8),
    {
        2
    }
}
fn main() {
    block_on(first());
    block_on(second());
    third();
    fourth();
    let _ = Held::<2>.number::<fn(&u8)>();
}
// ==== generic helpers over a context
use steadfast::prelude::*;
#[derive(StepContext, Clone)]
struct Order {
    total: u64,
}
async fn begin<C: StepContext>(start: Start<C>, stored: C::Stored) -> Result<Flow<C>> {
    Ok(start.with(stored).await?)
}
async fn again<C: StepContext>(flow: &mut Flow<C>, stored: C::Stored) -> Result<String> {
    flow.set(stored).await?;
    Ok(flow.to_json()?)
}
#[workflow(context = Order)]
async fn buy(start: Start<Order>) -> Result<String> {
    let mut flow = begin(start, Order::builder().total(1).build()).await?;
    again(&mut flow, Order::builder().total(2).build()).await
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== a deprecated input, allowed
#![deny(warnings)]
use steadfast::prelude::*;
#[deprecated]
#[derive(Clone)]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Old(pub u64);
#[allow(deprecated)]
#[workflow]
pub async fn buy(_flow: &mut Flow, input: Old) -> Result<u64> {
    Ok(input.0)
}
fn main() {
    let _ = Engine::builder().workflow(buy);
}
// ==== a step that calls its own function
use steadfast::prelude::*;
#[step]
async fn walk(n: u64) -> Result<u64> {
    if n == 0 {
        return Ok(0);
    }
    let below: std::pin::Pin<Box<dyn Future<Output = Result<u64>> + Send>> = Box::pin(walk::direct(n - 1));
    Ok(1 + below.await?)
}
fn main() {}
