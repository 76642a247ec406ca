#![allow(unused)]

use steadfast::prelude::*;

#[derive(Event)]
struct Page(u32);

struct Scan;

#[workflow]
impl Scan {
    #[step(queue = "gpu")]
    async fn scan(begin: Begin<u32>) -> Result<Page> {
        Ok(Page(*begin))
    }

    #[step]
    async fn stop(page: Page) -> Result<Stop<u32>> {
        Ok(Stop(page.0))
    }
}

fn main() {}
