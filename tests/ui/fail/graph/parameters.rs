use steadfast::prelude::*;

#[derive(Event)]
struct Page;

#[derive(Event)]
struct Chunk;

#[derive(StepContext, Clone)]
struct Settings {
    #[context(default)]
    limit: u32,
}

#[derive(StepContext, Clone)]
struct Tally {
    #[context(default)]
    pages: u32,
}

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(ctx: &Settings, _: Begin<()>) -> Result<(Page, Chunk)> {
        let _ = ctx.limit;
        Ok((Page, Chunk))
    }

    #[step]
    async fn both(state: &State<Tally>, page: Page, chunk: Chunk) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn mixed(page: Page, #[collect] chunks: Vec<Chunk>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn never() -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn with_self(&self, page: Page) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step(every = "1h")]
    async fn hourly(page: Page) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step(workers = 0, catch = 0, every = "0s", sends())]
    async fn options(_: Caught) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn diagram(page: Page) -> Result<Stop> {
        Ok(Stop(()))
    }
}

#[step]
async fn alone(#[collect] pages: Vec<u32>) -> Result<()> {
    Ok(())
}

struct Wrong;

#[workflow(context = Settings, state = Tally)]
impl Wrong {
    #[step]
    async fn fetch(_: &Tally, _: Begin<()>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn counts(_: &State<Settings>, #[collect(from = nobody)] _: Vec<Page>) -> Result<(Stop, Page)> {
        Ok((Stop(()), Page))
    }
}

fn main() {}
