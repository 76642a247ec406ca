use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Db;

#[derive(StepContext, Clone)]
struct Order {
    #[context(transient, restore)]
    a: Db,
    #[context(transient, restore = "open_db")]
    b: Db,
    #[context(transient, restore = || async { Ok(Db) })]
    c: Db,
    #[context(transient, restore())]
    d: Db,
    #[context(transient, restore(open_db, before = a))]
    e: Db,
    #[context(transient, restore(open_db, after))]
    f: Db,
    #[context(transient, restore(open_db, after = a, after = b))]
    g: Db,
    #[context(transient, restore(after = a, open_db))]
    h: Db,
}

fn main() {}
