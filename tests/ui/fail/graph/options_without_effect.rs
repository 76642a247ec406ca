use steadfast::prelude::*;

#[derive(Event)]
struct Page(String);

#[derive(Event)]
struct Chunk(String);

#[derive(Event)]
struct Tick;

struct Ingest;

#[workflow]
impl Ingest {
    #[step(workers = 4)]
    async fn fetch(_: Begin<()>) -> Result<OneOf<Page, Chunk>> {
        Err(Error::msg("broken"))
    }

    #[step]
    async fn end(_page: Chunk) -> Result<Stop<String>> {
        Ok(Stop("end".into()))
    }

    #[step(catch)]
    async fn failed(_page: Page) -> Result<Stop<String>> {
        Ok(Stop("caught".into()))
    }
}

struct Starts;

#[workflow]
impl Starts {
    #[step]
    async fn begin(#[collect] all: Vec<Begin<u32>>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn failed(#[collect] all: Vec<Caught>) -> Result<Stop> {
        Ok(Stop(()))
    }
}

struct OnTimer;

#[workflow]
impl OnTimer {
    #[step]
    async fn begin(_: Begin<u32>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step(every = "1h", workers = 2)]
    async fn often() -> Result<()> {
        Ok(())
    }

    #[context]
    fn make(input: &u32) -> u32 {
        *input
    }
}

#[step(retry(attempts = 1, backoff = "1s"))]
async fn once() -> Result<()> {
    Ok(())
}

fn main() {}
