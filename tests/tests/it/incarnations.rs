//! The idempotency keys of successive runs with the same id: each is another run to the services that it calls.

use crate::flows::{Tally, deed};
use limits::soon;
use std::collections::BTreeSet;
use steadfast::prelude::*;
use steadfast::{ForkPoint, StepScope};

#[step]
async fn charge(scope: &StepScope, tally: String) -> Result<()> {
    deed(&tally, &scope.idempotency_key());
    Ok(())
}

#[workflow]
async fn charges(flow: &mut Flow, (tally, again): (String, bool)) -> Result<()> {
    charge(&*flow, tally.clone()).await?;
    if again {
        return flow.continue_as_new(charges, (tally, false)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_has_another_key_in_every_run_that_has_the_id() {
    let engine = Engine::builder().in_memory().workflow(charges).start().await.unwrap();
    let tally = Tally::new("keys");
    let input = (tally.name().to_owned(), true);
    let run = engine.start(charges, input.clone()).id("r").await.unwrap();
    soon("the end of the run that goes on", run.result()).await.unwrap();
    assert_eq!(tally.all().len(), 2);
    engine.rewind("r", ForkPoint::after_entry(1)).await.unwrap();
    soon("the end of the rewound run", engine.handle(charges, "r").await.unwrap().result()).await.unwrap();
    assert_eq!(tally.all().len(), 3);
    engine.run("r").await.unwrap().delete().await.unwrap();
    let run = engine.start(charges, input).id("r").await.unwrap();
    soon("the end of the run that has the id now", run.result()).await.unwrap();
    let keys = tally.all();
    assert_eq!((keys.len(), keys.iter().collect::<BTreeSet<_>>().len()), (5, 5), "{keys:?}");
}
