//! The workflow: one turn. It is a sequence with a loop, so it is a function.

use crate::conversation::{Conversation, Speaker};
use crate::model::{SharedModel, Thought, Tool};
use steadfast::prelude::*;

/// The most calls of the model in one turn.
const THOUGHTS: usize = 8;

/// Calls the model. A recorded thought is never billed again.
#[step(retry(attempts = 5, backoff = "200ms"), timeout = "60s")]
pub async fn think(ctx: &Conversation, #[resource] model: &SharedModel, scope: &StepScope) -> Result<Thought> {
    model.think(ctx, &scope.idempotency_key()).await
}

/// Runs the tool that adds numbers.
#[step]
pub async fn calculate(numbers: Vec<i64>) -> Result<String> {
    let sum = numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(*number));
    Ok(sum.map_or_else(|| "too large a number".to_owned(), |sum| sum.to_string()))
}

/// Runs one turn: the input, the thoughts about it, and the answer.
#[workflow(name = "turn", context = Conversation, resources(SharedModel))]
pub async fn turn(start: Start<Conversation>, said: String) -> Result<String> {
    // The first turn begins with an empty context, each later one with that of the previous turn.
    let mut flow = start.with_continued_or(|| Conversation::builder().build()).await?;
    flow.update(|c| c.lines(c.with_line(Speaker::Person, &said))).await?;
    for _ in 0..THOUGHTS {
        match think(&flow).await? {
            Thought::Say(answer) => {
                flow.update(|c| c.turns(c.turns + 1).lines(c.with_line(Speaker::Assistant, &answer))).await?;
                return Ok(answer);
            }
            Thought::Remember { about, fact } => {
                let mut facts = flow.facts.clone();
                facts.insert(about, fact);
                flow.update(|c| c.facts(facts)).await?;
            }
            Thought::Use(Tool::Add(numbers)) => {
                let sum = calculate(&flow, numbers).await?;
                flow.update(|c| c.lines(c.with_line(Speaker::Tool, &sum))).await?;
            }
        }
    }
    Err(Error::msg("the model thinks and thinks, and says nothing"))
}
