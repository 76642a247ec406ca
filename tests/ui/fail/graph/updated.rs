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

struct NoContext;

#[workflow]
impl NoContext {
    #[step]
    async fn begin(_: Begin<()>) -> Result<(Updated<Tally>, Stop)> {
        Err(Error::msg("never"))
    }
}

struct Setter;

#[workflow(context = Settings)]
impl Setter {
    #[step]
    async fn begin(ctx: &Settings, _: Begin<()>) -> Result<Stop> {
        ctx.limit = 3;
        Ok(Stop(()))
    }
}

struct OtherContext;

#[workflow(context = Settings)]
impl OtherContext {
    #[step]
    async fn begin(ctx: &Settings, _: Begin<()>) -> Result<(Option<Updated<Tally>>, Stop)> {
        Ok((None, Stop(())))
    }
}

fn main() {}
