use steadfast::prelude::*;

#[derive(Event)]
struct Page;

#[derive(Event)]
struct Chunk;

#[derive(Event)]
struct Skipped;

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(_: Begin<()>) -> Result<Vec<Page>> {
        Ok(vec![Page])
    }

    #[step]
    async fn split(_: Page) -> Result<OneOf<Chunk, Skipped>> {
        Ok(OneOf::A(Chunk))
    }

    #[step(sends(Skipped))]
    async fn count(_: Chunk) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}
