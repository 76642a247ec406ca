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
