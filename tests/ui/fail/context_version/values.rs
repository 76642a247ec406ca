use steadfast::RecordedFields;
use steadfast::prelude::*;

#[derive(StepContext, Clone)]
#[context(version = 2)]
struct NoFunction {
    total: u64,
}

#[derive(StepContext, Clone)]
#[context(migrate = from_v1)]
struct NoVersion {
    total: u64,
}

#[derive(StepContext, Clone)]
#[context(version = 1, migrate = from_v1)]
struct First {
    total: u64,
}

#[derive(StepContext, Clone)]
#[context(version = 0)]
struct Zero {
    total: u64,
}

#[derive(StepContext, Clone)]
#[context(version = "2", migrate = "from_v1")]
struct Quoted {
    total: u64,
}

fn from_v1(old: &mut RecordedFields) -> Result<()> {
    old.rename("sum", "total");
    Ok(())
}

fn main() {}
