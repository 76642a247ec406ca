use steadfast::prelude::*;

#[derive(Event)]
enum Either {
    One,
    Two,
}

#[derive(Event)]
struct Borrowed<'a>(&'a str);

struct Plain;

#[derive(Event)]
struct Unstorable {
    plain: Plain,
}

#[derive(Event)]
#[event(outside, name = "")]
struct Misspelt {
    #[event(fallback)]
    number: u32,
}

#[derive(Event)]
struct Page;

#[derive(Events)]
enum Several {
    Page { page: Page },
    Two(Page, Page),
}

#[derive(Events)]
struct NoEnum(Page);

fn main() {}
