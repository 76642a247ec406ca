use steadfast::prelude::*;

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

#[workflow(context = Settings, state = Tally)]
impl Ingest {
    #[step]
    async fn fetch(ctx: &Settings, state: &State<Tally>, _: Begin<()>) -> Result<Stop> {
        ctx.limit = 3;
        state.pages += 1;
        Ok(Stop(()))
    }

    #[step(after = "1s")]
    async fn later(ctx: &mut Settings) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}
