use steadfast::prelude::*;

#[derive(Event)]
struct Page;

#[derive(Event)]
struct Chunk;

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(_: Begin<()>) -> Result<OneOf<Page, Stop>> {
        Ok(OneOf::A(Page))
    }

    #[step]
    async fn split(_: Page) -> Result<Vec<Chunk>> {
        Ok(vec![])
    }

    #[step]
    async fn count(_: Chunk) -> Result<()> {
        Ok(())
    }
}

struct Endless;

#[workflow]
impl Endless {
    #[step]
    async fn fetch(_: Begin<()>) -> Result<Page> {
        Ok(Page)
    }

    #[step]
    async fn again(_: Page) -> Result<Page> {
        Ok(Page)
    }
}

fn main() {}
