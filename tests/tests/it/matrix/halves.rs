//! The graph of the matrix, with a half-done fan-in.

use super::subject::{deed, released};
use steadfast::prelude::*;

#[derive(Event)]
struct Part(String, bool);

#[derive(Event)]
struct Worked(u32);

/// A graph of two parts, the second of which ends when it is released.
pub(crate) struct Halves;

#[workflow(name = "halves")]
impl Halves {
    #[step]
    async fn split(begin: Begin<String>) -> Result<Vec<Part>> {
        Ok(vec![Part(begin.0.clone(), false), Part(begin.0.clone(), true)])
    }

    #[step]
    async fn work(part: Part, scope: &StepScope) -> Result<Worked> {
        deed(&part.0, if part.1 { "second half" } else { "first half" });
        if part.1 {
            released(&part.0, scope).await?;
        }
        Ok(Worked(1))
    }

    #[step]
    async fn join(#[collect] worked: Vec<Worked>) -> Result<Stop<String>> {
        Ok(Stop(format!("{} halves", worked.iter().map(|worked| worked.0).sum::<u32>())))
    }
}

/// The code that is deployed by mistake in place of the graph.
pub(crate) struct HalvesByMistake;

#[workflow(name = "halves")]
impl HalvesByMistake {
    #[step]
    async fn guess(begin: Begin<String>) -> Result<Stop<String>> {
        Ok(Stop(begin.0.clone()))
    }
}
