use steadfast::prelude::*;

#[derive(Event)]
struct Page;

struct Two;

#[workflow]
impl Two {
    #[step]
    async fn one(_: Begin<()>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn two(_: Begin<()>) -> Result<Stop> {
        Ok(Stop(()))
    }
}

struct None;

#[workflow]
impl None {
    #[step]
    async fn round(_: Page) -> Result<OneOf<Page, Stop>> {
        Ok(OneOf::A(Page))
    }
}

struct Empty;

#[workflow]
impl Empty {}

fn main() {}
