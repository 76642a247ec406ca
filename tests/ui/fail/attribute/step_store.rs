#![allow(unused)]

use steadfast::prelude::*;

#[step(store = "")]
async fn empty() -> Result<u32> {
    Ok(1)
}

#[step(store)]
async fn word() -> Result<u32> {
    Ok(1)
}

#[derive(Event)]
struct Page(u32);

struct Scan;

#[workflow]
impl Scan {
    #[step(store = "blobs")]
    async fn scan(begin: Begin<u32>) -> Result<Page> {
        Ok(Page(*begin))
    }

    #[step]
    async fn stop(page: Page) -> Result<Stop<u32>> {
        Ok(Stop(page.0))
    }
}

fn main() {}
