use steadfast::prelude::*;

#[derive(Event)]
struct Page;

struct Plain;

struct Boxed;

#[workflow]
impl Boxed {
    #[step]
    async fn one(_: Begin<()>) -> Result<Box<dyn std::any::Any + Send>> {
        Ok(Box::new(Page))
    }

    #[step]
    async fn two(_: Page) -> Result<impl Into<Page>> {
        Ok(Page)
    }
}

struct NotEvents;

#[workflow]
impl NotEvents {
    #[step]
    async fn one(_: Begin<()>) -> Result<Plain> {
        Ok(Plain)
    }

    #[step]
    async fn two(_: Plain) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}
