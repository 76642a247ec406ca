#![allow(unused)]

use steadfast::prelude::*;

#[derive(Debug)]
struct CardError;

#[step]
async fn charge() -> Result<(), CardError> {
    Ok(())
}

#[step]
async fn read() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
