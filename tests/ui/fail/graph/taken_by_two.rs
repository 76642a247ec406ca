use steadfast::prelude::*;

#[derive(Event)]
struct Page;

type Sheet = Page;

mod other {
    #[derive(steadfast::Event)]
    pub struct Page;
}

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(_: Begin<()>) -> Result<(Page, other::Page)> {
        Ok((Page, other::Page))
    }

    #[step]
    async fn split(_: Page) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn count(_: Sheet) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn other(_: other::Page) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}
