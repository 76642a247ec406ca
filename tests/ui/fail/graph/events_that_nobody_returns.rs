use serde::{Deserialize, Serialize};
use steadfast::prelude::*;

#[derive(Event)]
struct Page;

#[derive(Event)]
struct Chunk;

#[derive(Message, Serialize, Deserialize)]
struct Doubtful;

#[derive(Message, Serialize, Deserialize)]
struct Verdict;

#[derive(Message, Serialize, Deserialize)]
struct Other;

struct Ingest;

#[workflow]
impl Ingest {
    #[step]
    async fn fetch(_: Begin<()>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn split(_: Page) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn join(#[collect] all: Vec<Chunk>) -> Result<Stop> {
        let _ = all;
        Ok(Stop(()))
    }

    #[step]
    async fn decided(_: Answered<Doubtful, Verdict>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn two_answers(_: Answered<Doubtful, Other>) -> Result<Stop> {
        Ok(Stop(()))
    }

    #[step]
    async fn again(_: Caught) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}
