#![allow(unused)]

use steadfast::RecordedFields;
use steadfast::prelude::*;

#[derive(StepContext, Clone)]
#[context(version = 2, migrate = by_value)]
struct ByValue {
    total: u64,
}

fn by_value(old: RecordedFields) -> Result<()> {
    Ok(())
}

#[derive(StepContext, Clone)]
#[context(version = 2, migrate = asynchronous)]
struct Asynchronous {
    total: u64,
}

async fn asynchronous(old: &mut RecordedFields) -> Result<()> {
    Ok(())
}

#[derive(StepContext, Clone)]
#[context(version = 2, migrate = text)]
struct Text {
    total: u64,
}

fn text(old: &mut RecordedFields) -> Result<(), String> {
    Err("no".into())
}

fn main() {}
