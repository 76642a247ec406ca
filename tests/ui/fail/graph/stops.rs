use steadfast::prelude::*;

#[derive(Event)]
struct Page;

struct Differing;

#[workflow]
impl Differing {
    #[step]
    async fn one(_: Begin<()>) -> Result<OneOf<Page, Stop<u32>>> {
        Ok(OneOf::A(Page))
    }

    #[step]
    async fn two(_: Page) -> Result<Stop<String>> {
        Ok(Stop(String::new()))
    }
}

fn main() {}
