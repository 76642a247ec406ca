use steadfast::prelude::*;

#[derive(Clone, Default)]
struct Db;

#[derive(StepContext, Clone)]
struct Unknown {
    id: String,
    #[context(transient)]
    database: Db,
    #[context(transient, restore(open, after = databse))]
    index: Db,
    #[context(transient, restore(open, after = id))]
    cache: Db,
    #[context(transient, restore(open, after(database, index, database)))]
    views: Db,
}

#[derive(StepContext, Clone)]
struct Circle {
    #[context(transient, restore(open, after = own))]
    own: Db,
    #[context(transient, restore(open, after = other))]
    waits: Db,
    #[context(transient, restore(open, after(first, index)))]
    db: Db,
    #[context(transient)]
    first: Db,
    #[context(transient, restore(open, after = cache))]
    index: Db,
    #[context(transient, restore(open, after(first, db)))]
    cache: Db,
    #[context(transient, restore(open, after = waits))]
    other: Db,
}

fn main() {}
